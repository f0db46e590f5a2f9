"""Facts other systems tell us: masters, invoices, stock and money documents, recalls.

These are events too (``journal`` stores them), kept apart from the case events of
``events.py`` because they are never decided, only recorded. Money is integer minor units
of ``currency``; quantities are ``Decimal`` in the product's unit; times are aware, in UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from workflow.assessment import Assessment
from workflow.edi_facts import InterchangeTaken
from workflow.parked_facts import ParkingFact


@dataclass(frozen=True, slots=True)
class CustomerRegistered:
    """Stream ``customer/{customer_id}``."""

    customer_id: str
    name: str
    business_unit: str
    country: str
    channel: str
    segment: str
    credit_hold: bool = False
    contract: str | None = None
    return_window_days: int | None = None
    """From the customer's agreement; ``None`` leaves the policy's own window."""
    minimum_life_days: int | None = None
    vat_id: str | None = None
    """With the prefix of its country, such as ``DE811907980``."""
    street: str | None = None
    postcode: str | None = None
    city: str | None = None
    email_domain: str | None = None
    warranty_days: int | None = None
    """From the customer's agreement, counted from delivery; goes before the item's own."""
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerLifeAgreed:
    """Stream ``life/{customer_id}/{sku}``: of this item the customer takes nothing with fewer days
    left. It goes before what the customer agreed for all items; ``None`` withdraws it."""

    customer_id: str
    sku: str
    minimum_life_days: int | None


@dataclass(frozen=True, slots=True)
class ClassLifeAgreed:
    """Stream ``life-of-class/{item_class}``: what customers without an agreement of their own get
    at least of items of a class; ``None`` withdraws it."""

    item_class: str
    minimum_life_days: int | None


@dataclass(frozen=True, slots=True)
class SupplierRegistered:
    """Stream ``supplier/{supplier_id}``."""

    supplier_id: str
    name: str
    claim_window_days: int
    accepts_returns: bool
    credit_percent: int
    takes_unsaleables: bool | None = None
    """Listed as bearing goods that cannot be sold any more; ``None`` is not known."""
    street: str | None = None
    """This to ``phone`` are told by traceability records; ``country`` is ISO 3166-1 alpha-2."""
    postcode: str | None = None
    city: str | None = None
    country: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class CarrierRegistered:
    """Stream ``carrier/{carrier_id}``."""

    carrier_id: str
    name: str


@dataclass(frozen=True, slots=True)
class WarehouseRegistered:
    """Stream ``warehouse/{warehouse_id}``. ``business_unit`` owns what is taken in there."""

    warehouse_id: str
    name: str
    business_unit: str
    street: str | None = None
    """This to ``phone`` are told by traceability records; ``country`` is ISO 3166-1 alpha-2."""
    postcode: str | None = None
    city: str | None = None
    country: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class ProductListed:
    """Stream ``product/{sku}``. ``uom_scale`` is the number of decimals a quantity may have.

    ``returnable`` is ``always``, ``never`` or ``by_authorisation``; ``regulated`` is
    ``none``, ``food`` or ``drug``; ``date_kind`` is ``none``, ``use_by`` or
    ``best_before`` (two kinds of date, EU 1169/2011). ``flags`` are ``ItemFlag`` codes, ``None``
    where the master says nothing of the kind; ``temperature`` is a ``Temperature``.
    """

    sku: str
    description: str
    item_class: str
    business_unit: str
    uom: str
    uom_scale: int
    supplier_id: str | None
    currency: str
    unit_cost_minor: int
    lot_controlled: bool = False
    shelf_life_days: int | None = None
    date_kind: str = "none"
    regulated: str = "none"
    returnable: str = "always"
    stocked: bool = True
    refurbishable: bool = False
    cold_chain: bool = False
    pack_quantity: int = 1
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    weight_g: int | None = None
    flags: tuple[str, ...] | None = None
    temperature: str | None = None
    warranty_days: int | None = None
    """Counted from delivery."""


@dataclass(frozen=True, slots=True)
class LotRegistered:
    """Stream ``lot/{sku}/{lot}``."""

    sku: str
    lot: str
    supplier_id: str | None
    produced_on: date | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class RecallOpened:
    """Stream ``recall/{recall_id}``. ``lots`` empty means every lot of the item."""

    recall_id: str
    sku: str
    lots: tuple[str, ...]
    supplier_id: str | None
    reason: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class RecallClosed:
    """Stream ``recall/{recall_id}``."""

    recall_id: str
    sku: str
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One delivered and invoiced line. ``net_minor`` is what was really invoiced, after
    discounts and before tax; it may not equal quantity x list price."""

    line: int
    sku: str
    lot: str | None
    quantity: Decimal
    uom: str
    unit_price: Decimal
    """List price a unit in major units of the currency, for display only."""
    net_minor: int
    tax_minor: int = 0
    description: str = ""
    source_line: int | None = None
    """Line number in the file it was imported from, where it was."""
    serials: tuple[str, ...] = ()
    """Serial numbers of what was shipped; empty where the item has none or nobody noted them."""


