"""What an ERP is asked to write, and what it wrote, in canonical words.

Requests are frozen and plain: quantities ``Decimal`` in the product's unit, money integer
minor units of ``currency`` at cost or at net price as named, times aware. The fields are
those of the effect payloads of ``workflow/effects.py``; an adapter for a real ERP translates
them into that system's own words.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal

_CLOSED = {"extra": "forbid"}
# A payload key that no field takes would be dropped in silence; refuse it instead.


@dataclass(frozen=True, slots=True)
class RmaLine:
    __pydantic_config__: ClassVar = _CLOSED
    line: int
    sku: str
    quantity: Decimal
    uom: str
    lot: str | None = None
    invoice_id: str | None = None
    invoice_line: int | None = None


@dataclass(frozen=True, slots=True)
class Rma:
    """A return is authorised: what may come back until ``expires_at``. Posts nothing."""

    __pydantic_config__: ClassVar = _CLOSED
    return_id: str
    customer_id: str
    business_unit: str
    currency: str
    lines: tuple[RmaLine, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """``line`` is ``None`` for goods nobody announced; cost is that of the original issue."""

    __pydantic_config__: ClassVar = _CLOSED
    line: int | None
    sku: str
    lot: str | None
    quantity: Decimal
    unit_cost_minor: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Goods came back, into stock status ``returns``."""

    __pydantic_config__: ClassVar = _CLOSED
    return_id: str
    receipt_id: str
    warehouse: str
    received_at: datetime
    currency: str
    lines: tuple[ReceiptLine, ...]


@dataclass(frozen=True, slots=True)
class StockMove:
    """Goods change their stock status as a disposition says.

    Goods leaving ``returns`` carry the value their receipt booked; ``unit_cost_minor`` values
    moves out of any other status.
    """

    __pydantic_config__: ClassVar = _CLOSED
    return_id: str
    line: int | None
    portion: str | None
    part: int
    sku: str
    lot: str | None
    warehouse: str
    quantity: Decimal
    disposition: str
    from_status: str
    to_status: str
    unit_cost_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class CreditMemo:
    """Money for the customer; no amount is negative. ``freight_minor`` and its tax are given back
    of the delivery's freight, ``return_freight_minor`` is taken off for the way back."""

    __pydantic_config__: ClassVar = _CLOSED
    return_id: str
    line: int
    sequence: int
    customer_id: str
    sku: str
    invoice_id: str | None
    invoice_line: int | None
    net_minor: int
    tax_minor: int
    currency: str
    decision: str
    reason: str | None
    freight_minor: int = 0
    freight_tax_minor: int = 0
    return_freight_minor: int = 0


@dataclass(frozen=True, slots=True)
class ChargeBack:
    """Money back from the customer: what was given in advance and is not deserved.

    ``given`` says what that was; amounts are positive, in the invoice's own tax proportion.
    """

    __pydantic_config__: ClassVar = _CLOSED
    return_id: str
    line: int
    sequence: int
    customer_id: str
    sku: str
    invoice_id: str | None
    invoice_line: int | None
    net_minor: int
    tax_minor: int
    currency: str
    given: Literal["credit", "replacement"]
    reason: str | None


@dataclass(frozen=True, slots=True)
class SupplierClaim:
    """What we ask of the supplier, at our cost. ``claim_by`` is the end of the window."""

    __pydantic_config__: ClassVar = _CLOSED
    return_id: str
    line: int
    portion: str
    supplier_id: str
    sku: str
    lot: str | None
    quantity: Decimal
    claimed_minor: int
    currency: str
    reason: str | None
    claim_by: date | None


@dataclass(frozen=True, slots=True)
class ClaimSettlement:
    """What became of a claim, or of a part of it: ``outcome`` is ``recovered`` or ``written_off``.

    ``settles_minor`` of the amount was still open; what is paid beyond it takes back an earlier
    write-off. ``claimed`` false: the claim was never made, its cost stands at the supplier.
    ``reason`` is an X12 1172 code, or why it was written off. Taken for closed cases too.
    """

    __pydantic_config__: ClassVar = _CLOSED
    return_id: str
    line: int
    portion: str
    supplier_id: str
    outcome: Literal["recovered", "written_off"]
    amount_minor: int
    settles_minor: int
    currency: str
    reason: str
    claimed: bool


@dataclass(frozen=True, slots=True)
class IntercompanyLine:
    __pydantic_config__: ClassVar = _CLOSED
    line: int
    sku: str
    lot: str | None
    quantity: Decimal
    amount_minor: int
    margin_minor: int = 0


