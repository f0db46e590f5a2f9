"""What somebody asks of a return, in the imperative.

A command carries everything ``decide`` may look at besides the state and the policies: who,
when, and the facts that were looked up for it. Nothing here has happened yet.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from workflow.actor import Actor
from workflow.assessment import Assessment, Clearing
from workflow.events import (
    NOTHING_SEEN,
    DispositionPart,
    FieldChange,
    RequestedLine,
    RequiredLife,
    Seen,
)


@dataclass(frozen=True, slots=True)
class RequestReturn:
    return_id: str
    customer_id: str
    business_unit: str
    channel: str
    currency: str
    lines: tuple[RequestedLine, ...]
    actor: Actor
    at: datetime
    segment: str = ""
    credit_hold: bool = False
    return_window_days: int | None = None
    reference: str | None = None
    contract: str | None = None
    advances_unreturned: int = 0
    advances_open_minor: int = 0


@dataclass(frozen=True, slots=True)
class RecordAssessment:
    """``point`` is ``reason``, ``disposition`` or ``credit``; ``portion`` names the portion
    (``1.1``) or, for credit, the sequence of the credit as text. Without ``clearing`` nothing
    was guaranteed, and the answer is not acted on without a person. ``left_minor`` is what the
    invoice line has left to credit, where that is less than the credit asks for."""

    point: str
    line: int
    assessment: Assessment
    actor: Actor
    at: datetime
    portion: str | None = None
    clearing: Clearing | None = None
    left_minor: int | None = None


@dataclass(frozen=True, slots=True)
class DecideTask:
    task_id: str
    decision: str
    actor: Actor
    at: datetime
    value: str | None = None
    reason_code: str | None = None
    note: str = ""
    draw: int | None = None
    """0 to 999: whether a second person reviews the decision; ``None`` draws nothing."""


@dataclass(frozen=True, slots=True)
class GiveSecondReview:
    """What a second person would have decided, who was not shown the first decision."""

    task_id: str
    decision: str
    actor: Actor
    at: datetime
    value: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """``line`` ``None`` means goods that nobody announced (blind); ``known`` is false for an item
    that no master lists. ``condition`` and ``damage_code`` are what the door saw, before any
    inspection."""

    line: int | None
    sku: str
    quantity: Decimal
    lot: str | None = None
    condition: str | None = None
    damage_code: str | None = None
    known: bool = True


@dataclass(frozen=True, slots=True)
class ReceiveGoods:
    receipt_id: str
    warehouse: str
    lines: tuple[ReceiptLine, ...]
    actor: Actor
    at: datetime
    final: bool = False
    unit: str = ""
    """The business unit that owns the warehouse; the return's own where it is empty."""
    freight_minor: int = 0
    """What the way back cost, in the return's currency, where the receiver knows."""


@dataclass(frozen=True, slots=True)
class InspectLine:
    """``recall_open`` and ``required_life`` were looked up at the moment of inspection."""

    line: int
    quantity: Decimal
    condition: str
    actor: Actor
    at: datetime
    lot: str | None = None
    damage_code: str | None = None
    expires_on: date | None = None
    temperature_ok: bool | None = None
    recall_open: bool = False
    note: str = ""
    evidence: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()
    required_life: RequiredLife | None = None
    seen: Seen = NOTHING_SEEN


@dataclass(frozen=True, slots=True)
class ReinspectPortion:
    """Goods on hold were looked at again; what is looked up was looked up at ``at``."""

    portion: str
    condition: str
    actor: Actor
    at: datetime
    lot: str | None = None
    damage_code: str | None = None
    expires_on: date | None = None
    temperature_ok: bool | None = None
    recall_open: bool = False
    note: str = ""
    evidence: tuple[str, ...] = ()
    serials: tuple[str, ...] | None = None
    required_life: RequiredLife | None = None
    seen: Seen = NOTHING_SEEN


@dataclass(frozen=True, slots=True)
class DisposePortion:
    """A person says what happens to a portion, possibly split, within what the rules allow.

    Of goods on hold, ``parts`` may be less than all: the rest stays on hold.
    """

    portion: str
    parts: tuple[DispositionPart, ...]
    actor: Actor
    at: datetime
    reason_code: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReportRefurbishment:
    """What came of goods in the workshop. ``part`` may be left out where one order of the portion
    is open; ``disposition`` is for what ``failed``; ``cost_minor`` is of the whole quantity."""

    portion: str
    quantity: Decimal
    outcome: str
    actor: Actor
    at: datetime
    part: int | None = None
    disposition: str | None = None
    condition: str | None = None
    cost_minor: int = 0
    note: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportRecall:
    """A recall was opened: of these lots of an item, or of all where ``lots`` is empty."""

    recall_id: str
    sku: str
    lots: tuple[str, ...]
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class ReportMasterGaps:
    """What waits, from now on, for gaps in an item's master record; nothing where ``blocks`` is
    empty. ``findings`` are the numbers of those gaps."""

    sku: str
    blocks: tuple[str, ...]
    findings: tuple[str, ...]
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseCredit:
    line: int
    sequence: int
    because: str
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class GiveClaimEvidence:
    """``reference`` says where the evidence is: an evidence id, a document number."""

    portion: str
    part: int
    kind: str
    reference: str
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerClaim:
    """A supplier's answer about a line. ``told_as`` is the claim's number as the supplier or the
    ERP has it; ``recovered_minor`` what this answer pays."""

    line: int
    told_as: str
    answer_id: str
    supplier_id: str
    claimed_minor: int
    recovered_minor: int
    response: str
    answered_at: datetime
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUpClaim:
    """Ask to write off what is left of a claim."""

    portion: str
    part: int
    reason: str
    note: str
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class CancelReturn:
    because: str
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class ExpireAuthorisation:
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class AskForGoods:
    """Ask what becomes of advances whose goods are past their day."""

    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class EscalateOverdue:
    """Pass on what is past its due time. ``unmanned``: roles in which nobody is present."""

    actor: Actor
    at: datetime
    unmanned: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AcknowledgeEffect:
    key: str
    kind: str
    reference: str
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class ParkEffect:
    key: str
    kind: str
    error: str
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class CorrectEffect:
    """Correct fields of a parked effect; ``changes`` say what they were."""

    key: str
    kind: str
    changes: tuple[FieldChange, ...]
    because: str
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class AbandonEffect:
    """Give a parked effect up, for a ``reason`` of ``abandoning.REASONS``; two people must."""

    key: str
    kind: str
    reason: str
    note: str
    actor: Actor
    at: datetime


Command = (
    RequestReturn
    | RecordAssessment
    | DecideTask
    | GiveSecondReview
    | ReceiveGoods
    | InspectLine
    | ReinspectPortion
    | DisposePortion
    | ReportRefurbishment
    | ReportRecall
    | ReportMasterGaps
    | ReleaseCredit
    | GiveClaimEvidence
    | AnswerClaim
    | GiveUpClaim
    | CancelReturn
    | ExpireAuthorisation
    | AskForGoods
    | EscalateOverdue
    | AcknowledgeEffect
    | ParkEffect
    | CorrectEffect
    | AbandonEffect
)