@dataclass(frozen=True, slots=True)
class InvoiceRecorded:
    """Stream ``invoice/{invoice_id}``: a sale that was delivered and invoiced."""

    invoice_id: str
    customer_id: str | None
    business_unit: str
    currency: str
    invoiced_at: datetime
    delivered_at: datetime
    lines: tuple[InvoiceLine, ...]
    order_id: str | None = None
    carrier_id: str | None = None
    warehouse: str | None = None
    country: str | None = None
    channel: str | None = None
    delivery_signed: bool | None = None
    """The customer signed for the delivery as complete; ``None`` is not known."""
    freight_minor: int = 0
    """Charged for the delivery apart from the lines, net."""
    freight_tax_minor: int = 0


@dataclass(frozen=True, slots=True)
class CreditNoteLine:
    """One credited line of the ERP. ``quantity`` and ``net_minor`` are positive."""

    line: int
    sku: str
    quantity: Decimal
    unit_price: Decimal
    net_minor: int
    description: str = ""
    source_line: int | None = None
    invoice_id: str | None = None
    invoice_line: int | None = None
    reason: str | None = None
    tax_minor: int = 0


@dataclass(frozen=True, slots=True)
class CreditNoteRecorded:
    """Stream ``credit-note/{credit_note_id}``: a credit note that exists in the ERP.

    ``system`` names whose codes the ``reason`` of its lines is; ``None``: our own."""

    credit_note_id: str
    customer_id: str | None
    business_unit: str
    currency: str
    credited_at: datetime
    lines: tuple[CreditNoteLine, ...]
    country: str | None = None
    return_id: str | None = None
    """The case that asked for it, where one did."""
    system: str | None = None


@dataclass(frozen=True, slots=True)
class CreditMatched:
    """Stream ``credit-note/{credit_note_id}``: how one credited line reconciles with sales.

    ``match`` is ``confirmed`` (one sale line explains it fully), ``suggested`` (several sale
    lines, or a different price), or ``unmatched``. ``invoices`` are ``(invoice_id, line,
    quantity, net_minor)`` consumed, earliest remaining first as the matcher chose.
    """

    credit_note_id: str
    line: int
    customer_id: str | None
    sku: str
    match: str
    quantity: Decimal
    net_minor: int
    unmatched_quantity: Decimal
    unmatched_minor: int
    price_variance_minor: int
    days_since_sale: int | None
    invoices: tuple[tuple[str, int, Decimal, int], ...]
    matched_at: datetime


