"""What a document does to stock and ledger: pure, the same for the fake and the reference ERP.

``book(request, standing)`` answers with the rows to write and the case's standing after,
or raises ``Rejected``. Every document's debits equal its credits.

- receipt: Dr returns interim, Cr cost of goods sold, at the cost of the original issue
- stock move: Dr account of the new status, Cr account of the old (``accounts.py``)
- credit memo: Dr sales returns, freight refunded and tax, Cr freight charged and accounts
  receivable
- charge-back: Dr accounts receivable, Cr sales returns and tax
- supplier claim: Dr supplier claims receivable, Cr goods at supplier
- claim settlement: Dr accounts payable (recovered) or claims written off, Cr supplier claims
  receivable, or goods at supplier where it was never claimed
- intercompany: Dr the account of the stock status named, Cr intercompany payable in the unit that
  owes; Dr intercompany receivable, Cr that account in the unit that is owed
- RMA, replacement order, closing: nothing
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

import orjson

from integrations.erp.accounts import ACCOUNT_OF_STATUS, BEYOND_COST, INTERIM
from integrations.erp.documents import (
    ChargeBack,
    ClaimSettlement,
    Closing,
    CreditMemo,
    Intercompany,
    Receipt,
    RefurbishCompletion,
    RefurbishOrder,
    Replacement,
    Request,
    Rma,
    StockMove,
    SupplierClaim,
)
from integrations.erp.port import Rejected
from workflow.money import share

ZERO = Decimal(0)
MOST_QUANTITY = Decimal(10) ** 12
MOST_MINOR = 10**15
"""Above any real document, below what a 64-bit ledger column and 28 decimal digits hold."""

Row = dict[str, Any]


class Shelf(NamedTuple):
    """Where goods of a case stand in ``returns``; line 0 is for goods nobody announced."""

    line: int
    sku: str


class Unjudged(NamedTuple):
    """Goods in ``returns`` and what the interim account holds for them, in minor units."""

    quantity: Decimal
    value_minor: int


class StockChange(NamedTuple):
    """``lot`` and ``warehouse`` are empty where the document names none."""

    sku: str
    lot: str
    warehouse: str
    status: str
    quantity: Decimal


class GlEntry(NamedTuple):
    """One side is positive, the other zero; minor units."""

    account: str
    debit_minor: int
    credit_minor: int
    company: str | None = None
    """Whose books, where a document is in those of two units."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ERP holds of a case: enough to say yes or no to the next document."""

    currency: str | None = None
    has_rma: bool = False
    closed: bool = False
    unjudged: Mapping[Shelf, Unjudged] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Booking:
    """What to write for one document: detail rows by table (without the document number)."""

    kind: str
    details: Mapping[str, tuple[Row, ...]]
    standing: Standing
    stock: tuple[StockChange, ...] = ()
    gl: tuple[GlEntry, ...] = ()


KIND_OF: dict[type, str] = {
    Rma: "rma",
    Receipt: "receipt",
    StockMove: "stock_move",
    CreditMemo: "credit_memo",
    ChargeBack: "charge_back",
    SupplierClaim: "supplier_claim",
    ClaimSettlement: "claim_settlement",
    Intercompany: "intercompany",
    RefurbishOrder: "refurbish_order",
    RefurbishCompletion: "refurbish_completion",
    Replacement: "replacement",
    Closing: "closing",
}

PREFIX_OF: dict[str, str] = {
    "rma": "RMA",
    "receipt": "GR",
    "stock_move": "SM",
    "credit_memo": "CM",
    "charge_back": "CB",
    "supplier_claim": "SC",
    "claim_settlement": "CS",
    "intercompany": "IC",
    "refurbish_order": "WO",
    "refurbish_completion": "WC",
    "replacement": "RO",
    "closing": "CL",
}
"""Kind of document -> what its number starts with; also the name of its number range."""


def number_text(kind: str, number: int) -> str:
    """``credit_memo``, 42 -> ``CM-000042``."""
    return f"{PREFIX_OF[kind]}-{number:06d}"


