"""Our key as another system's field can hold it: its case, its characters, its length.

Where the field cannot hold the key itself, as much of it as fits stands there for people, and after
it a part of its SHA-256, so that two keys never become one.
"""

import hashlib
import re

FORMS = ("as_is", "upper", "word")
"""``upper``: the field keeps capitals only; ``word``: letters, digits, ``_`` and ``-``."""
_MARK = 16
_NO_WORD = re.compile(r"[^A-Za-z0-9_-]")


def key_there(key: str, form: str, most: int) -> str:
    """The key in a form, in at most ``most`` characters (0: as long as it is)."""
    told = key
    if form == "upper":
        told = key.upper()
    elif form == "word":
        told = _NO_WORD.sub("_", key)
    if told == key and (not most or len(key) <= most):
        return key
    mark = hashlib.sha256(key.encode()).hexdigest()[:_MARK]
    if form == "upper":
        mark = mark.upper()
    room = most - _MARK - 1 if most else len(told)
    return f"{told[:room]}-{mark}"
