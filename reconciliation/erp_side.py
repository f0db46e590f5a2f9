"""The ERP's side of a comparison, in our own database or in a system of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from integrations.erp.accounts import INTERIM
from integrations.erp.documents import Changes, LedgerLine, OnHand
from integrations.erp.ledger_lines import gl_balances, page, stock_on_hand
from integrations.erp.port import ErpPort

MOST_DOCUMENTS = 10_000
"""Documents of the ERP read at a time."""


class ErpSide(Protocol):
    """What the ERP holds, read after our own side in the same run."""

    def posted(self, conn: Connection) -> list[LedgerLine]:
        """Every line; of a document that changed while we read, only the later lines."""
        ...

    def on_hand(self, conn: Connection) -> list[OnHand]:
        """What of the returned goods stands where."""
        ...

    def interim_minor(self, conn: Connection) -> dict[str | None, int]:
        """Case -> what is still open on the interim account; zeros left out."""
        ...


@dataclass(frozen=True, slots=True)
class Local:
    """The reference ERP's books as the connection sees them, its own writes included."""

    def posted(self, conn: Connection) -> list[LedgerLine]:
        """As ``ErpSide`` says."""
        return _latest(lambda cursor: page(conn, cursor, MOST_DOCUMENTS, settled=False))

    def on_hand(self, conn: Connection) -> list[OnHand]:
        """As ``ErpSide`` says."""
        return stock_on_hand(conn)

    def interim_minor(self, conn: Connection) -> dict[str | None, int]:
        """As ``ErpSide`` says."""
        return {row["return_id"]: row["balance_minor"] for row in gl_balances(conn)}


@dataclass(frozen=True, slots=True)
class Remote:
    """The books of a system of its own, through the port."""

    erp: ErpPort

    def posted(self, conn: Connection) -> list[LedgerLine]:
        """As ``ErpSide`` says."""
        return _latest(lambda cursor: self.erp.changes(cursor, MOST_DOCUMENTS))

    def on_hand(self, conn: Connection) -> list[OnHand]:
        """As ``ErpSide`` says."""
        return self.erp.on_hand()

    def interim_minor(self, conn: Connection) -> dict[str | None, int]:
        """As ``ErpSide`` says."""
        return self.erp.balances(INTERIM)


LOCAL = Local()


def _latest(read_on: Callable[[str], Changes]) -> list[LedgerLine]:
    documents: dict[str, list[LedgerLine]] = {}
    cursor = ""
    while (changes := read_on(cursor)).lines:
        read: dict[str, list[LedgerLine]] = {}
        for line in changes.lines:
            read.setdefault(line.document, []).append(line)
        documents.update(read)
        cursor = changes.cursor
    return [line for lines in documents.values() for line in lines]
