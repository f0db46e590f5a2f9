"""Files that other systems drop into a folder, each taken once: ``done/`` or ``rejected/``.

Whoever writes a file writes it under another name (``receipts-7.csv.part``) and renames it when it
is whole; only ``*.csv`` is looked at. The name's first word says what it tells. A file with a fault
is rejected whole, with a report that names row and column; a file whose rows were taken goes to
``done/`` with what became of each. The same content again, under whatever name, changes nothing.
"""

import hashlib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import orjson
import structlog
from sqlalchemy import Connection

from journal.alone import alone
from serving.acting import act
from serving.csv_rows import KINDS, FactRow, ReceiptRows, read_sheet
from serving.dropped import waiting
from serving.errors import Invalid
from serving.feed import PREFIX
from serving.http import retrying
from serving.intake import record
from serving.receiving import build_receipt
from serving.wiring import Services
from workflow.actor import Actor
from workflow.refused import Refused

log = structlog.get_logger("serving.drops")
DROPPER = Actor("drop", frozenset({"service", "warehouse"}), "service")
"""Who tells what a file says; a warehouse system may report receipts."""
MOST_BYTES = 20_000_000


@dataclass(slots=True)
class Report:
    """What became of a file: ``status`` is ``done`` or ``rejected``; ``rows`` by row number."""

    file: str
    digest: str
    status: str = "done"
    faults: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    rows: list[dict[str, object]] = field(default_factory=list)
    """Those that were not simply recorded."""


def take_drops(services: Services) -> list[Report]:
    """Take every whole file of the folder, oldest first; nothing where no folder is set.

    One worker at a time; what a crash leaves is taken again from its first row, and known.
    """
    folder = services.settings.drop_dir
    if folder is None or not folder.is_dir():
        return []
    with alone(services.engine, "drops") as held:
        return [_take(services, folder, path) for path in waiting(folder)] if held else []


def _take(services: Services, folder: Path, path: Path) -> Report:
    if path.stat().st_size > MOST_BYTES:
        report = Report(path.name, "", "rejected", [f"A file has at most {MOST_BYTES} bytes."])
    else:
        report = take_file(services, path.name, path.read_bytes())
    _move(folder, path, report)
    log.info("drop taken", file=path.name, status=report.status, counts=report.counts)
    return report


def take_file(services: Services, name: str, data: bytes) -> Report:
    """Take the content of one file; the folder is not touched."""
    report = Report(name, hashlib.sha256(data).hexdigest())
    kind = next((k for k in sorted(KINDS, key=len, reverse=True) if _is_of(name, k)), None)
    if kind is None:
        report.faults.append(f"The name begins with one of {', '.join(KINDS)}.")
    else:
        sheet = read_sheet(kind, data, services.clock())
        report.faults += [str(fault) for fault in sheet.faults]
    if kind is None or report.faults:
        report.status = "rejected"
        return report
    for row in sheet.facts:
        _note(report, row.row, _tell(services, report, row))
    for receipt in sheet.receipts:
        _note(report, receipt.row, _receive(services, receipt))
    if report.counts.get("refused"):
        report.status = "rejected"
    return report


def _is_of(name: str, kind: str) -> bool:
    """``lots.csv``, ``lots-2026.csv`` and ``lots_3.csv`` are of the kind ``lots``."""
    rest = name.lower().removeprefix(kind)
    return rest != name.lower() and rest[:1] in (".", "-", "_")


def _note(report: Report, row: int, told: dict[str, object]) -> None:
    status = str(told.get("status", "refused"))
    report.counts[status] = report.counts.get(status, 0) + 1
    if status not in ("recorded", "received"):
        report.rows.append({"row": row, **told})


def _tell(services: Services, report: Report, row: FactRow) -> dict[str, object]:
    """A row by content of its file and number: the same file under another name is known."""
    event = {
        "specversion": "1.0",
        "id": f"{report.digest[:32]}-{row.row}",
        "source": f"/drop/{row.name}",
        "type": PREFIX + row.name,
        "data": row.data,
    }
    told = record(services, DROPPER, event)
    told.pop("id")
    return told


def _receive(services: Services, receipt: ReceiptRows) -> dict[str, object]:
    """One receipt; it is known by its own number, in whatever file it comes again."""
    try:
        retrying(services.engine, partial(_received, services, receipt))
    except Refused as no:
        if no.code == "already_decided":
            return {"status": "repeated"}
        return {"status": "refused", "code": no.code, "says": no.message}
    except Invalid as error:
        return {"status": "refused", "code": error.code, "says": error.message}
    return {"status": "received"}


def _received(services: Services, receipt: ReceiptRows, conn: Connection) -> None:
    command = build_receipt(conn, receipt.shape, DROPPER, services.clock())
    act(services.cases, services.assessor, conn, receipt.return_id, command)


def _move(folder: Path, path: Path, report: Report) -> None:
    """Out of the way, with its report beside it; a file of the same name is never overwritten."""
    target = folder / report.status
    target.mkdir(exist_ok=True)
    name = f"{report.digest[:12] or 'unread'}-{path.name}"
    written = {
        "file": report.file,
        "sha256": report.digest,
        "status": report.status,
        "faults": report.faults,
        "counts": report.counts,
        "rows": report.rows,
    }
    (target / f"{name}.report.json").write_bytes(orjson.dumps(written, option=orjson.OPT_INDENT_2))
    path.replace(target / name)