@dataclass(frozen=True, slots=True)
class CreditNoteAssessed:
    """Stream ``credit-note/{credit_note_id}``: the anomaly model's answer for one line."""

    credit_note_id: str
    line: int
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class StockWriteOffRecorded:
    """Stream ``stock/{document_id}``: stock that vanished without a customer."""

    document_id: str
    sku: str
    quantity: Decimal
    uom: str
    written_off_at: datetime
    text: str
    value_minor: int
    currency: str
    source_line: int | None = None


@dataclass(frozen=True, slots=True)
class SupplierClaimAnswered:
    """Stream ``claim/{claim_id}``: what a supplier paid. ``response`` is an X12 1172 code.

    ``claim_id`` is our number of the claim, the ERP's, or the supplier's own. A supplier may answer
    in parts: each answer then has a number, ``answer_id``, and ``recovered_minor`` of its own.
    """

    claim_id: str
    supplier_id: str
    return_id: str
    line: int
    sku: str
    claimed_minor: int
    recovered_minor: int
    currency: str
    response: str
    answered_at: datetime
    answer_id: str = ""


@dataclass(frozen=True, slots=True)
class RowsSetAside:
    """Stream ``import/{source_digest}``: rows of a file that could not be facts.

    ``kind`` says why (``missing_customer``, ``zero_price``, ``not_a_product`` ...);
    ``source_lines`` are 1-based line numbers in the file, header line included.
    """

    source: str
    source_digest: str
    kind: str
    source_lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FileImported:
    """Stream ``import/{source_digest}``: a file was read to its end."""

    source: str
    source_digest: str
    format: str
    lines: int
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ExceptionRaised:
    """Stream ``exception/{exception_id}``: two ledgers disagree.

    ``code`` is an ``ExceptionCode``; ``subject`` names the documents compared;
    ``exposure_minor`` is the money at stake (never negative), ``variance_minor`` the signed
    difference (ours minus theirs).
    """

    exception_id: str
    code: str
    business_unit: str
    currency: str
    exposure_minor: int
    variance_minor: int
    subject: str
    opened_at: datetime
    says: str
    return_id: str | None = None
    line: int | None = None
    customer_id: str | None = None
    supplier_id: str | None = None
    sku: str | None = None
    document: str | None = None
    matched_document: str | None = None
    match: str | None = None
    """``confirmed``, ``suggested`` or ``None``."""
    due_on: date | None = None
    """The last day on which something can be done about it, where there is one."""


@dataclass(frozen=True, slots=True)
class ExceptionAssessed:
    """Stream ``exception/{exception_id}``: the ranking model's answer; its confidence orders
    the worklist."""

    exception_id: str
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class ExceptionResolved:
    """Stream ``exception/{exception_id}``: a person closed it.

    ``resolution`` is ``corrected``, ``recovered``, ``written_off``, ``explained`` or
    ``duplicate``; ``loss_minor`` is the money really lost (0 where none)."""

    exception_id: str
    code: str
    resolution: str
    loss_minor: int
    recovered_minor: int
    note: str
    resolved_by: str
    resolved_at: datetime
    customer_id: str | None = None
    supplier_id: str | None = None
    confirmed_by: str | None = None
    """The second person, where the limits ask for two."""


@dataclass(frozen=True, slots=True)
class ExceptionResolutionProposed:
    """Stream ``exception/{exception_id}``: the first of two people says how it ends.

    ``let_go_minor`` is what would be let go, and what the limits were asked about.
    """

    exception_id: str
    resolution: str
    loss_minor: int
    recovered_minor: int
    note: str
    let_go_minor: int
    proposed_by: str
    proposed_at: datetime


