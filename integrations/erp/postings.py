"""What a case should come to in the general ledger: its effects, booked in the order asked.

The same posting rules as the ERP's own (``booking.py``), so that the lines a case will post are
known before it posts them, and what is still open on the interim account can be seen.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.erp.accounts import ACCOUNTS, INTERIM
from integrations.erp.booking import GlEntry, Standing, book
from integrations.erp.port import Rejected
from integrations.perform import request_of


@dataclass(frozen=True, slots=True)
class Posting:
    """The ledger lines of one effect. ``fault`` says why it cannot be booked as it stands.

    ``status`` is the effect's (``done`` once the ERP has it); ``document`` its number there.
    """

    key: str
    kind: str
    status: str
    document: str | None
    entries: tuple[GlEntry, ...]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """Debits less credits of an account, in minor units: of all effects, and of those done."""

    account: str
    says: str
    expected_minor: int
    posted_minor: int


def postings(effects: Iterable[Mapping[str, Any]]) -> list[Posting]:
    """One a document asked of the ERP, in the order asked; those that post nothing too.

    ``effects`` are rows of the outbox with ``key``, ``kind``, ``return_id``, ``payload``,
    ``status`` and ``reference``; questions to our own models are passed over.
    """
    standing, found = Standing(), []
    for effect in effects:
        if not effect["kind"].startswith("erp."):
            continue
        entries, fault = tuple[GlEntry, ...](), None
        try:
            request = request_of(
                effect["kind"], effect["key"], effect["return_id"], effect["payload"]
            )
            booking = book(request, standing)
            standing, entries = booking.standing, booking.gl
        except Rejected as no:
            fault = no.message
        found.append(
            Posting(
                effect["key"],
                effect["kind"],
                effect["status"],
                effect["reference"],
                entries,
                fault,
            )
        )
    return found


def balances(found: Iterable[Posting]) -> list[Balance]:
    """Every account touched, in the order of ``accounts.ACCOUNTS``; the interim one always."""
    expected: dict[str, int] = defaultdict(int)
    posted: dict[str, int] = defaultdict(int)
    for posting in found:
        for entry in posting.entries:
            amount = entry.debit_minor - entry.credit_minor
            expected[entry.account] += amount
            if posting.status == "done":
                posted[entry.account] += amount
    return [
        Balance(account, says, expected[account], posted[account])
        for account, says in ACCOUNTS.items()
        if account in expected or account == INTERIM
    ]
