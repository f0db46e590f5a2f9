"""Both sides of a comparison as plain values: what we asked and know, what the ERP wrote."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from integrations.erp.documents import LedgerLine
from reconciliation.shelves import Shelf
from workflow.money import share

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Asked:
    """One effect as the outbox has it. ``status``: ``pending``, ``doing``, ``done``, ``parked``,
    ``abandoned``."""

    key: str
    kind: str
    return_id: str
    payload: Mapping[str, Any]
    status: str
    asked_at: datetime
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the desk shows it; ``situation`` as in ``return_case``."""

    return_id: str
    situation: str
    customer_id: str
    business_unit: str
    currency: str
    goods_required: bool | None = None
    authorised_at: datetime | None = None
    expires_at: datetime | None = None
    received_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseLine:
    """Quantities of a case line; ``disposed`` maps disposition to quantity text."""

    return_id: str
    line: int
    sku: str
    supplier_id: str | None
    value_minor: int
    requested: Decimal
    authorised: Decimal = ZERO
    received: Decimal = ZERO
    released: Decimal = ZERO
    inspected: Decimal = ZERO
    disposed: Mapping[str, str] = field(default_factory=dict)
    credits_settled: int = 0
    goods: bool = True
    """Whether anything comes back; ``False`` for a line about money alone."""
    reason: str | None = None
    unit_cost_minor: int = 0
    vendor_takes_back: bool = False
    claim_by: date | None = None
    """The last day of the supplier's window."""

    @property
    def judged(self) -> Decimal:
        return sum((Decimal(text) for text in self.disposed.values()), ZERO)

    @property
    def outstanding(self) -> Decimal:
        """Authorised, neither received nor given up."""
        return self.authorised - self.received - self.released if self.goods else ZERO

    def worth(self, quantity: Decimal) -> int:
        """Net value of a part of the line, as invoiced; 0 for a line of nothing."""
        return share(self.value_minor, quantity, self.requested) if self.requested > 0 else 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim on a supplier as the desk shows it. ``response`` is that of the last answer."""

    claim_id: str
    return_id: str
    line: int
    portion: str
    part: int
    supplier_id: str
    sku: str
    quantity: Decimal
    rest_minor: int
    currency: str
    claim_by: date | None = None
    submitted: bool = True
    response: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """What a supplier paid of a claim, all answers together; ``response`` lists their codes,
    ``credit_percent`` is the share agreed with them."""

    claim_id: str
    supplier_id: str
    return_id: str
    line: int
    sku: str
    claimed_minor: int
    recovered_minor: int
    currency: str
    response: str
    credit_percent: int = 100


@dataclass(frozen=True)
class Books:
    """Everything one comparison looks at.

    ``asked`` in the order of the decisions; ``posted`` holds voided lines too;
    ``interim_minor`` is the ERP's returns interim account by case (``None``: no case), debits
    less credits, zero balances left out; ``shelves`` are those that differ from its documents.
    """

    asked: Sequence[Asked] = ()
    posted: Sequence[LedgerLine] = ()
    cases: Mapping[str, Case] = field(default_factory=dict)
    lines: Mapping[tuple[str, int], CaseLine] = field(default_factory=dict)
    answers: Iterable[ClaimAnswer] = ()
    interim_minor: Mapping[str | None, int] = field(default_factory=dict)
    claims: Sequence[Claim] = ()
    shelves: Sequence[Shelf] = ()

    @cached_property
    def by_key(self) -> dict[str, Asked]:
        return {one.key: one for one in self.asked}

    @cached_property
    def unit_costs(self) -> dict[tuple[str, int | None], int]:
        """Unit cost by case line, as the effects about its goods carried it."""
        costs: dict[tuple[str, int | None], int] = {}
        for one in self.asked:
            if one.kind == "erp.stock_move":
                costs[one.return_id, one.payload["line"]] = one.payload["unit_cost_minor"]
            elif one.kind == "erp.receipt":
                for got in one.payload["lines"]:
                    costs[one.return_id, got["line"]] = got["unit_cost_minor"]
        return costs

    def cost(self, return_id: str, line: int | None, quantity: Decimal) -> int:
        """Value of goods at cost; 0 where nobody said what they cost."""
        return cost_of(quantity, self.unit_costs.get((return_id, line), 0))


def cost_of(quantity: Decimal, unit_cost_minor: int) -> int:
    """Value at cost, never negative, rounded half to even as the ERP books it."""
    return share(unit_cost_minor, abs(quantity), Decimal(1))