@dataclass(frozen=True, slots=True)
class ExceptionResolutionRejected:
    """Stream ``exception/{exception_id}``: it does not end so; it is open as before."""

    exception_id: str
    because: str
    rejected_by: str
    rejected_at: datetime


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate that a version was held to before it was proposed.

    ``excusable`` is true where a person may let it pass for a stated reason; ``figures`` are
    what was measured.
    """

    name: str
    passed: bool
    says: str
    excusable: bool = False
    figures: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class PromotionProposed:
    """Stream ``model/{name}``. ``alias`` is ``champion`` or ``challenger``; ``despite`` is why
    it is proposed although an excusable gate failed; the digest is of the bundle that was
    judged."""

    proposal_id: str
    name: str
    version: str
    proposed_by: str
    metrics: tuple[tuple[str, float], ...]
    note: str = ""
    alias: str = "champion"
    bundle_digest: str = ""
    gates: tuple[GateResult, ...] = ()
    despite: str = ""


@dataclass(frozen=True, slots=True)
class PromotionApproved:
    """Stream ``model/{name}``: the version carries the alias from here on."""

    proposal_id: str
    name: str
    version: str
    approved_by: str
    alias: str
    bundle_digest: str
    bootstrap: bool = False
    """True only for the very first version of a demo, approved by the recorded bootstrap actor."""


@dataclass(frozen=True, slots=True)
class PromotionDeclined:
    """Stream ``model/{name}``: the proposal comes to nothing, by an approver or who made it."""

    proposal_id: str
    name: str
    version: str
    declined_by: str
    because: str


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """Stream ``alarm/{kind}/{subject}``: something other than a return needs a person.

    ``kind`` says what went wrong (``drift``, ``guarantee_broken``, ``lane_closed``), ``subject``
    with what (a model, a decision point); ``says`` is the sentence for whoever holds ``role``.
    ``figures`` are named numbers behind it, ``report`` where more is written, if anywhere;
    ``due_at`` until when something can be done about it.
    """

    alarm_id: str
    kind: str
    subject: str
    says: str
    role: str
    raised_at: datetime
    figures: tuple[tuple[str, float], ...] = ()
    report: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlarmSettled:
    """Stream ``alarm/{kind}/{subject}``: a person looked, and says what came of it."""

    alarm_id: str
    settled_by: str
    settled_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class ChampionRolledBack:
    """Stream ``model/{name}``: the version that was champion before is champion again.

    ``proposal_id`` is the proposal by which that version once became champion."""

    proposal_id: str
    name: str
    version: str
    rolled_back_by: str
    bundle_digest: str
    from_version: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class ChallengerWithdrawn:
    """Stream ``model/{name}``: nothing runs in shadow any more."""

    name: str
    version: str
    withdrawn_by: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class ChallengerAnswered:
    """Stream ``shadow/{name}``: what the challenger would have said where the champion spoke.

    Nothing follows from it. ``subject`` is what was asked about (``R-1001/1/1.1``), as the
    champion's own answer names it; ``of_position`` that answer's journal position. ``lane`` and
    ``champion_lane`` are what the rollout policy makes of either answer (``None`` outside
    cases). ``fault`` says why there is no answer; ``took_ms`` is the challenger's own time.
    """

    name: str
    version: str
    champion_version: str
    subject: str
    of_position: int
    amount_minor: int
    currency: str
    value: str | None
    confidence: float | None
    abstained: str | None
    lane: str | None
    champion_value: str | None
    champion_confidence: float | None
    champion_lane: str | None
    took_ms: float
    fault: str = ""


@dataclass(frozen=True, slots=True)
class DriftMeasured:
    """Stream ``drift/{name}``: how far what a champion reads and says has moved since training.

    ``findings`` are sentences about what went beyond its threshold; ``report`` is the whole
    measurement as JSON text.
    """

    name: str
    version: str
    measured_at: datetime
    since: datetime
    rows: int
    alarming: bool
    findings: tuple[str, ...]
    report: str


@dataclass(frozen=True, slots=True)
class AutomationCleared:
    """Stream ``automation/{point}``: how sure an answer must be to pass without a person.

    Holds for one version of the model; ``threshold`` is compared with the answer's sureness
    (``sureness``), ``None`` closes the automatic lane. With probability ``level`` no more than
    ``tolerated_permille`` of what it lets pass is wrong. ``cases`` judged by people were at least
    so sure, ``errors`` of them wrong, out of ``evidence`` in all. ``basis``: ``held_out`` (cases
    the model was not trained on, and audits since) or ``audits`` (alone, once a promise broke).
    """

    clearance_id: str
    point: str
    model: str
    version: str
    threshold: float | None
    tolerated_permille: int
    level: float
    cases: int
    errors: int
    evidence: int
    basis: str
    because: str
    cleared_at: datetime


@dataclass(frozen=True, slots=True)
class AutomationStopped:
    """Stream ``automation-stop/{stop_id}``: no model acts alone on what is named from here on.

    ``point`` (``reason``, ``disposition``, ``credit``), ``reason`` and ``item_class`` are ``None``
    where any is meant.
    """

    stop_id: str
    point: str | None
    reason: str | None
    item_class: str | None
    because: str
    stopped_by: str
    stopped_at: datetime


@dataclass(frozen=True, slots=True)
class AutomationResumed:
    """Stream ``automation-stop/{stop_id}``: the switch is turned back, by another person."""

    stop_id: str
    note: str
    resumed_by: str
    resumed_at: datetime


@dataclass(frozen=True, slots=True)
class EvidenceStored:
    """Stream ``evidence/{evidence_id}``: a file was brought. The id is ``sha256:`` and the hash of
    its bytes, ``media_type`` what the bytes are; ``name`` is what its owner called it."""

    evidence_id: str
    media_type: str
    size: int
    name: str
    stored_by: str
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class DelegationGiven:
    """Stream ``delegation/{delegation_id}``: ``delegate`` may decide what is asked of ``roles``.

    In the name of ``delegator``, who holds them in their own right; from ``first_day`` to
    ``last_day``, days in UTC, both included.
    """

    delegation_id: str
    delegator: str
    delegate: str
    roles: tuple[str, ...]
    first_day: date
    last_day: date
    because: str
    given_by: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class DelegationRevoked:
    """Stream ``delegation/{delegation_id}``: it ended at once, whatever its last day."""

    delegation_id: str
    revoked_by: str
    revoked_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class AbsenceRecorded:
    """Stream ``absence/{absence_id}``: a person takes no tasks from ``first_day`` to
    ``last_day``, days in UTC, both included."""

    absence_id: str
    person: str
    first_day: date
    last_day: date
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class AbsenceEnded:
    """Stream ``absence/{absence_id}``: the person is back, whatever the last day was."""

    absence_id: str
    ended_by: str
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class PolicyProposed:
    """Stream ``policy/{name}``: a draft that checks, with its text and its examples (TOML).

    ``unit`` is the business unit that it is a variant for, empty where it is general;
    ``digest`` the SHA-256 (hex) of the policy's content; ``effective`` its first day (UTC).
    """

    proposal_id: str
    name: str
    unit: str
    version: int
    effective: date
    digest: str
    text: str
    examples: str
    proposed_by: str
    proposed_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class PolicyPublished:
    """Stream ``policy/{name}``: the proposed version is in force from ``effective`` (UTC) on,
    or from ``published_at``, whichever is later."""

    proposal_id: str
    name: str
    unit: str
    version: int
    effective: date
    digest: str
    published_by: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class PolicyWithdrawn:
    """Stream ``policy/{name}``: the proposal is taken back or, where it was published, the
    version before it is in force again. Cases that keep the version are judged by it still."""

    proposal_id: str
    name: str
    unit: str
    version: int
    withdrawn_by: str
    withdrawn_at: datetime
    because: str = ""


@dataclass(frozen=True, slots=True)
class StockStatusReported:
    """Stream ``stock-status/{document_id}``: another system says in its own codes where goods are.

    ``system`` names whose codes ``status`` and ``disposition`` are (``sap_stock``); they are kept
    as told and translated by the crosswalk.
    """

    document_id: str
    system: str
    sku: str
    quantity: Decimal
    uom: str
    reported_at: datetime
    status: str | None = None
    disposition: str | None = None
    lot: str | None = None
    return_id: str | None = None


@dataclass(frozen=True, slots=True)
class MatchWeight:
    """What one comparison of a probable duplicate says: ``weight`` is log2 of how much likelier
    the level is among records of one party than among any two."""

    column: str
    level: str
    left: str
    right: str
    weight: float


@dataclass(frozen=True, slots=True)
class FindingOpened:
    """Stream ``finding/{kind}/{subject}``: a record is not as it must be, which is a task.

    ``kind`` is ``{master}.{rule}``; ``records`` are the masters it is about (two of a pair).
    ``blocks`` are the dispositions that wait for it. A probable duplicate rests on ``figures``
    and ``weights``. Opened again where it was closed, or weighs more than it did.
    """

    finding_id: str
    kind: str
    subject: str
    records: tuple[str, ...]
    severity: str
    role: str
    blocks: tuple[str, ...]
    says: str
    opened_at: datetime
    policy: str | None = None
    figures: tuple[tuple[str, float], ...] = ()
    weights: tuple[MatchWeight, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingAccepted:
    """Stream ``finding/{kind}/{subject}``: a person says that it may stay so, and why."""

    finding_id: str
    accepted_by: str
    accepted_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class FindingClosed:
    """Stream ``finding/{kind}/{subject}``: it was looked for again and is not there any more."""

    finding_id: str
    closed_at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class MappingProposed:
    """Stream ``crosswalk/{vocabulary}/{system}/{code}``: what another system's code means here.

    ``match`` is ``exact``, ``near`` (``loss`` says what differs) or ``none`` (``ours`` is ``None``,
    ``loss`` says why).
    """

    mapping_id: str
    vocabulary: str
    system: str
    code: str
    ours: str | None
    match: str
    loss: str
    proposed_by: str
    proposed_at: datetime


@dataclass(frozen=True, slots=True)
class MappingApproved:
    """Stream ``crosswalk/{vocabulary}/{system}/{code}``: it is used from here on."""

    mapping_id: str
    approved_by: str
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class MappingWithdrawn:
    """Stream ``crosswalk/{vocabulary}/{system}/{code}``: not used (any more)."""

    mapping_id: str
    withdrawn_by: str
    withdrawn_at: datetime
    because: str


Fact = (
    CustomerRegistered
    | CustomerLifeAgreed
    | ClassLifeAgreed
    | SupplierRegistered
    | CarrierRegistered
    | WarehouseRegistered
    | ProductListed
    | LotRegistered
    | RecallOpened
    | RecallClosed
    | InvoiceRecorded
    | CreditNoteRecorded
    | CreditMatched
    | CreditNoteAssessed
    | StockWriteOffRecorded
    | SupplierClaimAnswered
    | RowsSetAside
    | FileImported
    | ExceptionRaised
    | ExceptionAssessed
    | ExceptionResolved
    | ExceptionResolutionProposed
    | ExceptionResolutionRejected
    | PromotionProposed
    | PromotionApproved
    | PromotionDeclined
    | AlarmRaised
    | AlarmSettled
    | ChampionRolledBack
    | ChallengerWithdrawn
    | ChallengerAnswered
    | DriftMeasured
    | AutomationCleared
    | AutomationStopped
    | AutomationResumed
    | EvidenceStored
    | DelegationGiven
    | DelegationRevoked
    | AbsenceRecorded
    | AbsenceEnded
    | PolicyProposed
    | PolicyPublished
    | PolicyWithdrawn
    | StockStatusReported
    | FindingOpened
    | FindingAccepted
    | FindingClosed
    | MappingProposed
    | MappingApproved
    | MappingWithdrawn
    | ParkingFact
    | InterchangeTaken
)
