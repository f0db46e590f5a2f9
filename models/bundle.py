"""A model as a folder of data, sealed: what is loaded is byte for byte what was promoted.

A bundle holds ``card.json``, ``metrics.json``, the files that the model's own ``save`` wrote
(LightGBM text, ONNX, npz, ``calibration.json``) and ``SHA256SUMS`` over all of them. Nothing in
it is ever executed: no pickle, no code.
"""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from models.folder import read_json, write_json
from models.protocol import Card, Column, Model

SUMS = "SHA256SUMS"
CARD = "card.json"
METRICS = "metrics.json"
EVIDENCE = "evidence.json"
"""What a model said of cases it was not trained on, and whether people agreed; may be absent."""

KINDS: Mapping[str, str] = {
    "reason": "models.reason.model",
    "disposition": "models.disposition.model",
    "credit_anomaly": "models.credit_anomaly.model",
    "exception_rank": "models.exception_rank.model",
}
"""Card name -> module whose ``load(folder, card)`` builds the model; imported when first used."""


class Mismatch(Exception):
    """A bundle is not what it should be; names the file. The model must not answer."""


def write(folder: Path, card: Card, files: Mapping[str, bytes | Path] | None = None) -> str:
    """Seal a folder as a bundle and answer its digest.

    ``files`` are added by name: bytes are written, a path is hard-linked (copied across disks).
    Files that are there already, as a model's ``save`` left them, are kept and sealed too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (files or {}).items():
        _add(folder / _plain(name), content)
    write_json(folder / CARD, asdict(card))
    write_json(folder / METRICS, dict(card.metrics))
    lines = [
        f"{file_digest(path)}  {path.name}\n"
        for path in sorted(folder.iterdir())
        if path.name != SUMS
    ]
    (folder / SUMS).write_text("".join(lines))
    return digest(folder)


def digest(folder: Path) -> str:
    """``sha256:…`` of the sums, so of every byte; a ``Mismatch`` where there are none."""
    sums = folder / SUMS
    if not sums.is_file():
        raise Mismatch(f"{folder} is not a bundle: {SUMS} is missing.")
    return f"sha256:{hashlib.sha256(sums.read_bytes()).hexdigest()}"


def verify(folder: Path) -> dict[str, str]:
    """Check every byte and answer file name -> SHA-256.

    Errors: ``Mismatch`` for a file that is missing, changed or not listed, and says which.
    """
    digest(folder)
    listed = parse_sums((folder / SUMS).read_text())
    for name, expected in listed.items():
        path = folder / name
        if not path.is_file():
            raise Mismatch(f"{name} is missing from the bundle {folder}.")
        if file_digest(path) != expected:
            raise Mismatch(f"{name} in the bundle {folder} is not the file that was sealed.")
    extra = {path.name for path in folder.iterdir()} - set(listed) - {SUMS}
    if extra:
        raise Mismatch(f"{', '.join(sorted(extra))} in the bundle {folder} was not sealed with it.")
    for name in (CARD, METRICS):
        if name not in listed:
            raise Mismatch(f"{name} is missing from the bundle {folder}.")
    return listed


def load(folder: Path) -> Model:
    """Verify a bundle and build its model.

    Errors: ``Mismatch`` for a broken seal, a card of an unknown kind or from another version of
    this program, or files that the model cannot read.
    """
    verify(folder)
    card = read_card(folder)
    module = KINDS.get(card.name)
    if module is None:
        raise Mismatch(f"{CARD} in {folder} names {card.name!r}; known are {', '.join(KINDS)}.")
    try:
        return cast(Model, import_module(module).load(folder, card))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Mismatch(f"The {card.name} bundle {folder} cannot be read: {error!r}.") from error


def read_card(folder: Path) -> Card:
    """The card alone, without verifying or loading anything else."""
    try:
        return card_of(read_json(folder / CARD))
    except (OSError, ValueError) as error:
        raise Mismatch(f"{CARD} in {folder} cannot be read: {error}.") from error


def card_of(data: Mapping[str, Any]) -> Card:
    """The card that ``card.json`` holds; a ``ValueError`` names fields missing or unknown."""
    known = {field.name for field in fields(Card)}
    if set(data) != known:
        raise ValueError(f"fields missing or unknown: {', '.join(sorted(known ^ set(data)))}")
    reads = tuple(Column(**column) for column in data["reads"])
    return Card(**{**data, "reads": reads, "says": tuple(data["says"])})


def parse_sums(text: str) -> dict[str, str]:
    """File name -> SHA-256 of a ``SHA256SUMS``; a ``Mismatch`` names the line that is not one."""
    sums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        checksum, _, name = line.partition("  ")
        if len(checksum) != 64 or set(checksum) - set("0123456789abcdef") or name in sums:
            raise Mismatch(f"Line {number} of {SUMS} is not a checksum and a new file name.")
        sums[_plain(name)] = checksum
    return sums


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def link_or_copy(source: Path, target: Path) -> None:
    """One file under a second name: a hard link where the disk allows it."""
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def _add(target: Path, content: bytes | Path) -> None:
    if isinstance(content, bytes):
        target.unlink(missing_ok=True)  # never write through a hard link into the store
        target.write_bytes(content)
    elif content.resolve() != target.resolve():
        link_or_copy(content, target)


def _plain(name: str) -> str:
    # A bundle may come from elsewhere: its names must not lead out of its folder.
    if not name or name != Path(name).name or name in (".", "..", SUMS) or "\\" in name:
        raise Mismatch(f"{name!r} is not a plain file name; a bundle has no folders inside.")
    return name
