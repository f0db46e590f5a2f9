"""What a recall reaches when it is opened: returns on their way, in the warehouse, and after."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from journal import lookups
from journal.alarms import raise_alarm
from journal.journal import Journal
from serving.cases import Cases
from workflow.actor import SYSTEM
from workflow.commands import ReportRecall
from workflow.events import RecallReached
from workflow.facts import RecallOpened

PASSED_ON = frozenset({"restock", "refurbish", "donate", "return_to_customer"})
"""Dispositions after which somebody else may get the goods."""
QUOTED = 20
"""Portions that the alarm names; the cases' timelines hold all."""


def reach(
    cases: Cases, journal: Journal, conn: Connection, recall: RecallOpened, at: datetime
) -> int:
    """Tell every return with the item; answers how many lines and portions the recall covers.

    One alarm for quality names what was passed on already. Told again, nothing happens twice.
    """
    command = ReportRecall(recall.recall_id, recall.sku, recall.lots, SYSTEM, at)
    found: list[RecallReached] = []
    for return_id in lookups.returns_with(conn, recall.sku):
        handled = cases.handle(conn, return_id, command)
        events = (entry.event for entry in handled.recorded)
        found += [event for event in events if isinstance(event, RecallReached)]
    gone = [e for e in found if any(part.disposition in PASSED_ON for part in e.passed_on)]
    if gone:
        raise_alarm(
            journal,
            conn,
            kind="recalled_goods_passed_on",
            subject=recall.recall_id,
            says=_says(recall, gone),
            role="quality",
            at=at,
            figures=(("portions", float(len(gone))),),
        )
    return len(found)


def _says(recall: RecallOpened, gone: Sequence[RecallReached]) -> str:
    named = [
        f"{event.return_id} portion {event.portion}"
        f" (lot {event.lot or 'not known'}: "
        + ", ".join(f"{part.quantity:f} {part.disposition}" for part in event.passed_on)
        + ")"
        for event in gone[:QUOTED]
    ]
    more = f" and {len(gone) - QUOTED} more" if len(gone) > QUOTED else ""
    return (
        f"Recall {recall.recall_id} of {recall.sku} covers goods that came back and were passed on:"
        f" {'; '.join(named)}{more}. Block what is in stock, and tell whoever has the rest."
    )
