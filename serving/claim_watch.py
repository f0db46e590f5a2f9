"""Once a night: windows of suppliers that close soon become somebody's task."""

from sqlalchemy import Connection

from journal.alarms import raise_alarm
from reconciliation.reconcile import reconcile
from serving.http import retrying
from serving.wiring import Services
from workflow.claim import end_of
from workflow.facts import ExceptionRaised

CODES = ("R12", "R13")


def watch_windows(services: Services) -> int:
    """Raise R13 before a window closes and R12 after it; procurement is told of each R13 that is
    new, due at the end of the window's last day. Answers how many exceptions."""
    return len(retrying(services.engine, lambda conn: _watch(services, conn)))


def _watch(services: Services, conn: Connection) -> list[ExceptionRaised]:
    now, ranker = services.clock(), services.shelf.get("exception_rank")
    found = reconcile(
        services.journal, conn, now, rank=ranker.model, ref=ranker.ref, codes=CODES,
        erp=services.erp_side,
    )  # fmt: skip
    for raised in found:
        if raised.code == "R13" and raised.due_on is not None:
            raise_alarm(
                services.journal,
                conn,
                kind="claim_window",
                subject=raised.exception_id.replace(":", "."),
                says=raised.says,
                role="procurement",
                at=now,
                figures=(("exposure_minor", float(raised.exposure_minor)),),
                due_at=end_of(raised.due_on),
            )
    return found
