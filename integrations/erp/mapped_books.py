"""A mapped ERP as the whole port: what its file covers is written there, goods are kept here.

Such a system learns of goods from its own warehouse, so documents that move goods alone are kept
in books of our own (the reference ERP's tables) and never sent. What is written there is booked
here as well, after it was answered: these books say what the other system told us, not what its
clerks did since. Money that a file does not cover is refused: it is never kept here only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Engine

from integrations.erp.alone import alone
from integrations.erp.documents import (
    Changes,
    Closing,
    CreditMemo,
    Document,
    InvoicedLine,
    OnHand,
    Receipt,
    RefurbishCompletion,
    RefurbishOrder,
    Request,
    Rma,
    StockMove,
)
from integrations.erp.mapped import MappedErp
from integrations.erp.one_door import OneDoor
from integrations.erp.port import Rejected, Unavailable, UnknownOutcome, send
from integrations.erp.reference import ReferenceErp

OPERATION_OF: Mapping[type, str] = {Rma: "create_rma", CreditMemo: "post_credit_memo"}
"""What a file may cover."""
KEPT_HERE: tuple[type, ...] = (
    Rma, Receipt, StockMove, RefurbishOrder, RefurbishCompletion, Closing,
)  # fmt: skip
"""Documents without money for anybody outside: kept here where a file does not cover them."""


@dataclass(frozen=True, slots=True)
class MappedBooks(OneDoor):
    """``engine`` is our own database, with the books; ``there`` is the other system."""

    engine: Engine
    there: MappedErp
    books: ReferenceErp = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "books", ReferenceErp(self.engine))

    def post(self, key: str, request: Request, at: datetime) -> Document:
        """Write the request once there, or here; a repeat answers with the first document."""
        if not self._covered(request):
            if not isinstance(request, KEPT_HERE):
                return send(self.there, key, request, at)  # refused, with the reason of the file
            return self.books.post(key, request, at)
        with alone(self.engine, request.return_id):
            written = self._there(key, request, at)
            self.books.post(key, request, at)
        return written

    def _covered(self, request: Request) -> bool:
        return self.there.covers(OPERATION_OF.get(type(request), ""))

    def _there(self, key: str, request: Request, at: datetime) -> Document:
        try:
            return send(self.there, key, request, at)
        except UnknownOutcome as lost:
            written = self.there.document(key)
            if written is None:
                raise Unavailable(f"{key} was not written as far as known: {lost}") from lost
            return replace(written, return_id=request.return_id)

    def document(self, key: str) -> Document | None:
        """The document under a key, with the number of the system that has it.

        Raises ``Unavailable`` where the other system does not answer.
        """
        kept = self.books.document(key)
        if kept is None or not any(
            kept.kind == kind and self.there.covers(name)
            for kind, name in (("rma", "create_rma"), ("credit_memo", "post_credit_memo"))
        ):
            return kept
        return self.there.document(key)

    def changes(self, after: str = "", limit: int = 10_000) -> Changes:
        """Ledger lines of our books: what the other system told us, and the goods."""
        return self.books.changes(after, limit)

    def balances(self, account: str) -> dict[str | None, int]:
        """Balances of our books."""
        return self.books.balances(account)

    def on_hand(self) -> list[OnHand]:
        """Goods of returns by place, item and lot, as our own books have them."""
        return self.books.on_hand()

    def find_invoice_lines(
        self,
        *,
        invoice_id: str | None = None,
        customer_id: str | None = None,
        sku: str | None = None,
        limit: int = 100,
    ) -> list[InvoicedLine]:
        """From the other system where its file covers it and the filters allow, else from what we
        were told."""
        asked = {"invoice_id": invoice_id, "customer_id": customer_id, "sku": sku, "limit": limit}
        if self.there.covers("find_invoice_lines") and (invoice_id or customer_id):
            return self.there.find_invoice_lines(**asked)  # type: ignore[arg-type]
        return self.books.find_invoice_lines(**asked)  # type: ignore[arg-type]

    def checked(self) -> tuple[list[str], list[str]]:
        """Faults (it does not answer, an operation is refused), and what is to be known of it."""
        faults, notes = [], []
        mapping = self.there.mapping
        for operation in mapping.operations.values():
            if operation.guesses and not self.there.allow_guesses:
                faults.append(
                    f"{mapping.title}: {operation.name} is refused because it rests on fields"
                    f" nobody has read about ({', '.join(operation.guesses)}): look, then set"
                    " TRIAGE_ERP_ALLOW_GUESSES=true."
                )
                continue
            try:
                self.there.answers(operation)
            except (Unavailable, Rejected) as error:
                faults.append(f"{operation.path} does not answer as it should: {error}")
        notes.extend(_unverified(self.there))
        return faults, notes


def _unverified(there: MappedErp) -> list[str]:
    mapping, notes = there.mapping, []
    if not mapping.verified_live:
        for one in mapping.operations.values():
            every = (*one.fields, *one.line_fields)
            guessed = f"; guessed: {', '.join(one.guesses)}" if one.guesses else ""
            names = ", ".join(field.theirs for field in every if field.status == "documented")
            read = f"read in documentation: {names}" if names else "none read in documentation"
            notes.append(f"{mapping.title}, {one.name}: no field verified live; {read}{guessed}.")
    for name, why in mapping.not_covered.items():
        notes.append(f"{mapping.title}, {name}: not covered: {why}")
    notes.append(
        f"{mapping.title} is told of returns and credits only: receipts and stock moves are kept"
        " here, its own warehouse posts them; other money is parked for a person."
    )
    return notes
