"""Secrets that must be readable again: encrypted at rest under a key that is not in the database.

Keys of our own API are kept as hashes (``accounts.py``); what signs messages to others cannot be.
"""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Unreadable(Exception):
    """Sealed under a key that this process does not have."""


class Sealer:
    """Encrypts with the first of its keys, and opens what any of them sealed (Fernet)."""

    def __init__(self, keys: str) -> None:
        """``keys``: 32 random bytes in URL-safe base64; several, newest first, by commas.

        Errors: ``ValueError``.
        """
        self._fernet = MultiFernet([Fernet(key.strip()) for key in keys.split(",")])

    @classmethod
    def at(cls, path: Path) -> "Sealer":
        """Under the key in a file, made there with mode 0600 if there is none."""
        if not path.exists():
            _make(path)
        return cls(path.read_text("ascii").strip())

    def seal(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def unseal(self, sealed: bytes) -> str:
        """Errors: ``Unreadable``."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise Unreadable(
                "A secret was sealed under another key: give all servers and workers the same"
                " TRIAGE_SECRET_KEY, or the same secrets.key below TRIAGE_STATE_DIR."
            ) from error


def _make(path: Path) -> None:
    """Write a new key file whole or not at all; who comes second keeps the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, made = mkstemp(dir=path.parent)  # of mode 0600
    with os.fdopen(descriptor, "wb") as out:
        out.write(Fernet.generate_key() + b"\n")
    with suppress(FileExistsError):
        path.hardlink_to(made)
    Path(made).unlink()
