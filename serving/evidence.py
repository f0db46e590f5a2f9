"""Photos and documents that prove something, kept by the hash of their bytes.

A file is what its bytes say, whatever it is called. The bytes lie in a folder or an object store
and never change; the journal says who brought them, when and under which name. Everything is handed
out as a download that no browser runs.
"""

import hashlib
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import fsspec
import puremagic
from sqlalchemy import Connection

from journal.entries import Append
from journal.journal import Journal
from serving.errors import Invalid
from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.facts import EvidenceStored
from workflow.refused import Refused

IMAGES = ("image/jpeg", "image/png", "image/webp")
KINDS = (*IMAGES, "image/heif", "application/pdf", "text/plain")
"""What is taken. Text covers the logs of temperature recorders."""
BRINGERS = (
    "customer_service", "warehouse", "inspector", "quality", "returns_manager", "finance_clerk",
    "procurement", "service",
)  # fmt: skip
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=86400, immutable",
}
_LOG = Journal()
"""Reads only."""
_ID = re.compile(r"^sha256:[0-9a-f]{64}$")
_SAME = {"image/heic": "image/heif", "image/heic-sequence": "image/heif"}


class EvidenceStore:
    """Bytes by hash. ``address`` is a folder or any fsspec URL; any number of programs share it."""

    def __init__(self, address: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(address)

    def put(self, data: bytes) -> str:
        """Keep the bytes and answer their id; the same bytes are kept once."""
        name = id_of(data)
        target = self._path(name)
        if not self._fs.exists(target):
            self._fs.makedirs(str(PurePosixPath(target).parent), exist_ok=True)
            partial = f"{target}.{os.getpid()}.part"
            self._fs.pipe_file(partial, data)
            self._fs.mv(partial, target)
        return name

    def get(self, name: str) -> bytes:
        """The bytes of an id. ``Refused('evidence_damaged')`` where they are gone or changed."""
        try:
            data = bytes(self._fs.cat_file(self._path(name)))
        except FileNotFoundError:
            data = b""
        if id_of(data) != name:
            raise Refused("evidence_damaged", f"The bytes of {name} are gone or were changed.")
        return data

    def _path(self, name: str) -> str:
        value = name.partition(":")[2]
        return "/".join([self._root.rstrip("/"), value[:2], value])


@dataclass(frozen=True, slots=True)
class Brought:
    """A file as it came in: its bytes and the name its owner gave it."""

    data: bytes
    name: str


def id_of(data: bytes) -> str:
    """``sha256:`` and the hash of the bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def kind_of(data: bytes) -> str:
    """One of ``KINDS``, by the bytes alone. Errors: ``Invalid`` 415 for anything else."""
    if not data:
        raise Invalid("empty_file", "The file is empty; send the photo or document itself.", 422)
    try:
        found = puremagic.from_string(data, mime=True)
    except (puremagic.PureError, ValueError):
        found = ""
    found = _SAME.get(found, found)
    if found not in KINDS and _is_text(data):
        found = "text/plain"
    if found not in KINDS:
        says = f"These bytes look like {found}" if found else "Nobody knows these bytes"
        taken = "JPEG, PNG, WebP, HEIC, PDF and plain text"
        raise Invalid("unsupported_file", f"{says}; evidence is {taken}.", 415)
    return found


def keep(
    conn: Connection,
    journal: Journal,
    store: EvidenceStore,
    file: Brought,
    actor: Actor,
    at: datetime,
) -> EvidenceStored:
    """Keep a file and record who brought it; what is there already is answered as it is.

    Refused: ``wrong_role``. Errors: ``Invalid`` (``empty_file``, ``unsupported_file``).
    """
    require_any_role(actor, BRINGERS, "Bringing evidence")
    kind = kind_of(file.data)
    name = store.put(file.data)
    known = recorded(conn, name)
    if known is not None:
        return known
    said = "".join(c for c in PurePosixPath(file.name.replace("\\", "/")).name if c.isprintable())
    fact = EvidenceStored(name, kind, len(file.data), said[:200], actor.id, at)
    # Two who bring the same bytes at once both record it: the first is what is answered.
    journal.append(conn, [Append(f"evidence/{name}", (fact,), actor, at)])
    return fact


def recorded(conn: Connection, name: str) -> EvidenceStored | None:
    """What is known of a stored file, or ``None``."""
    if not _ID.match(name):
        return None
    entries = _LOG.read_stream(conn, f"evidence/{name}")
    found: EvidenceStored | None = entries[0].event if entries else None
    return found


def shown(conn: Connection, names: Collection[str]) -> list[dict[str, Any]]:
    """References as a page prints them: stored files with name, kind and whether a picture."""
    found: list[dict[str, Any]] = []
    for name in names:
        file = recorded(conn, name)
        told = {"id": name, "stored": file is not None, "picture": False, "says": name, "size": 0}
        if file is not None:
            label = file.name or f"{file.media_type}, {file.evidence_id[7:15]}"
            told |= {"says": label, "picture": file.media_type in IMAGES, "size": file.size}
        found.append(told)
    return found


def check_stored(conn: Connection, names: Sequence[str]) -> None:
    """A reference by hash must be to a file that is here; others belong to other systems.

    Refused: ``unknown_evidence``.
    """
    hashed = [name for name in names if name.startswith("sha256:")]
    if not hashed:
        return
    known = _LOG.known_streams(conn, [f"evidence/{name}" for name in hashed])
    for name in hashed:
        if f"evidence/{name}" not in known:
            raise Refused("unknown_evidence", f"There is no evidence {name}: send the file first.")


def disposition(file: EvidenceStored) -> str:
    """``Content-Disposition``: pictures may be shown in a page of ours, all else is saved."""
    how = "inline" if file.media_type in IMAGES else "attachment"
    return f"{how}; filename*=UTF-8''{quote(file.name or file.evidence_id, safe='')}"


def _is_text(data: bytes) -> bool:
    """UTF-8 without control characters other than line ends and tabs."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\r\n\t" for c in text)
