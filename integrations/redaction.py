"""What is kept of an exchange for people to look at holds no secret."""

import re
from collections.abc import Iterable

GONE = "[removed]"
_SHAPED = re.compile(
    r"whsec_[A-Za-z0-9+/=_-]+"  # a webhook's secret
    r"|trk_[A-Za-z0-9_-]+"  # a key of our own API
    r"|v1,[A-Za-z0-9+/]{20,}={0,2}"  # a webhook's signature
    r"|(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"  # a JSON web token
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_NAMED = re.compile(
    r"""(?ix)
    ( (?: (?<![a-z])pass | passw(?:or)?d | passphrase | (?<![a-z])pwd | secret | token
        | api[_-]?key | access[_-]?key | authorization | cookie | session(?:_?id)?
        | (?<![a-z])sig | signature )
      ["']? \s* [:=] \s* )
    ( \[removed\] | "(?:[^"\\]|\\.)*(?:"|\Z) | '(?:[^'\\]|\\.)*(?:'|\Z)
      | (?: (?:bearer|basic|digest|session|token|apikey) [ ]+ )? [^"'\s,;&}\])]+ )
    """
)
"""A name that says what follows is secret; quoted, the whole of it is."""
_IN_URL = re.compile(r"(?<=://)[^/\s@]+@")


def redacted(text: str, known: Iterable[str] = ()) -> str:
    """The text without the ``known`` secrets, and without whatever has a secret's shape or name."""
    for secret in known:
        if secret:
            text = text.replace(secret, GONE)
    text = _SHAPED.sub(GONE, text)
    return _NAMED.sub(_without_value, _IN_URL.sub(f"{GONE}@", text))


def _without_value(found: re.Match[str]) -> str:
    name, value = found.groups()
    quote = value[0] if value[0] in "\"'" else ""
    return f"{name}{quote}{GONE}{quote}"
