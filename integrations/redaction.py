"""What is kept of an exchange for people to look at holds no secret."""

import re
from collections.abc import Iterable

GONE = "[removed]"
_SHAPED = re.compile(
    r"whsec_[A-Za-z0-9+/=_-]+"  # a webhook's secret
    r"|trk_[A-Za-z0-9_-]+"  # a key of our own API
    r"|v1,[A-Za-z0-9+/]{20,}={0,2}"  # a webhook's signature
    r"|(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"
    r"|eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"  # a JSON web token
)
_NAMED = re.compile(
    r"(?i)([\"']?(?:pass(?:word|wd)?|secret|token|api[_-]?key|authorization|session(?:_id)?)[\"']?"
    r"\s*[:=]\s*[\"']?)([^\"'\s,;&}\])]+)"
)
_IN_URL = re.compile(r"(?<=://)[^/\s@]+@")


def redacted(text: str, known: Iterable[str] = ()) -> str:
    """The text without the ``known`` secrets, and without whatever has a secret's shape or name."""
    for secret in known:
        if secret:
            text = text.replace(secret, GONE)
    text = _SHAPED.sub(GONE, text)
    return _NAMED.sub(rf"\g<1>{GONE}", _IN_URL.sub(f"{GONE}@", text))
