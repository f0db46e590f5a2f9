"""``ErpPort`` on Tryton: checked and valued as in ``booking.py``, written there, read back here.

The rules of a case (what is in returns, one currency, closed is closed) and what a document does to
the ledger are the same as for every other ERP behind the port; the system keeps none of them, so
they are asked before anything is written. Goods and money are then written as its own documents.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Engine

from integrations.erp.booking import KIND_OF, PREFIX_OF, GlEntry, book, fingerprint
from integrations.erp.documents import (
    Changes,
    ClaimSettlement,
    Document,
    InvoicedLine,
    OnHand,
    Receipt,
    Request,
    StockMove,
    SupplierClaim,
)
from integrations.erp.one_door import OneDoor, filters, repeated
from integrations.erp.port import Rejected, Unavailable, UnknownOutcome
from integrations.erp.stock import on_hand
from integrations.erp.tryton import shelves, unpaid_returns, watching
from integrations.erp.tryton.invoices import Invoices
from integrations.erp.tryton.keys import CaseKeys, Entry, cases_by_paper, entry_of, filed, locked
from integrations.erp.tryton.mapping import ErpMap, load_map
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.money import BOOKED, booked_minor
from integrations.erp.tryton.papers import Clerk, Known
from integrations.erp.tryton.rpc import Rpc
from integrations.erp.tryton.stepping import Paper, Stepper, Written

NUMBER_OF: dict[tuple[str, str], str] = {
    ("stock_move", "stock.shipment.out"): "SO",
    ("stock_move", "stock.shipment.out.return"): "SR",
    ("supplier_claim", "purchase.purchase"): "PR",
    ("claim_settlement", "account.invoice"): "CN",
}
"""Kinds whose papers are of several models, each with numbers of its own."""


@dataclass(frozen=True, slots=True)
class TrytonErp(OneDoor):
    """``engine`` is our own database, where the keys are kept (schema ``erp_link``).

    ``patience_seconds``: how long what was asked may still come to pass after its answer was lost;
    until then the key is ``Unavailable``.
    """

    engine: Engine
    rpc: Rpc
    map: ErpMap = field(default_factory=load_map)
    patience_seconds: float = 10.0
    masters: Masters = field(init=False)
    invoices: Invoices = field(init=False)

    def __post_init__(self) -> None:
        masters = Masters(self.rpc, self.map)
        object.__setattr__(self, "masters", masters)
        object.__setattr__(self, "invoices", Invoices(masters))

    def post(self, key: str, request: Request, at: datetime) -> Document:
        """Write the request once; a repeat answers with the first document."""
        digest = fingerprint(request)
        with locked(self.engine, request.return_id) as keys:
            known = keys.entry(key)
            if known is not None:
                document = repeated(known.document, known.fingerprint, digest)
                if document.number:
                    return document
                self._wait_for(known)
            return self._write(keys, key, request, at, digest)

    def _wait_for(self, known: Entry) -> None:
        waited = known.waiting_seconds
        if waited is not None and waited < self.patience_seconds:
            raise Unavailable(
                f"{known.document.key}: an answer was lost {waited:.0f} s ago; what was asked may "
                f"still come to pass for {self.patience_seconds:.0f} s."
            )

    def _write(
        self, keys: CaseKeys, key: str, request: Request, at: datetime, digest: str
    ) -> Document:
        booking = book(request, keys.standing(request.return_id))
        clerk = Clerk(self.masters, self.invoices)
        known = self._known(keys, request)
        papers = clerk.papers(key, request, booking, known)
        asked = Document("", key, KIND_OF[type(request)], request.return_id, at)
        attempt = keys.begin(asked, digest)
        if attempt is None:
            raise self._reused(keys, key, digest)
        stepper = Stepper(self.rpc, self.masters.company().id, lambda: keys.mine(key, attempt))
        after = partial(self._afterwards, stepper, key, request, known)
        written = _all(keys, asked, attempt, stepper, papers, after)
        document = replace(asked, number=_number(asked, written))
        filed_papers = [(paper.model, paper.id) for paper in written]
        with keys.transaction():
            keys.finish(document, filed_papers, booking.details, booking.standing)
            watching.note(keys.connection, document, booking.details)
        return document

    def _afterwards(self, stepper: Stepper, key: str, request: Request, known: Known) -> None:
        """What is no paper: a purchase return that stays unpaid is closed."""
        if (
            isinstance(request, ClaimSettlement)
            and request.outcome == "written_off"
            and known.bought
        ):
            unpaid_returns.close(self.masters, stepper, key, request, known.bought)

    def _reused(self, keys: CaseKeys, key: str, digest: str) -> Exception:
        """Another case, or another worker, has the key since we looked."""
        other = keys.entry(key)
        if other is not None and other.fingerprint != digest:
            return Rejected("key_reused", f"The key {key} is used for other content.")
        return Unavailable(f"Another worker is writing {key}.")

    def _known(self, keys: CaseKeys, request: Request) -> Known:
        """The customer and the lines of the return order, for goods of a case that has one."""
        if isinstance(request, SupplierClaim):
            return Known(left_from=_left_from(keys, request))
        if isinstance(request, ClaimSettlement):
            return Known(bought=self._bought(keys, request))
        if not isinstance(request, Receipt | StockMove):
            return Known()
        for done in filed(keys.connection, "return_id", [request.return_id]):
            if done.document.kind == "rma":
                order = done.papers[0][1]
                row = self.rpc.read("model.sale.sale.read", [order], ["lines"])[0]
                lines = [line["line"] for line in done.details["rma_line"]]
                return Known(
                    done.details["rma"][0]["customer_id"],
                    dict(zip(lines, sorted(row["lines"]), strict=False)),
                )
        return Known()

    def _bought(self, keys: CaseKeys, settled: ClaimSettlement) -> int | None:
        """The line of the purchase return that the settled claim made, where goods went back."""
        for done in filed(keys.connection, "return_id", [settled.return_id]):
            for claim in done.details.get("supplier_claim", ()):
                same = (claim["line"], claim["portion"]) == (settled.line, settled.portion)
                model, record = done.papers[0]
                if same and model == "purchase.purchase":
                    row = self.rpc.read(f"model.{model}.read", [record], ["lines"])[0]
                    line: int = row["lines"][0]
                    return line
        return None

    def document(self, key: str) -> Document | None:
        """The document written under a key, or ``None``."""
        with self.engine.connect() as conn:
            known = entry_of(conn, key)
        if known is None or not known.document.number:
            return None
        return replace(known.document, repeated=True)

    def changes(self, after: str = "", limit: int = 10_000) -> Changes:
        """Ledger lines as the system has them now, ours and those of its own clerks."""
        watching.look(self.engine, self.masters)
        return watching.page(self.engine, after, limit)

    def entries(self, number: str) -> list[GlEntry]:
        """The posted ledger lines of a document in its currency, as our accounts; an unmapped one
        by its code."""
        with self.engine.connect() as conn:
            found = filed(conn, "number", [number])
        moves = [move for done in found for paper in done.papers for move in self._moves(*paper)]
        rows = self.rpc.read(
            "model.account.move.line.search_read",
            [["move", "in", moves], ["move.state", "=", "posted"]],
            0, None, [["id", "ASC"]], ["account.code", *BOOKED],
        )  # fmt: skip
        ours, decimals = self.map.account_of_code(), self.masters.company().decimals
        entries, foreign = [], any(row["second_currency"] for row in rows)
        for row in rows:
            if foreign and not row["second_currency"]:
                continue  # a cent of the books' currency that conversion left over
            amount = booked_minor(row, decimals)
            account = ours.get(row["account."]["code"], row["account."]["code"])
            entries.append(GlEntry(account, max(amount, 0), max(-amount, 0)))
        return [entry for entry in entries if entry.debit_minor or entry.credit_minor]

    def balances(self, account: str) -> dict[str | None, int]:
        """Balance of an account by case, each in its currency, of all that is posted there, by us
        or past us; what belongs to no case in the currency of the books."""
        rows = self.rpc.read(
            "model.account.move.line.search_read",
            [["account", "=", self.masters.account(account)], ["move.state", "=", "posted"]],
            0, None, [["id", "ASC"]], ["move", "move.origin", *BOOKED],
        )  # fmt: skip
        decimals, total = self.masters.company().decimals, Counter[str | None]()
        with self.engine.connect() as conn:
            case_of = cases_by_paper(conn)
        for row in rows:
            papers = (f"account.move,{row['move']}", row["move."]["origin"])
            case = next((case_of[paper] for paper in papers if paper in case_of), None)
            total[case] += booked_minor(row if case else _of_books(row), decimals)
        return {case: amount for case, amount in total.items() if amount}

    def on_hand(self) -> list[OnHand]:
        """Goods of returns by place, item and lot, as counted there today."""
        return on_hand(shelves.balances(self.masters))

    def _moves(self, model: str, record: int) -> list[int]:
        if model == "account.move":
            return [record]
        if model != "account.invoice":
            return []
        row: dict[str, Any] = self.rpc.read("model.account.invoice.read", [record], ["move"])[0]
        return [row["move"]] if row["move"] else []

    def find_invoice_lines(
        self,
        *,
        invoice_id: str | None = None,
        customer_id: str | None = None,
        sku: str | None = None,
        limit: int = 100,
    ) -> list[InvoicedLine]:
        """Invoiced lines that match, newest first."""
        filters(invoice_id=invoice_id, customer_id=customer_id, sku=sku)
        return self.invoices.lines(invoice_id, customer_id, sku, limit)


def _of_books(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"second_currency": None}


def _left_from(keys: CaseKeys, claim: SupplierClaim) -> str | None:
    """The warehouse that the claimed goods of the case were sent to the supplier from."""
    for done in filed(keys.connection, "return_id", [claim.return_id]):
        for move in done.details.get("stock_move", ()):
            same = (move["portion"], move["sku"]) == (claim.portion, claim.sku)
            if same and move["to_status"] == "at_supplier":
                warehouse: str = move["warehouse"]
                return warehouse
    return None


def _all(
    keys: CaseKeys,
    asked: Document,
    attempt: int,
    stepper: Stepper,
    papers: Sequence[Paper],
    after: Callable[[], None],
) -> list[Written]:
    """Write the papers in order, then what comes after, and keep what is known when one fails."""
    written: list[Written] = []
    try:
        for paper in papers:
            written.append(stepper.write(paper, asked.key, written[-1] if written else None))
        after()
    except UnknownOutcome:
        keys.unanswered(asked.key)
        raise
    except (Rejected, Unavailable) as told:
        keys.answered(asked.key, attempt)
        if isinstance(told, Rejected) and not written:
            keys.forget(asked.key, attempt)
        raise
    return written


def _number(asked: Document, written: Sequence[Written]) -> str:
    """``CM-12`` for the credit note 12; what has no paper, as a closing, is called by its key."""
    if not written:
        return f"{PREFIX_OF[asked.kind]}-{asked.key}"
    first = written[0]
    prefix = PREFIX_OF[asked.kind]
    inner = NUMBER_OF.get((asked.kind, first.model))
    return f"{prefix}-{inner}-{first.number}" if inner else f"{prefix}-{first.number}"
