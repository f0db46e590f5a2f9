"""A line of a return: what was asked for, what came of the goods, what came of the money."""

from typing import Literal

from serving.answers.form import Answer, Day, Quantity, Time
from serving.answers.verdicts import Assessment, Eligibility, Verdict
from serving.answers.workshop import PartOfPortion
from serving.score_shapes import MaskedAnswer
from workflow.codes import (
    Condition,
    CreditDecision,
    Disposition,
    Handover,
    Release,
    ReturnReason,
)


class InvoiceLine(Answer):
    """The invoice line that the goods came from."""

    invoice_id: str
    line: int


class StatedOfGoods(Answer):
    """What the requester said of the goods; null was not asked, or not answered."""

    condition: Condition | None
    handed_over: Handover | None
    barcode: bool | None
    """They carry a readable one."""
    soiled: bool | None
    """They could be cleaned."""
    infested: bool | None


class Quantities(Answer):
    """In the item's unit. ``released`` was authorised and given up; ``outstanding`` is still to
    come."""

    requested: Quantity
    authorised: Quantity
    received: Quantity
    released: Quantity
    outstanding: Quantity
    inspected: Quantity
    disposed: Quantity


class SeenOfGoods(Answer):
    """What the inspector saw besides the condition; null was not looked at."""

    barcode: bool | None
    """A readable one is on the goods."""
    scanned: str | None
    """What the barcode reads."""
    soiled: bool | None
    """They could be cleaned."""
    infested: bool | None


class RequiredLife(Answer):
    """The remaining life that customers who buy the item regularly must get: the least demanding of
    them, and the most; null where somebody has no agreement."""

    days: int | None
    strictest_days: int | None
    customers: int
    """How many were counted; with 0, ``days`` is what the customer of the return must get."""


class Proposal(Answer):
    """What was proposed for inspected goods, among what the rules allow."""

    parts: list[PartOfPortion]
    how: str
    """Who proposed: ``model``, ``rule``, ``inspector`` or ``person``."""
    by: str
    allowed: list[Disposition]
    masked: list[MaskedAnswer]
    """What a rule took away, and which."""
    rule: str | None
    """The rule that asked for it, where one did."""


class Portion(Answer):
    """A quantity that was inspected together."""

    portion: str
    quantity: Quantity
    condition: Condition
    damage_code: str | None
    lot: str | None
    expires_on: Day | None
    remaining_life_days: int | None
    required_life: RequiredLife | None
    temperature_ok: bool | None
    seen: SeenOfGoods
    recall_open: bool
    note: str
    evidence: list[str]
    serials: list[str]
    inspected_by: str
    inspected_at: Time
    proposal: Proposal | None
    """Null before one is made, and while an audit is to be decided without it."""
    dispositions: list[PartOfPortion]
    on_hold: Quantity
    assessment: Assessment | None
    """Null before the model answered, and while an audit is to be decided without it."""


class Credit(Answer):
    """Money for a line, in minor units of the return's currency. ``net_minor`` and ``tax_minor``
    are what was approved, or what is proposed while nobody has."""

    sequence: int
    status: Literal["proposed", "approved", "held", "denied", "withdrawn"]
    decision: CreditDecision
    release: Release
    quantity: Quantity
    percent: int
    fee_minor: int
    net_minor: int
    tax_minor: int
    freight_minor: int
    """Freight of the delivery that is given back, net."""
    freight_tax_minor: int
    return_freight_minor: int
    """What the customer pays of the way back."""
    freight_verdict: Verdict | None
    portion: str | None
    """Null where the credit is about no inspected goods."""
    kind: str
    disposition: Disposition | None
    verdict: Verdict
    assessment: Assessment | None
    """Null before the model answered, and while an audit is to be decided without it."""


class Advance(Answer):
    """What the customer wanted before the goods are back, and what came of it."""

    wanted: Literal["credit", "replacement"]
    status: Literal[
        "waiting", "refused", "proposed", "denied", "overtaken", "open", "undeserved", "over",
        "approved", "held",
    ]  # fmt: skip
    """``waiting``: not authorised yet; ``overtaken``: the goods came first; ``open``: goods are
    awaited; ``undeserved``: they earn less, and a person is asked."""
    because: str | None
    rule: str | None
    policy: str | None
    value_minor: int | None
    tax_minor: int | None
    goods_due: Time | None
    earned_minor: int | None
    """What the goods that came earn; null before they came."""
    undeserved_minor: int
    charged_back_minor: int
    let_go_minor: int


class ReturnLine(Answer):
    """Money in minor units of the return's currency, net unless said otherwise."""

    line: int
    sku: str
    uom: str
    lot: str | None
    source: InvoiceLine | None
    """Null for goods without a known invoice."""
    reason_text: str
    stated: StatedOfGoods
    evidence: list[str]
    serials: list[str]
    reason: ReturnReason | None
    """Null while nobody has settled it."""
    reason_how: str | None
    """``stated``, ``model`` or ``person``."""
    foreign_reason: str | None
    """``system:code``, as the requester said it."""
    master_blocks: list[Disposition]
    """What waits for a gap in the item's master to be closed."""
    value_minor: int
    """Of the requested quantity, at the price really invoiced."""
    quantities: Quantities
    eligibility: Eligibility | None
    reason_assessment: Assessment | None
    """Null before the model answered, and while an audit is to be decided without it."""
    portions: list[Portion]
    credits: list[Credit]
    credited_minor: int
    advance: Advance | None
    """Null where nothing was wanted before the goods are back."""
