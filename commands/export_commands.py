"""``triage export``: the journal as records for authorities, process mining and auditors."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from commands.setup import fail, services

if TYPE_CHECKING:
    from insights.traceability import Kde

app = typer.Typer()


class Log(StrEnum):
    """What can be exported, and so the name of the file where none is given."""

    OCEL = "ocel"
    KDE = "kde"
    AUDIT = "audit"


class Form(StrEnum):
    CSV = "csv"
    EPCIS = "epcis"


Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@app.command()
def export(
    what: Annotated[Log, typer.Argument(help="Which log or records.")],
    out: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    since: Day = None,
    until: Day = None,
    form: Annotated[Form, typer.Option("--format", help="Of kde.")] = Form.CSV,
    base_uri: Annotated[
        str, typer.Option(help="Of epcis: the company's own, which names items and places.")
    ] = "urn:returns-triage",
) -> None:
    """Write traceability records (kde), an event log (ocel) or the journal's hashes (audit).

    Days are UTC, --until is not included; they bound kde only.
    """
    from insights import audit, ocel
    from insights.traceability import TYPES, records
    from journal.database import raw
    from journal.walk import walk_positions

    if what is not Log.KDE and (since or until or form is not Form.CSV):
        fail(f"--since, --until and --format belong to kde; {what} is always whole.")
    target = out or Path(what + {"ocel": ".json", "audit": ".jsonl"}.get(what, _ending(form)))
    days = [day.replace(tzinfo=UTC) if day else None for day in (since, until)]
    types = TYPES if what is Log.KDE else None
    with services() as wired, wired.engine.connect() as conn:
        entries = walk_positions(raw(conn), types)
        if what is Log.AUDIT:
            pieces: Iterable[bytes] = audit.lines(entries)
        elif what is Log.OCEL:
            pieces = ocel.chunks(entries)
        else:
            pieces = _traceability(records(entries, *days), form, base_uri)
        size, digest = _write(target, pieces)
    typer.echo(f"{target}: {size} bytes, sha256 {digest}, {datetime.now(UTC):%Y-%m-%d}.")


def _ending(form: Form) -> str:
    return ".csv" if form is Form.CSV else ".epcis.json"


def _write(target: Path, pieces: Iterable[bytes]) -> tuple[int, str]:
    """Whole or not at all: a half file under the name would pass for the records."""
    half = target.with_name(f".{target.name}.half")
    digest, size = hashlib.sha256(), 0
    try:
        with half.open("wb") as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                size += len(piece)
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
    return size, digest.hexdigest()


def _traceability(found: Iterable["Kde"], form: Form, base: str) -> Iterator[bytes]:
    """The records as asked for; on stderr how many lack an element, which authorities ask about."""
    from insights import epcis, spreadsheet

    counted = _Counted(found)
    if form is Form.EPCIS:
        yield orjson.dumps(epcis.document(counted, datetime.now(UTC), base))
    else:
        yield from spreadsheet.lines(counted)
    typer.echo(
        f"{counted.records} records, {counted.lacking} lack an element (column missing).", err=True
    )


class _Counted:
    def __init__(self, found: Iterable["Kde"]) -> None:
        self._found, self.records, self.lacking = found, 0, 0

    def __iter__(self) -> Iterator["Kde"]:
        for record in self._found:
            self.records += 1
            self.lacking += bool(record.missing)
            yield record