@dataclass(frozen=True, slots=True)
class Intercompany:
    """Goods that one unit sold are in another's hands: ``owing_unit`` owes ``owed_unit`` the
    amounts. Each line is booked twice, once in the books of either: its cost against the account
    of the stock ``status`` that the goods came from or went to, and what the transfer price adds
    (``margin_minor`` of the amount) against an account of its own."""

    __pydantic_config__: ClassVar = _CLOSED
    return_id: str
    owing_unit: str
    owed_unit: str
    status: str
    currency: str
    lines: tuple[IntercompanyLine, ...]


@dataclass(frozen=True, slots=True)
class RefurbishOrder:
    """The workshop shall make goods as good as new until ``due_on``. Posts nothing."""

    __pydantic_config__: ClassVar = _CLOSED
    return_id: str
    line: int
    portion: str
    part: int
    sku: str
    lot: str | None
    warehouse: str
    quantity: Decimal
    due_on: date


@dataclass(frozen=True, slots=True)
class RefurbishCompletion:
    """What came of goods of a workshop order, and what the work on them has cost.

    The cost is booked against the workshop: as an expense, or ``capitalised`` with the goods, on
    the account of the stock ``status`` they went to.
    """

    __pydantic_config__: ClassVar = _CLOSED
    return_id: str
    line: int
    portion: str
    part: int
    sequence: int
    sku: str
    quantity: Decimal
    outcome: Literal["as_new", "failed", "stopped"]
    status: str
    costing: Literal["expensed", "capitalised"]
    cost_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """Goods instead of money: an order at no charge. Posts nothing until it is delivered."""

    __pydantic_config__: ClassVar = _CLOSED
    return_id: str
    line: int
    portion: str
    customer_id: str
    sku: str
    quantity: Decimal
    uom: str


@dataclass(frozen=True, slots=True)
class Closing:
    """Nothing more will be posted for the case."""

    __pydantic_config__: ClassVar = _CLOSED
    return_id: str


Request = (
    Rma
    | Receipt
    | StockMove
    | CreditMemo
    | ChargeBack
    | SupplierClaim
    | ClaimSettlement
    | Intercompany
    | RefurbishOrder
    | RefurbishCompletion
    | Replacement
    | Closing
)


@dataclass(frozen=True, slots=True)
class Post:
    """One request under its key. ``at`` is the posting time, not part of what is compared."""

    key: str
    request: Request
    at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """What the ERP wrote. ``repeated`` is true when an earlier call had written it."""

    number: str
    key: str
    kind: str
    return_id: str
    posted_at: datetime
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class InvoicedLine:
    """A delivered and invoiced line as the system of record has it."""

    invoice_id: str
    line: int
    customer_id: str | None
    sku: str
    lot: str | None
    quantity: Decimal
    net_minor: int
    tax_minor: int
    currency: str
    invoiced_at: datetime


@dataclass(frozen=True, slots=True)
class OnHand:
    """A quantity of one item and lot in one place; ``lot`` is ``None`` where goods have none."""

    warehouse: str
    status: str
    sku: str
    lot: str | None
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line of a document, as reconciliation compares it.

    ``kind``: ``rma``, ``receipt``, ``stock_move``, ``credit_memo``, ``charge_back``,
    ``supplier_claim``, ``claim_settlement``, ``intercompany``, ``refurbish_order``,
    ``refurbish_completion``, ``replacement`` or ``closing``. ``amount_minor`` is value at cost for
    goods, net for credits and charge-backs, the claim for claims and what was settled of them, the
    cost of work for what the workshop completed, ``None`` where the document has no money. ``key``
    and ``return_id`` are ``None`` for what a clerk wrote without a case. ``voided`` lines no
    longer count.
    """

    system: str
    kind: str
    document: str
    key: str | None
    return_id: str | None
    line: int | None
    sku: str | None
    lot: str | None
    quantity: Decimal | None
    amount_minor: int | None
    currency: str | None
    at: datetime
    voided: bool = False
    tax_minor: int | None = None
    freight_minor: int | None = None
    freight_tax_minor: int | None = None
    return_freight_minor: int | None = None
    customer_id: str | None = None
    supplier_id: str | None = None
    invoice_id: str | None = None
    invoice_line: int | None = None
    portion: str | None = None
    disposition: str | None = None
    from_status: str | None = None
    to_status: str | None = None
    warehouse: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """Lines written or corrected after a cursor, oldest first, and the cursor to go on from.

    A corrected document comes again with all its lines: the later ones replace the earlier
    ones of the same ``document``. The cursor is opaque text, ``""`` is the beginning.
    """

    lines: tuple[LedgerLine, ...]
    cursor: str
