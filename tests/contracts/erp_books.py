"""An ERP of any make and a look into its ledger, for the suites that hold all to the same."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import pytest
from sqlalchemy import Engine, text

from integrations.erp.documents import Document, LedgerLine, Request
from integrations.erp.fake import FakeErp, FaultyErp, Script
from integrations.erp.port import ErpPort, send
from integrations.erp.reference import ReferenceErp
from integrations.erp.tryton.adapter import TrytonErp
from tests.integrations.erp_requests import AT

NOT_REAL = ["fake", "reference", "faultless"]
_cases = count(1)


def new_case(name: str = "") -> str:
    """A case number that no other test has: they share one database."""
    return f"R-{next(_cases)}-{name or id(object())}"


@dataclass
class Books:
    """An ERP and a look into its general ledger: (account, debits, credits) of a document."""

    erp: ErpPort
    gl: Callable[[str], Sequence[tuple[str, int, int]]]

    def lines(self, case: str) -> list[LedgerLine]:
        found = self.erp.changes("", 1_000_000).lines
        return [line for line in found if line.return_id == case]

    def send_all(self, requests: list[tuple[str, Request]]) -> list[Document]:
        return [send(self.erp, key, request, AT) for key, request in requests]

    def balance(self, case: str) -> dict[str, int]:
        """Account -> debits less credits of a case, accounts at zero left out."""
        total: Counter[str] = Counter()
        for number in {line.document for line in self.lines(case)}:
            for account, debit, credit in self.gl(number):
                total[account] += debit - credit
        return {account: amount for account, amount in total.items() if amount}


def books_of(kind: str, request: pytest.FixtureRequest) -> Iterator[Books]:
    """The ERP of a kind: one of ``NOT_REAL``, or the name of the fixture with a session of it."""
    if kind == "reference":
        engine: Engine = request.getfixturevalue("engine")
        yield Books(ReferenceErp(engine), lambda number: _gl(engine, number))
    elif kind in NOT_REAL:
        fake = FakeErp()
        erp: ErpPort = FaultyErp(fake, Script({})) if kind == "faultless" else fake
        yield Books(erp, lambda number: [entry[:3] for entry in fake.gl[number]])
    else:
        real = TrytonErp(request.getfixturevalue("engine"), request.getfixturevalue(kind))
        yield Books(real, lambda number: [entry[:3] for entry in real.entries(number)])


def _gl(engine: Engine, number: str) -> list[tuple[str, int, int]]:
    query = text(
        "SELECT account, debit_minor, credit_minor FROM erp.gl_line "
        "WHERE number = :number ORDER BY item"
    )
    with engine.connect() as conn:
        return [tuple(row) for row in conn.execute(query, {"number": number})]


def payload(case: str) -> dict[str, object]:
    """A credit of 36.00 as an effect asks for it."""
    return {
        "return_id": case,
        "line": 1,
        "sequence": 1,
        "customer_id": "C-1",
        "sku": "SKU-1",
        "invoice_id": "INV-1",
        "invoice_line": 1,
        "net_minor": 30_00,
        "tax_minor": 6_00,
        "currency": "USD",
        "decision": "full",
        "reason": "defective_on_arrival",
    }
