"""Signed checkpoints tie the streams together: who changes or drops an event breaks one.

A checkpoint holds the Merkle root (RFC 6962 shape) over ``position || hash`` of every event
since the last one, and the last one's hash, signed with Ed25519. An auditor who keeps one
checkpoint outside can prove everything before it. The key is a file of mode 0600.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection, insert, select, text

from journal import tables
from journal.database import raw
from journal.entries import GENESIS, time_text

_LOCK = 0x7472_6961_6763  # any fixed number: one checkpoint at a time


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Covers the events with ``after_position < position <= to_position``."""

    checkpoint_id: int
    after_position: int
    to_position: int
    events: int
    root: bytes
    previous_hash: bytes
    public_key: bytes
    created_at: datetime

    @property
    def hash(self) -> bytes:
        """SHA-256 over every field above, in order."""
        digest = hashlib.sha256(self.previous_hash)
        for number in (self.checkpoint_id, self.after_position, self.to_position, self.events):
            digest.update(number.to_bytes(8, "big"))
        digest.update(self.root + self.public_key + time_text(self.created_at).encode())
        return digest.digest()


class Signer:
    """An Ed25519 key kept in a file."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def at(cls, path: Path) -> "Signer":
        """The key in a file (PEM), made there with mode 0600 if there is none."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
            if not isinstance(loaded, Ed25519PrivateKey):
                raise ValueError(f"{path} holds no Ed25519 key: move it away.") from None
            return cls(loaded)
        key = Ed25519PrivateKey.generate()
        with os.fdopen(descriptor, "wb") as out:
            out.write(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
        return cls(key)

    @property
    def public_key(self) -> bytes:
        """32 raw bytes; publish them to whoever checks."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


class Merkle:
    """The root of leaves given one by one, in memory of the logarithm of their number."""

    def __init__(self) -> None:
        self.leaves = 0
        self._peaks: list[tuple[int, bytes]] = []  # height and hash of full subtrees, left first

    def add(self, position: int, digest: bytes) -> None:
        node = hashlib.sha256(b"\0" + position.to_bytes(8, "big") + digest).digest()
        height = 0
        while self._peaks and self._peaks[-1][0] == height:
            node = _parent(self._peaks.pop()[1], node)
            height += 1
        self._peaks.append((height, node))
        self.leaves += 1

    def root(self) -> bytes:
        """SHA-256 of nothing for no leaves."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        node = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            node = _parent(left, node)
        return node


def _parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def take_checkpoint(conn: Connection, signer: Signer, at: datetime) -> Checkpoint | None:
    """Seal what is new and settled, in the caller's transaction; ``None`` if nothing is."""
    conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    driver = raw(conn)
    settled = driver.execute("SELECT settled_position()").fetchone()
    last = driver.execute(
        "SELECT checkpoint_id, to_position, hash FROM checkpoint ORDER BY 1 DESC LIMIT 1"
    ).fetchone()
    number, after, previous = (last[0], last[1], bytes(last[2])) if last else (0, 0, GENESIS)
    merkle = Merkle()
    to = after
    with driver.cursor(name="unsealed") as cursor:
        cursor.execute(
            "SELECT position, hash FROM event WHERE position > %s AND position <= %s"
            " ORDER BY position",
            (after, settled[0] if settled else 0),
        )
        for position, digest in cursor:
            merkle.add(position, bytes(digest))
            to = position
    if not merkle.leaves:
        return None
    sealed = Checkpoint(
        number + 1, after, to, merkle.leaves, merkle.root(), previous, signer.public_key,
        at.astimezone(UTC),
    )  # fmt: skip
    conn.execute(
        insert(tables.checkpoint).values(
            checkpoint_id=sealed.checkpoint_id,
            after_position=sealed.after_position,
            to_position=sealed.to_position,
            events=sealed.events,
            root=sealed.root,
            previous_hash=sealed.previous_hash,
            hash=sealed.hash,
            public_key=sealed.public_key,
            signature=signer.sign(sealed.hash),
            created_at=sealed.created_at,
        )
    )
    return sealed


def stored_checkpoints(conn: Connection) -> list[tuple[Checkpoint, bytes, bytes]]:
    """Every checkpoint in order, with its hash and signature as stored."""
    table = tables.checkpoint
    found = []
    for row in conn.execute(select(table).order_by(table.c.checkpoint_id)).mappings():
        sealed = Checkpoint(
            row["checkpoint_id"], row["after_position"], row["to_position"], row["events"],
            bytes(row["root"]), bytes(row["previous_hash"]), bytes(row["public_key"]),
            row["created_at"],
        )  # fmt: skip
        found.append((sealed, bytes(row["hash"]), bytes(row["signature"])))
    return found


def faults_of(
    sealed: Checkpoint, stored_hash: bytes, signature: bytes, before: Checkpoint | None
) -> Iterable[str]:
    """What is wrong with a checkpoint itself; its root is checked against the events elsewhere."""
    if sealed.previous_hash != (before.hash if before else GENESIS):
        yield "does not follow the one before it"
    if sealed.after_position != (before.to_position if before else 0):
        yield "leaves events out between the one before it and itself"
    if sealed.hash != stored_hash:
        yield "was changed after it was sealed"
    try:
        Ed25519PublicKey.from_public_bytes(sealed.public_key).verify(signature, stored_hash)
    except (InvalidSignature, ValueError):
        yield "is not signed by its key"
