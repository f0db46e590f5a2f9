"""Standard Webhooks: secrets, and the three headers that prove who sent a message and when.

Symmetric signatures, version ``v1``: base64 of HMAC-SHA256 over ``id.timestamp.body``. While a
secret is being replaced, both sign, and the header carries both signatures.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32
"""The specification asks for 24 to 64 random bytes."""


def new_secret() -> str:
    """A secret as receivers keep it: ``whsec_`` and base64 of random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, at: datetime, body: bytes) -> str:
    """One signature, ``v1,...``; ``at`` in whole seconds, as the timestamp header says it."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{int(at.timestamp())}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def headers(keys: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of one message, signed with every secret in ``keys``.

    ``message_id`` is the same at every attempt, so that receivers know a repetition; ``at`` is
    the time of the attempt, so that nobody can send it again later.
    """
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signature(key, message_id, at, body) for key in keys),
    }