def plain(value: object) -> str:
    """A ``Decimal`` as text without exponent or trailing zeros, so that 3 is 3.0."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    raise TypeError(f"{type(value).__name__} has no place in a document")


_LATER = ("freight_minor", "freight_tax_minor", "return_freight_minor")
"""Fields that requests got after documents had been written without them: zero is not said."""


def fingerprint(request: Request) -> str:
    """Digest of the content; equal for requests that ask the same thing."""
    options = orjson.OPT_UTC_Z
    said = {
        field.name: getattr(request, field.name)
        for field in fields(request)
        if field.name not in _LATER or getattr(request, field.name)
    }
    text = orjson.dumps([KIND_OF[type(request)], said], default=plain, option=options)
    return hashlib.sha256(text).hexdigest()


def book(request: Request, standing: Standing) -> Booking:
    """Rows, stock changes and balanced ledger lines of a new document.

    Raises ``Rejected`` (codes in ``port.REJECTIONS``) and then nothing was changed.
    """
    if standing.closed and not isinstance(request, ClaimSettlement):
        raise Rejected("case_closed", f"{request.return_id} is closed in the ERP.")
    return _BOOK[type(request)](request, _in_currency(request, standing))


def _in_currency(request: Request, standing: Standing) -> Standing:
    currency = getattr(request, "currency", None)
    if currency is None or currency == standing.currency:
        return standing
    if standing.currency is None:
        return replace(standing, currency=currency)
    raise Rejected(
        "currency_mismatch",
        f"{request.return_id} is posted in {standing.currency}, not in {currency}.",
    )


def _positive(quantity: Decimal, what: str) -> None:
    if not quantity.is_finite() or quantity <= 0:
        raise Rejected("invalid_quantity", f"{what}: the quantity {quantity} is not positive.")
    if quantity > MOST_QUANTITY:
        raise Rejected("invalid_quantity", f"{what}: the quantity is above {MOST_QUANTITY}.")


def _amount(amount_minor: int, what: str) -> None:
    if not 0 <= amount_minor <= MOST_MINOR:
        raise Rejected("invalid_amount", f"{what} of {amount_minor} is outside 0 to {MOST_MINOR}.")


def _some(lines: tuple[object, ...], what: str) -> None:
    if not lines:
        raise Rejected("invalid_payload", f"{what} has no lines.")


def _cost(quantity: Decimal, unit_cost_minor: int) -> int:
    _amount(unit_cost_minor, "A unit cost")
    _amount(int(quantity) * unit_cost_minor, "A value at cost")
    return int((quantity * unit_cost_minor).quantize(Decimal(1), ROUND_HALF_EVEN))


def transfer(debit: str, credit: str, amount_minor: int) -> tuple[GlEntry, ...]:
    """Dr one account, Cr another; nothing where the amount is zero or both are the same."""
    if amount_minor == 0 or debit == credit:
        return ()
    return (GlEntry(debit, amount_minor, 0), GlEntry(credit, 0, amount_minor))


def _row(request: object, *names: str) -> Row:
    return {name: getattr(request, name) for name in names}


def _book_rma(rma: Rma, standing: Standing) -> Booking:
    if standing.has_rma:
        raise Rejected("rma_exists", f"{rma.return_id} has an RMA already.")
    _some(rma.lines, f"The RMA of {rma.return_id}")
    if len({line.line for line in rma.lines}) < len(rma.lines):
        raise Rejected("invalid_payload", f"The RMA of {rma.return_id} names a line twice.")
    for line in rma.lines:
        _positive(line.quantity, f"{rma.return_id} line {line.line}")
    head = _row(rma, "customer_id", "business_unit", "currency", "expires_at")
    names = ("line", "sku", "quantity", "uom", "lot", "invoice_id", "invoice_line")
    lines = tuple(_row(line, *names) for line in rma.lines)
    details = {"rma": (head,), "rma_line": lines}
    return Booking("rma", details, replace(standing, has_rma=True))


def _book_receipt(receipt: Receipt, standing: Standing) -> Booking:
    _some(receipt.lines, f"Receipt {receipt.receipt_id}")
    unjudged = dict(standing.unjudged)
    rows, stock, total = [], [], 0
    for item, got in enumerate(receipt.lines, start=1):
        _positive(got.quantity, f"{receipt.receipt_id} item {item}")
        value = _cost(got.quantity, got.unit_cost_minor)
        shelf = Shelf(got.line or 0, got.sku)
        held = unjudged.get(shelf, Unjudged(ZERO, 0))
        unjudged[shelf] = Unjudged(held.quantity + got.quantity, held.value_minor + value)
        names = ("line", "sku", "lot", "quantity", "unit_cost_minor")
        rows.append({"item": item, **_row(got, *names), "value_minor": value})
        stock.append(
            StockChange(got.sku, got.lot or "", receipt.warehouse, "returns", got.quantity)
        )
        total += value
    head = _row(receipt, "receipt_id", "warehouse", "received_at", "currency")
    details = {"goods_receipt": (head,), "goods_receipt_line": tuple(rows)}
    after = replace(standing, unjudged=unjudged)
    gl = transfer(INTERIM, "cost_of_goods_sold", total)
    return Booking("receipt", details, after, tuple(stock), gl)


def _book_move(move: StockMove, standing: Standing) -> Booking:
    for status in (move.from_status, move.to_status):
        if status not in ACCOUNT_OF_STATUS:
            known = ", ".join(sorted(ACCOUNT_OF_STATUS))
            raise Rejected("unknown_status", f"No stock status {status!r}; there are {known}.")
    _positive(move.quantity, f"{move.return_id} move of {move.sku}")
    after, value = standing, _cost(move.quantity, move.unit_cost_minor)
    if move.from_status == "returns":
        after, value = _take(move, standing)
    names = (
        "line", "portion", "part", "sku", "lot", "warehouse", "quantity", "disposition",
        "from_status", "to_status", "currency",
    )  # fmt: skip
    row = {**_row(move, *names), "value_minor": value}
    place = (move.sku, move.lot or "", move.warehouse)
    stock = (
        StockChange(*place, move.from_status, -move.quantity),
        StockChange(*place, move.to_status, move.quantity),
    )
    gl = transfer(ACCOUNT_OF_STATUS[move.to_status], ACCOUNT_OF_STATUS[move.from_status], value)
    return Booking("stock_move", {"stock_move": (row,)}, after, stock, gl)


def _take(move: StockMove, standing: Standing) -> tuple[Standing, int]:
    """Standing after goods left ``returns``, and their share of what the receipts booked.

    Shares of what is left: the last part takes the remainder, so the interim clears to zero.
    """
    shelf = Shelf(move.line or 0, move.sku)
    held = standing.unjudged.get(shelf, Unjudged(ZERO, 0))
    if move.quantity > held.quantity:
        where = f"{move.return_id} line {move.line}" if move.line else move.return_id
        raise Rejected(
            "insufficient_stock",
            f"{where} has {held.quantity} of {move.sku} in returns; {move.quantity} cannot leave.",
        )
    value = share(held.value_minor, move.quantity, held.quantity)
    left = Unjudged(held.quantity - move.quantity, held.value_minor - value)
    return replace(standing, unjudged={**standing.unjudged, shelf: left}), value


def _book_credit(memo: CreditMemo, standing: Standing) -> Booking:
    net, tax = memo.net_minor, memo.tax_minor
    _amount(net, "A credit memo's net")
    _amount(tax, "A credit memo's tax")
    freight = (memo.freight_minor, memo.freight_tax_minor, memo.return_freight_minor)
    for amount in freight:
        _amount(amount, "A credit memo's freight")
    if net + tax + memo.freight_minor == 0:
        raise Rejected("invalid_amount", f"The credit memo of {memo.return_id} is about nothing.")
    if memo.return_freight_minor > net + memo.freight_minor:
        raise Rejected("invalid_amount", f"{memo.return_id} is charged more than it is credited.")
    names = (
        "line", "sequence", "customer_id", "sku", "invoice_id", "invoice_line", "net_minor",
        "tax_minor", "currency", "decision", "reason", "freight_minor", "freight_tax_minor",
        "return_freight_minor",
    )  # fmt: skip
    gl = credit_entries(net, tax, *freight)
    return Booking("credit_memo", {"credit_memo": (_row(memo, *names),)}, standing, gl=gl)


def _book_charge_back(charge: ChargeBack, standing: Standing) -> Booking:
    net, tax = charge.net_minor, charge.tax_minor
    _amount(net, "A charge-back's net")
    _amount(tax, "A charge-back's tax")
    if net + tax == 0:
        raise Rejected("invalid_amount", f"The charge-back of {charge.return_id} is about nothing.")
    names = (
        "line", "sequence", "customer_id", "sku", "invoice_id", "invoice_line", "net_minor",
        "tax_minor", "currency", "given", "reason",
    )  # fmt: skip
    details = {"charge_back": (_row(charge, *names),)}
    return Booking("charge_back", details, standing, gl=credit_entries(-net, -tax))


def credit_entries(
    net_minor: int,
    tax_minor: int,
    freight_minor: int = 0,
    freight_tax_minor: int = 0,
    return_freight_minor: int = 0,
) -> tuple[GlEntry, ...]:
    """Dr sales returns, freight refunded and tax, Cr freight charged and receivable; negative
    amounts are booked the other way."""
    owed = net_minor + tax_minor + freight_minor + freight_tax_minor - return_freight_minor
    entries = (
        _side("sales_returns", net_minor),
        _side("freight_refunded", freight_minor),
        _side("tax_payable", tax_minor + freight_tax_minor),
        _side("freight_charged", -return_freight_minor),
        _side("accounts_receivable", -owed),
    )
    return tuple(entry for entry in entries if entry.debit_minor or entry.credit_minor)


def _sides(*amounts: tuple[str, int]) -> tuple[GlEntry, ...]:
    """An entry for every amount that is not zero; positive ones are debits."""
    return tuple(_side(account, amount) for account, amount in amounts if amount)


def _side(account: str, amount_minor: int) -> GlEntry:
    return GlEntry(account, max(amount_minor, 0), max(-amount_minor, 0))


def _book_claim(claim: SupplierClaim, standing: Standing) -> Booking:
    _positive(claim.quantity, f"{claim.return_id} claim for {claim.sku}")
    _amount(claim.claimed_minor, "A claim")
    names = (
        "line", "portion", "supplier_id", "sku", "lot", "quantity", "claimed_minor", "currency",
        "reason", "claim_by",
    )  # fmt: skip
    gl = transfer("supplier_claims_receivable", "goods_at_supplier", claim.claimed_minor)
    details = {"supplier_claim": (_row(claim, *names),)}
    return Booking("supplier_claim", details, standing, gl=gl)


def _book_settlement(settled: ClaimSettlement, standing: Standing) -> Booking:
    amount, settles = settled.amount_minor, settled.settles_minor
    _amount(amount, "A settlement")
    _amount(settles, "What a settlement settles")
    if amount == 0 or settles > amount:
        raise Rejected(
            "invalid_amount", f"{settles} of a settlement of {amount} cannot be open before it."
        )
    names = (
        "line", "portion", "supplier_id", "outcome", "amount_minor", "settles_minor", "currency",
        "reason", "claimed",
    )  # fmt: skip
    paid = settled.outcome == "recovered"
    stood = "supplier_claims_receivable" if settled.claimed else "goods_at_supplier"
    into = "accounts_payable" if paid else "claims_written_off"
    entries = (
        _side(into, amount),
        _side(stood, -settles),
        _side("claims_written_off", settles - amount),
    )
    gl = tuple(entry for entry in entries if entry.debit_minor or entry.credit_minor)
    details = {"claim_settlement": (_row(settled, *names),)}
    return Booking("claim_settlement", details, standing, gl=gl)


def _book_intercompany(owed: Intercompany, standing: Standing) -> Booking:
    _some(owed.lines, f"The intercompany document of {owed.return_id}")
    if owed.status not in ACCOUNT_OF_STATUS:
        known = ", ".join(sorted(ACCOUNT_OF_STATUS))
        raise Rejected("unknown_status", f"No stock status {owed.status!r}; there are {known}.")
    if owed.owing_unit == owed.owed_unit:
        raise Rejected("invalid_payload", f"{owed.owing_unit} cannot owe itself.")
    rows = []
    for item, line in enumerate(owed.lines, start=1):
        _positive(line.quantity, f"{owed.return_id} line {line.line}")
        _amount(line.amount_minor, f"{owed.return_id} line {line.line}")
        if not 0 <= line.margin_minor <= line.amount_minor:
            raise Rejected(
                "invalid_amount", f"{line.margin_minor} of {line.amount_minor} is no margin."
            )
        names = ("line", "sku", "lot", "quantity", "amount_minor", "margin_minor")
        rows.append({"item": item, **_row(line, *names)})
    head = _row(owed, "owing_unit", "owed_unit", "status", "currency")
    details = {"intercompany": (head,), "intercompany_line": tuple(rows)}
    return Booking("intercompany", details, standing, gl=_mirrored(owed))


def _mirrored(owed: Intercompany) -> tuple[GlEntry, ...]:
    """The same amount in the books of both units; either half balances by itself."""
    total = sum(line.amount_minor for line in owed.lines)
    more = sum(line.margin_minor for line in owed.lines)
    account = ACCOUNT_OF_STATUS[owed.status]
    owing = _sides((account, total - more), (BEYOND_COST, more), ("intercompany_payable", -total))
    due = _sides(("intercompany_receivable", total), (account, more - total), (BEYOND_COST, -more))
    halves = ((owed.owing_unit, owing), (owed.owed_unit, due))
    return tuple(entry._replace(company=unit) for unit, half in halves for entry in half)


def _book_refurbish_order(order: RefurbishOrder, standing: Standing) -> Booking:
    _positive(order.quantity, f"{order.return_id} workshop order for {order.sku}")
    names = ("line", "portion", "part", "sku", "lot", "warehouse", "quantity", "due_on")
    details = {"refurbish_order": (_row(order, *names),)}
    return Booking("refurbish_order", details, standing)


def _book_refurbish_completion(done: RefurbishCompletion, standing: Standing) -> Booking:
    if done.status not in ACCOUNT_OF_STATUS:
        known = ", ".join(sorted(ACCOUNT_OF_STATUS))
        raise Rejected("unknown_status", f"No stock status {done.status!r}; there are {known}.")
    _positive(done.quantity, f"{done.return_id} work on {done.sku}")
    _amount(done.cost_minor, "A cost of work")
    names = (
        "line", "portion", "part", "sequence", "sku", "quantity", "outcome", "status", "costing",
        "cost_minor", "currency",
    )  # fmt: skip
    capital = done.costing == "capitalised"
    into = ACCOUNT_OF_STATUS[done.status] if capital else "refurbish_expense"
    gl = transfer(into, "workshop_absorbed", done.cost_minor)
    details = {"refurbish_completion": (_row(done, *names),)}
    return Booking("refurbish_completion", details, standing, gl=gl)


def _book_replacement(order: Replacement, standing: Standing) -> Booking:
    _positive(order.quantity, f"{order.return_id} replacement of {order.sku}")
    row = _row(order, "line", "portion", "customer_id", "sku", "quantity", "uom")
    return Booking("replacement", {"replacement_order": (row,)}, standing)


def _book_closing(closing: Closing, standing: Standing) -> Booking:
    left = {shelf: held for shelf, held in standing.unjudged.items() if any(held)}
    if left:
        text = ", ".join(f"{held.quantity} of {shelf.sku}" for shelf, held in left.items())
        raise Rejected("interim_open", f"{closing.return_id} still has {text} in returns.")
    return Booking("closing", {}, replace(standing, closed=True))


_BOOK: dict[type, Callable[[Any, Standing], Booking]] = {
    Rma: _book_rma,
    Receipt: _book_receipt,
    StockMove: _book_move,
    CreditMemo: _book_credit,
    ChargeBack: _book_charge_back,
    SupplierClaim: _book_claim,
    ClaimSettlement: _book_settlement,
    Intercompany: _book_intercompany,
    RefurbishOrder: _book_refurbish_order,
    RefurbishCompletion: _book_refurbish_completion,
    Replacement: _book_replacement,
    Closing: _book_closing,
}
