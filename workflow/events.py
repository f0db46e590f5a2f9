"""What happened to a return, in the past tense. Stream ``case/{return_id}``.

Events are frozen and complete: replaying them needs no clock, no policy, no model and no
other table. Quantities are ``Decimal`` in the product's unit, money is integer minor units
of the case's currency, times are aware UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from workflow.assessment import Assessment, Clearing, Masked


@dataclass(frozen=True, slots=True)
class AlsoHolds:
    """A rule below the one that fired that stands in the way as well; ``role`` is whom it asks."""

    rule: str
    outcome: str
    because: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy said: outcome, the rule that fired, and every rule tried before it.

    ``policy`` is ``name@version#digest``; ``trace`` lists ``(rule id, fired)`` in order;
    ``values`` are the rule's further columns (``percent``, ``window_days`` ...) as text;
    ``also`` is what else stands in the way, where the outcome does not let through.
    """

    policy: str
    outcome: str
    rule: str
    because: str
    role: str | None = None
    trace: tuple[tuple[str, bool], ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    also: tuple[AlsoHolds, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceRef:
    """The invoice line the goods came from."""

    invoice_id: str
    line: int


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What the masters and ledgers said about a line when it was requested.

    ``delivered`` and ``net_minor``/``tax_minor`` describe the whole source line;
    ``returned_before`` and ``credited_before_minor`` what earlier returns took of it.
    All ``None`` or zero where the line has no source.
    """

    item_class: str
    regulated: str
    returnable: str
    stocked: bool
    lot_controlled: bool
    refurbishable: bool
    cold_chain: bool
    date_kind: str
    shelf_life_days: int | None
    supplier_id: str | None
    supplier_accepts_returns: bool
    supplier_claim_window_days: int | None
    unit_cost_minor: int
    carrier_id: str | None = None
    warehouse: str | None = None
    invoiced_at: datetime | None = None
    delivered_at: datetime | None = None
    delivered: Decimal = Decimal(0)
    net_minor: int = 0
    tax_minor: int = 0
    returned_before: Decimal = Decimal(0)
    credited_before_minor: int = 0
    expires_on: date | None = None
    shipped_lot: str | None = None
    recall_open: bool = False
    pack_quantity: int = 1
    minimum_life_days: int | None = None
    """Remaining life that the next customer must get, from the customer's agreement."""
    shipped_serials: tuple[str, ...] = ()
    """Serial numbers on the source line; empty where none are known."""
    master_blocks: tuple[str, ...] = ()
    """Dispositions that wait for a gap in the item's master record to be closed."""
    flags: tuple[str, ...] | None = None
    """``ItemFlag`` codes of the item master; ``None`` is not known."""
    temperature: str | None = None
    warranty_days: int | None = None
    """From the customer's agreement, else the item's; ``None`` leaves the policy's own."""
    supplier_takes_unsaleables: bool | None = None
    delivery_signed: bool | None = None
    freight_minor: int = 0
    """The source line's share of the freight on its invoice, net."""
    freight_tax_minor: int = 0
    freight_refunded_before_minor: int = 0
    uom_scale: int | None = None
    """Decimals that a quantity may have; ``None`` was not told."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What the requester says of the goods; ``None`` was not asked, or not answered.

    ``condition`` is a ``Condition``, ``handed_over`` a ``Handover``; ``barcode``: the goods carry
    a readable one (UPC or EAN); ``soiled``: they could be cleaned.
    """

    condition: str | None = None
    handed_over: str | None = None
    barcode: bool | None = None
    soiled: bool | None = None
    infested: bool | None = None


@dataclass(frozen=True, slots=True)
class RequestedLine:
    """One line of a request. ``stated_reason`` is a canonical code the requester chose, or what
    ``foreign_reason`` (``x12_1293:DT``, as they said it) means by the crosswalk."""

    line: int
    sku: str
    quantity: Decimal
    uom: str
    reason_text: str
    facts: LineFacts
    source: SourceRef | None = None
    lot: str | None = None
    stated_reason: str | None = None
    evidence: tuple[str, ...] = ()
    value_minor: int = 0
    """Net value of the requested quantity at the price really invoiced."""
    serials: tuple[str, ...] = ()
    foreign_reason: str | None = None
    stated: Stated = Stated()
    advance: str | None = None
    """What the customer wants before the goods are back: ``credit`` or ``replacement``."""


@dataclass(frozen=True, slots=True)
class ReturnRequested:
    return_id: str
    customer_id: str
    business_unit: str
    channel: str
    currency: str
    requested_by: str
    requested_at: datetime
    lines: tuple[RequestedLine, ...]
    segment: str = ""
    credit_hold: bool = False
    return_window_days: int | None = None
    reference: str | None = None
    contract: str | None = None
    """The customer's agreement with us, where there is one."""
    advances_unreturned: int = 0
    """Lines of the last year that were advanced and whose goods did not all come."""
    advances_open_minor: int = 0
    """Advanced to the customer in this currency, goods still to come, net."""


@dataclass(frozen=True, slots=True)
class AssessmentRecorded:
    """A model's answer entered the case. ``portion`` is set for disposition and credit."""

    return_id: str
    point: str
    line: int
    assessment: Assessment
    portion: str | None = None
    clearing: Clearing | None = None
    left_minor: int | None = None
    """Of a credit: net that its invoice line had left, where other returns left it too little."""


@dataclass(frozen=True, slots=True)
class LaneChosen:
    """How far a model's answer is acted on, and how likely a person is to judge it.

    ``portion`` as in ``AssessmentRecorded``. ``eligible``: the rules alone would let the answer
    pass without a person, were it sure enough; ``review_permille`` is its propensity, the chance
    in thousandths that a person decides (1000 where one does anyway); ``audited``: it was drawn,
    so the person who decides does not see it. ``principal`` is whose row of the approval limits
    was asked (``model``, ``system`` or ``nobody``); empty before it was noted.
    """

    return_id: str
    point: str
    line: int
    lane: str
    eligible: bool
    audited: bool
    review_permille: int
    verdict: Verdict
    portion: str | None = None
    principal: str = ""


@dataclass(frozen=True, slots=True)
class ReasonSettled:
    """The canonical reason of a line is known. ``how``: ``stated``, ``model`` or ``person``."""

    return_id: str
    line: int
    reason: str
    how: str
    settled_by: str
    customer_id: str = ""
    sku: str = ""
    supplier_id: str | None = None
    carrier_id: str | None = None


@dataclass(frozen=True, slots=True)
class EligibilityJudged:
    return_id: str
    line: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class TaskOpened:
    """Somebody who holds ``role`` must decide ``point``. ``amount_minor`` is what is at stake."""

    return_id: str
    task_id: str
    point: str
    role: str
    verdict: Verdict
    amount_minor: int
    currency: str
    opened_at: datetime
    due_at: datetime
    line: int | None = None
    portion: str | None = None
    proposal: str | None = None
    allowed: tuple[str, ...] = ()
    approvals_needed: int = 1
    sequence: int | None = None
    """The credit of the line that is asked about, for ``credit`` tasks; the part of the portion
    that is claimed or in the workshop, for ``claim``, ``write_off`` and ``refurbish`` tasks; the
    report of the workshop, for ``refurbish_check`` tasks."""
    sku: str | None = None
    lot: str | None = None
    quantity: Decimal | None = None
    """Goods beyond the authorisation, for ``receipt`` tasks."""
    blind: bool = False
    """The model's answer is not shown until the task is decided: an audit."""
    asked_by: str | None = None
    """Who gave up the rest of a claim, for ``write_off`` tasks, or did the work, for
    ``refurbish_check`` tasks; they may not decide it."""
    note: str = ""
    """Why they gave it up."""
    other_role: str | None = None
    """Two keys: the role of the other one, who holds it turned it already where ``approved_by``
    names somebody."""
    approved_by: tuple[str, ...] = ()
    approved_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskDecided:
    """A person decided. ``decision``: ``approve``, ``reject``, ``override`` or ``escalate``."""

    return_id: str
    task_id: str
    point: str
    decision: str
    decided_by: str
    role: str
    decided_at: datetime
    line: int | None = None
    portion: str | None = None
    value: str | None = None
    reason_code: str | None = None
    note: str = ""
    proposal: str | None = None
    final: bool = True
    """False for the first of two approvals under dual control."""
    sequence: int | None = None
    for_whom: str | None = None
    """The delegator in whose name it was decided; ``None`` in one's own."""
    review_draw: int | None = None
    """Drawn from 0 to 999; below ``review_permille`` a second person reviews the decision."""
    review_permille: int = 0

    @property
    def reviewed(self) -> bool:
        """Whether a second person is to review the decision, blind."""
        return self.review_draw is not None and self.review_draw < self.review_permille


@dataclass(frozen=True, slots=True)
class SecondReviewGiven:
    """Somebody else of the same role decided the same, without seeing the first decision.

    Nothing follows from it: it is quality control. ``agreed``: both came to the same outcome.
    """

    return_id: str
    task_id: str
    point: str
    role: str
    decision: str
    value: str | None
    reviewed_by: str
    reviewed_at: datetime
    agreed: bool
    for_whom: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TaskEscalated:
    """A task was not decided in time: it is closed, and one for ``to_role`` opens in its place."""

    return_id: str
    task_id: str
    from_role: str
    to_role: str
    due_at: datetime
    escalated_at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class TaskOverdue:
    """A task was not decided in time and nobody stands above its role: it stays, marked once."""

    return_id: str
    task_id: str
    role: str
    due_at: datetime
    marked_at: datetime


@dataclass(frozen=True, slots=True)
class TaskWithdrawn:
    """A task is no longer needed (cancelled, expired, overtaken)."""

    return_id: str
    task_id: str
    why: str


@dataclass(frozen=True, slots=True)
class AuthorisedLine:
    """``goods`` false: the line is about money only, and nothing of it may come back."""

    line: int
    quantity: Decimal
    goods: bool = True


@dataclass(frozen=True, slots=True)
class ReturnAuthorised:
    """The RMA exists. ``goods_required`` false means that no line's goods come back.

    ``policies`` are the versions (``credit@7#ab12cdef``) that the case keeps from here on.
    """

    return_id: str
    lines: tuple[AuthorisedLine, ...]
    authorised_by: str
    authorised_at: datetime
    expires_at: datetime
    verdict: Verdict
    goods_required: bool = True
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnRefused:
    return_id: str
    code: str
    because: str
    refused_by: str
    refused_at: datetime
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """``line`` is ``None`` for goods nobody announced (blind). ``discrepancies`` name what
    differs: ``short``, ``over``, ``blind``, ``wrong_lot``, ``wrong_item``, ``unknown_item`` (no
    master lists it). ``condition`` and ``damage_code`` (X12 element 853) are what the door saw;
    what the goods are is said by the inspection."""

    line: int | None
    sku: str
    quantity: Decimal
    lot: str | None = None
    discrepancies: tuple[str, ...] = ()
    condition: str | None = None
    damage_code: str | None = None


@dataclass(frozen=True, slots=True)
class GoodsReceived:
    return_id: str
    receipt_id: str
    warehouse: str
    received_by: str
    received_at: datetime
    lines: tuple[ReceivedLine, ...]
    final: bool = False
    """True when the receiver says that nothing more will come (a short receipt)."""
    unit: str = ""
    """The business unit that owns the warehouse; empty is the return's own."""
    freight_minor: int = 0
    """What the way back cost, as far as it is known with this receipt."""


@dataclass(frozen=True, slots=True)
class ChargedLine:
    line: int
    sku: str
    lot: str | None
    quantity: Decimal
    amount_minor: int
    margin_minor: int = 0
    """What of the amount is the transfer price beyond the cost."""


@dataclass(frozen=True, slots=True)
class IntercompanyCharged:
    """``owing_unit`` owes ``owed_unit`` the transfer price of goods: it took in what the other
    sold, or the goods that the other took in for it are gone.

    ``cause`` ends the key of the effect; ``status`` is the stock status that the goods came from
    or went to. Amounts are in minor units of the return's currency. ``verdict`` is the transfer
    price policy's, where goods are taken in; what is charged back is a share of that.
    """

    return_id: str
    cause: str
    owing_unit: str
    owed_unit: str
    status: str
    lines: tuple[ChargedLine, ...]
    charged_at: datetime
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class SurplusSettled:
    """What becomes of goods beyond the authorisation. ``outcome``: ``accepted`` (the line's
    authorised quantity grows), ``sent_back`` or ``quarantined``; ``line`` is ``None`` for blind
    goods."""

    return_id: str
    task_id: str
    line: int | None
    sku: str
    quantity: Decimal
    outcome: str
    settled_by: str
    settled_at: datetime
    lot: str | None = None


@dataclass(frozen=True, slots=True)
class RequiredLife:
    """The life that customers who buy an item regularly must get, as agreed on that day.

    ``days`` is what the least demanding of them must get, ``strictest_days`` the most demanding;
    ``None`` where one of them (of ``strictest_days``: all) has no agreement at any level.
    ``customers`` counts them; with none, ``days`` is what the customer of the return must get.
    """

    days: int | None
    strictest_days: int | None
    customers: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What an inspector saw besides the condition; ``None`` was not looked at.

    ``barcode``: the goods carry a readable one, ``scanned`` is what it reads; ``soiled``: they
    could be cleaned.
    """

    barcode: bool | None = None
    scanned: str | None = None
    soiled: bool | None = None
    infested: bool | None = None


NOTHING_SEEN = Seen()


@dataclass(frozen=True, slots=True)
class LineInspected:
    """A portion of a received line was looked at. ``portion`` is ``{line}.{n}``."""

    return_id: str
    line: int
    portion: str
    quantity: Decimal
    condition: str
    inspected_by: str
    inspected_at: datetime
    lot: str | None = None
    damage_code: str | None = None
    expires_on: date | None = None
    remaining_life_days: int | None = None
    temperature_ok: bool | None = None
    recall_open: bool = False
    note: str = ""
    evidence: tuple[str, ...] = ()
    customer_id: str = ""
    sku: str = ""
    serials: tuple[str, ...] = ()
    """Serial numbers read off the goods, one a piece; empty where none were read."""
    required_life: RequiredLife | None = None
    """``None`` for goods without a date, and in events from before it was looked up."""
    seen: Seen = NOTHING_SEEN


@dataclass(frozen=True, slots=True)
class DispositionPart:
    disposition: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class DispositionProposed:
    """``how``: ``model``, ``inspector``, ``person`` or ``rule``: of the latter ``rule`` is the one
    that asked for it, empty where the rules left one option only."""

    return_id: str
    line: int
    portion: str
    parts: tuple[DispositionPart, ...]
    how: str
    proposed_by: str
    allowed: tuple[str, ...]
    masked: tuple[Masked, ...]
    rule: str = ""


@dataclass(frozen=True, slots=True)
class DispositionConfirmed:
    return_id: str
    line: int
    portion: str
    parts: tuple[DispositionPart, ...]
    confirmed_by: str
    confirmed_at: datetime
    verdict: Verdict
    how: str = "rule"
    """``model`` and ``rule`` for the automatic lane, ``person`` for a decided task."""
    customer_id: str = ""
    sku: str = ""
    claims_follow: bool = False
    """What goes back to a supplier is claimed by ``ClaimRaised``. False in events from before a
    claim was a document of its own: it was claimed at once."""


@dataclass(frozen=True, slots=True)
class ClaimRaised:
    """A part of a portion goes back to its supplier, who shall pay for it.

    ``demanded`` are the kinds of evidence that the claims policy wants first, ``evidence`` pairs
    of kind and reference of what the case held already. ``claimed_minor`` is at cost; ``claim_by``
    is the last day of the supplier's window, days in UTC.
    """

    return_id: str
    line: int
    portion: str
    part: int
    supplier_id: str
    sku: str
    lot: str | None
    quantity: Decimal
    claimed_minor: int
    currency: str
    reason: str | None
    claim_by: date | None
    demanded: tuple[str, ...]
    evidence: tuple[tuple[str, str], ...]
    raised_at: datetime
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ClaimEvidenceGiven:
    """Somebody handed in evidence of a kind; ``reference`` says where it is."""

    return_id: str
    portion: str
    part: int
    kind: str
    reference: str
    given_by: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimSubmitted:
    """Nothing demanded is missing: the claim goes to the ERP, under
    ``{return_id}/{portion}/claim/{part}``."""

    return_id: str
    portion: str
    part: int
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimAnswered:
    """A supplier answered, for the ``sequence``-th time. ``response`` is an X12 1172 code;
    ``told_as`` and ``answer_id`` are the claim's and the answer's numbers as we were told."""

    return_id: str
    line: int
    portion: str
    part: int
    sequence: int
    told_as: str
    answer_id: str
    supplier_id: str
    response: str
    recovered_minor: int
    currency: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimWrittenOff:
    """What is left of a claim was given up by ``proposed_by`` and approved by another, or passes
    by the limits (``system``). ``reason`` is a code of ``workflow.claim.WRITE_OFF_REASONS``."""

    return_id: str
    line: int
    portion: str
    part: int
    amount_minor: int
    currency: str
    reason: str
    note: str
    proposed_by: str
    approved_by: str
    written_off_at: datetime
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class PortionReinspected:
    """Goods on hold were looked at again: what was found now stands instead of what stood before.

    ``recall_open`` is what is open on that day; a recall that was closed since no longer binds.
    """

    return_id: str
    line: int
    portion: str
    condition: str
    inspected_by: str
    inspected_at: datetime
    lot: str | None = None
    damage_code: str | None = None
    expires_on: date | None = None
    remaining_life_days: int | None = None
    temperature_ok: bool | None = None
    recall_open: bool = False
    note: str = ""
    evidence: tuple[str, ...] = ()
    sku: str = ""
    serials: tuple[str, ...] | None = None
    """``None`` leaves those read before."""
    required_life: RequiredLife | None = None
    seen: Seen = NOTHING_SEEN


@dataclass(frozen=True, slots=True)
class HoldReleaseAsked:
    """The first of two people says what shall become of goods on hold; another must agree.

    ``for_whom`` is the delegator in whose name they said it.
    """

    return_id: str
    line: int
    portion: str
    parts: tuple[DispositionPart, ...]
    asked_by: str
    asked_at: datetime
    because: str
    for_whom: str | None = None


@dataclass(frozen=True, slots=True)
class HoldReleased:
    """Goods leave quarantine for good; what ``parts`` leave out stays on hold."""

    return_id: str
    line: int
    portion: str
    parts: tuple[DispositionPart, ...]
    released_by: str
    released_at: datetime
    because: str
    sku: str = ""


@dataclass(frozen=True, slots=True)
class RefurbishOrdered:
    """The workshop is asked to make goods as good as new. ``part`` is the part of the portion that
    goes there; ``verdict`` is the refurbish policy's.

    ``costing`` says where the cost of work on goods that go back to stock is booked: ``expensed``,
    or ``capitalised`` with the goods. What is worth ``check_from_minor`` or more, work included, is
    looked at by ``check_role`` before it leaves the workshop; by nobody where that is ``None``.
    """

    return_id: str
    line: int
    portion: str
    part: int
    sku: str
    lot: str | None
    quantity: Decimal
    role: str
    costing: str
    due_at: datetime
    ordered_at: datetime
    verdict: Verdict
    check_role: str | None = None
    check_from_minor: int = 0


@dataclass(frozen=True, slots=True)
class RefurbishReported:
    """The workshop says what came of a quantity of an order, for the ``sequence``-th time of a
    portion. ``outcome``: ``as_new``, ``failed`` (``disposition`` says where the goods go) or
    ``stopped``; ``condition`` is theirs now, ``cost_minor`` the cost of all the work on them."""

    return_id: str
    line: int
    portion: str
    part: int
    sequence: int
    quantity: Decimal
    outcome: str
    disposition: str
    condition: str
    cost_minor: int
    currency: str
    reported_by: str
    reported_at: datetime
    note: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefurbishSettled:
    """Goods leave the workshop for good. ``rule`` is what kept goods that are as good as new from
    stock: they are on hold then. ``costing`` is ``capitalised`` only for what goes to stock."""

    return_id: str
    line: int
    portion: str
    part: int
    sequence: int
    quantity: Decimal
    outcome: str
    disposition: str
    cost_minor: int
    currency: str
    costing: str
    settled_by: str
    settled_at: datetime
    sku: str = ""
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class RefurbishSentBack:
    """What the workshop reported is not accepted: the goods are still its to work on."""

    return_id: str
    line: int
    portion: str
    part: int
    sequence: int
    sent_back_by: str
    sent_back_at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class RecallReached:
    """A recall that was opened later covers goods of this return. ``portion`` is ``None`` for what
    was not inspected yet; ``passed_on`` is what became of a portion that was disposed of."""

    return_id: str
    recall_id: str
    line: int
    sku: str
    reached_at: datetime
    portion: str | None = None
    lot: str | None = None
    passed_on: tuple[DispositionPart, ...] = ()


@dataclass(frozen=True, slots=True)
class MasterGapsChanged:
    """A gap in an item's master record was found or closed while goods are under way.

    ``blocks`` are the dispositions that wait from here on, for ``findings``; ``portions`` those
    inspected ones of the line for which other dispositions are possible than before.
    """

    return_id: str
    line: int
    sku: str
    blocks: tuple[str, ...]
    findings: tuple[str, ...]
    changed_at: datetime
    portions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CreditProposed:
    """What the credit policy computed for a portion. ``portion`` is ``{line}.value`` where
    nothing came back. ``sequence`` counts credits of one line from 1.

    ``kind``: ``goods`` (what was disposed of, or stays with the customer), ``advance`` (before the
    goods are back, ``portion`` is ``{line}.advance``) or ``rest`` (what an advance left over,
    ``{line}.rest``). Of an advance ``value_minor`` is the invoiced net it stands for.
    """

    return_id: str
    line: int
    portion: str
    sequence: int
    quantity: Decimal
    decision: str
    release: str
    percent: int
    fee_minor: int
    net_minor: int
    tax_minor: int
    proposed_at: datetime
    verdict: Verdict
    part: int = 1
    disposition: str | None = None
    customer_id: str = ""
    sku: str = ""
    kind: str = "goods"
    value_minor: int = 0
    freight_minor: int = 0
    """Of the delivery's freight, given back with it, net."""
    freight_tax_minor: int = 0
    return_freight_minor: int = 0
    """Charged for the way back, taken off it."""
    freight_verdict: Verdict | None = None

    @property
    def stake_minor(self) -> int:
        """The money at stake: its goods and the freight that goes with them."""
        return self.goods_minor + self.freight_minor

    @property
    def goods_minor(self) -> int:
        """What it takes of its invoice line's net: of a replacement in advance, what was invoiced
        for the goods."""
        return max(self.net_minor, self.value_minor)


@dataclass(frozen=True, slots=True)
class CreditApproved:
    """The money decision. The key of its effect is ``{return_id}/{line}/credit/{sequence}``.

    ``goods_due`` makes it an advance: until when its goods are to be back. ``value_minor`` and
    ``value_tax_minor`` are then what it stands for, of a replacement too.
    """

    return_id: str
    line: int
    portion: str
    sequence: int
    decision: str
    release: str
    net_minor: int
    tax_minor: int
    currency: str
    approved_by: str
    approved_at: datetime
    verdict: Verdict
    customer_id: str = ""
    sku: str = ""
    goods_due: datetime | None = None
    value_minor: int = 0
    value_tax_minor: int = 0
    freight_minor: int = 0
    freight_tax_minor: int = 0
    return_freight_minor: int = 0


@dataclass(frozen=True, slots=True)
class CreditReleased:
    """A credit that waited (for the vendor, or for a request) may now reach the customer."""

    return_id: str
    line: int
    sequence: int
    released_by: str
    released_at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class CreditDenied:
    return_id: str
    line: int
    portion: str
    sequence: int
    denied_by: str
    denied_at: datetime
    because: str
    verdict: Verdict
    customer_id: str = ""
    sku: str = ""


@dataclass(frozen=True, slots=True)
class CreditWithdrawn:
    """A proposed credit is no longer asked about: overtaken, neither paid nor denied."""

    return_id: str
    line: int
    sequence: int
    because: str


@dataclass(frozen=True, slots=True)
class AdvanceJudged:
    """Whether ``wanted`` is given before the goods are back, asked of a person, or refused."""

    return_id: str
    line: int
    wanted: str
    value_minor: int
    verdict: Verdict
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class GoodsAwaited:
    """The goods of an advance get more time."""

    return_id: str
    line: int
    goods_due: datetime
    decided_by: str
    decided_at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class GoodsGivenUp:
    """What is outstanding of an advanced line is waited for no more. ``then`` says what becomes
    of what it is worth: ``charge_back`` or ``let_go``."""

    return_id: str
    line: int
    quantity: Decimal
    then: str
    decided_by: str
    decided_at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class SettledPart:
    """A disposed part of an advanced line, and what it is worth by the credit policy's rule."""

    portion: str
    part: int
    disposition: str
    quantity: Decimal
    net_minor: int
    rule: str


@dataclass(frozen=True, slots=True)
class AdvanceSettled:
    """All goods of an advanced line are judged or given up: ``entitled_minor`` is what they earn,
    net, beside the ``given_minor`` of the advance."""

    return_id: str
    line: int
    sequence: int
    given_minor: int
    entitled_minor: int
    parts: tuple[SettledPart, ...]
    settled_at: datetime


@dataclass(frozen=True, slots=True)
class AdvanceChargedBack:
    """The customer owes again what was ``given`` (``credit`` or ``replacement``) and is not
    deserved. The key of its effect is
    ``{return_id}/{line}/charge_back/{sequence}``."""

    return_id: str
    line: int
    sequence: int
    net_minor: int
    tax_minor: int
    currency: str
    given: str
    approved_by: str
    approved_at: datetime
    verdict: Verdict
    customer_id: str = ""
    sku: str = ""


@dataclass(frozen=True, slots=True)
class AdvanceLetGo:
    """The customer keeps what was advanced and is not deserved; nothing is posted."""

    return_id: str
    line: int
    amount_minor: int
    currency: str
    asked_by: str
    approved_by: str
    approved_at: datetime
    note: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class EffectDone:
    """The world did what we asked. ``reference`` is the other system's document number."""

    return_id: str
    key: str
    kind: str
    reference: str
    done_at: datetime


@dataclass(frozen=True, slots=True)
class EffectParked:
    """The world would not; a person must look. The effect can be retried under its key."""

    return_id: str
    key: str
    kind: str
    error: str
    parked_at: datetime


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of an effect by its path (``lines.1.lot``), in words; ``None`` is nothing."""

    path: str
    was: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class EffectCorrected:
    """A person corrected what a parked effect says where the other system did not take it."""

    return_id: str
    key: str
    kind: str
    changes: tuple[FieldChange, ...]
    because: str
    corrected_by: str
    corrected_at: datetime


@dataclass(frozen=True, slots=True)
class AbandonmentProposed:
    """A person wants a parked effect given up; another must agree to the same reason."""

    return_id: str
    key: str
    kind: str
    reason: str
    note: str
    proposed_by: str
    proposed_at: datetime


@dataclass(frozen=True, slots=True)
class EffectAbandoned:
    """A parked effect is given up: it will not be done by us. What is missing in the other system
    for it stays a reconciliation exception. ``reason``: one of ``abandoning.REASONS``.
    ``proposed_by`` is the other person; empty where one was enough."""

    return_id: str
    key: str
    kind: str
    reason: str
    note: str
    abandoned_by: str
    abandoned_at: datetime
    proposed_by: str = ""


@dataclass(frozen=True, slots=True)
class ReturnCancelled:
    return_id: str
    cancelled_by: str
    cancelled_at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class AuthorisationExpired:
    """Nothing was received before the authorisation ran out."""

    return_id: str
    expired_at: datetime


@dataclass(frozen=True, slots=True)
class ReturnClosed:
    """Nothing is left to receive, dispose of, credit or wait for."""

    return_id: str
    closed_at: datetime


CaseEvent = (
    ReturnRequested
    | AssessmentRecorded
    | LaneChosen
    | ReasonSettled
    | EligibilityJudged
    | TaskOpened
    | TaskDecided
    | SecondReviewGiven
    | TaskEscalated
    | TaskOverdue
    | TaskWithdrawn
    | ReturnAuthorised
    | ReturnRefused
    | GoodsReceived
    | IntercompanyCharged
    | SurplusSettled
    | LineInspected
    | DispositionProposed
    | DispositionConfirmed
    | PortionReinspected
    | HoldReleaseAsked
    | HoldReleased
    | RefurbishOrdered
    | RefurbishReported
    | RefurbishSettled
    | RefurbishSentBack
    | ClaimRaised
    | ClaimEvidenceGiven
    | ClaimSubmitted
    | ClaimAnswered
    | ClaimWrittenOff
    | RecallReached
    | MasterGapsChanged
    | CreditProposed
    | CreditApproved
    | CreditReleased
    | CreditDenied
    | CreditWithdrawn
    | AdvanceJudged
    | GoodsAwaited
    | GoodsGivenUp
    | AdvanceSettled
    | AdvanceChargedBack
    | AdvanceLetGo
    | EffectDone
    | EffectParked
    | EffectCorrected
    | AbandonmentProposed
    | EffectAbandoned
    | ReturnCancelled
    | AuthorisationExpired
    | ReturnClosed
)
