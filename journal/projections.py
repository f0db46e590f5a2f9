"""Recorded events become read models, in the transaction that recorded them.

Grouped by kind so that a batch costs few statements: masters first, then documents, then
cases, then findings. That order is safe because causes never run backwards: a case may read
an invoice recorded in the same batch, an invoice never reads a case. Ledgers move last, once.
"""

from collections.abc import Sequence

from psycopg.errors import CheckViolation
from sqlalchemy import Connection

from journal.database import raw
from journal.entries import LedgerViolation, Recorded
from journal.ledgers import Movements, move
from journal.projections_cases import project_cases
from journal.projections_documents import project_documents
from journal.projections_findings import project_findings
from journal.projections_masters import project_masters


def project(conn: Connection, entries: Sequence[Recorded]) -> None:
    """Bring every read model and both ledgers up to these entries.

    Errors: ``LedgerViolation``, after which the transaction must be rolled back.
    """
    driver = raw(conn)
    movements = Movements()
    by_type: dict[str, list[Recorded]] = {}
    for entry in entries:
        by_type.setdefault(entry.type, []).append(entry)
    try:
        project_masters(driver, by_type)
        project_documents(driver, by_type, movements)
        project_cases(driver, entries, movements)
        move(driver, movements)
        project_findings(driver, by_type)
    except CheckViolation as error:
        raise _ledger_violation(error) from error


def _ledger_violation(error: CheckViolation) -> Exception:
    """The ledger's own words for what a CHECK constraint caught; other checks stay as they are."""
    name = error.diag.constraint_name or ""
    code = name.removeprefix("ck_invoice_line_").replace("over_freight", "over_credit")
    if code not in ("over_return", "over_credit"):
        return error
    return LedgerViolation(code, f"The ledger refuses: {error.diag.message_detail or error}")
