"""The bodies of the API: strict shapes, bounded sizes, units in the names.

Unknown fields are refused, so a misspelt one is never silently ignored. Quantities are
integers or decimal strings in the product's unit of measure; money is integer minor units.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from workflow.codes import (
    CLAIM_RESPONSES,
    Channel,
    Condition,
    Disposition,
    Handover,
    ReturnReason,
    Role,
)

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=ID_PATTERN)]
"""A document or item number: letters, digits and ``._:-``, at most 64 characters."""


_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")


def _exact(value: object) -> object:
    """Refuse floats: a quantity is an integer or a decimal string such as ``"1.5"``."""
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return value
    raise ValueError('give an integer, or a decimal string such as "1.5"; no float, no exponent')


def _plain(value: Decimal) -> Decimal:
    """One spelling for one number: no exponent and no trailing zeros."""
    return Decimal(format(value.normalize(), "f"))


Quantity = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(gt=0, le=10**9, max_digits=15, decimal_places=6),
    AfterValidator(_plain),
]
Flag = Annotated[bool, Field(strict=True)]
POSITIONS = 2**63 - 1
"""No position of the journal is larger."""
LineNumber = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Money = Annotated[int, Field(strict=True, ge=0, le=10**12)]
PortionId = Annotated[str, StringConstraints(pattern=r"^\d{1,6}\.\d{1,6}$")]
Serials = Annotated[list[Id], Field(max_length=1000)]


def _response(value: str) -> str:
    if value not in CLAIM_RESPONSES:
        raise ValueError(f"give one of {', '.join(sorted(CLAIM_RESPONSES))}")
    return value


ClaimResponse = Annotated[
    str,
    AfterValidator(_response),
    Field(json_schema_extra={"enum": sorted(CLAIM_RESPONSES)}),
]
"""An X12 1172 code."""
ShortText = Annotated[str, StringConstraints(max_length=2000)]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class SourceShape(Shape):
    """The invoice line that the goods came from."""

    invoice_id: Id
    line: LineNumber


System = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{0,63}$")]
"""A system whose codes are meant, such as ``x12_1293``."""
ForeignText = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class ForeignReasonShape(Shape):
    """A reason in the code of another system; the crosswalk says what it means here."""

    system: System
    code: ForeignText


class StatedShape(Shape):
    """What the requester says of the goods; leave out what was not asked. ``barcode``: they carry
    a readable one; ``soiled``: they could be cleaned."""

    condition: Condition | None = None
    handed_over: Handover | None = None
    barcode: Flag | None = None
    soiled: Flag | None = None
    infested: Flag | None = None


class ReturnLineShape(Shape):
    """One line of a request. Leave ``source`` out only for goods without a known invoice.

    ``advance``: what the customer wants before the goods are back; a policy decides.
    ``foreign_reason`` is the requester's own code; where nobody knows it, it is kept and becomes a
    finding, and the reason is judged from the text. ``reason_code`` goes before it.
    """

    sku: Id
    quantity: Quantity
    uom: Annotated[str, StringConstraints(max_length=12)] | None = None
    lot: Id | None = None
    source: SourceShape | None = None
    reason_text: str = ""
    reason_code: ReturnReason | None = None
    foreign_reason: ForeignReasonShape | None = None
    evidence: list[ShortText] = Field(default_factory=list, max_length=20)
    serials: Serials = Field(default_factory=list)
    stated: StatedShape = StatedShape()
    advance: Literal["credit", "replacement"] | None = None


class EvidenceShape(Shape):
    """What tells one file from another: its id and the name it came under."""

    id: str
    name: str


class ReturnShape(Shape):
    """A request for a return. ``id`` is chosen by us unless given."""

    id: Id | None = None
    customer: Id
    business_unit: Id | None = None
    channel: Channel = Channel.SERVICE_DESK
    currency: Annotated[str, StringConstraints(min_length=3, max_length=3)] | None = None
    reference: Annotated[str, StringConstraints(max_length=128)] | None = None
    lines: list[ReturnLineShape] = Field(min_length=1, max_length=500)


class ReceiptLineShape(Shape):
    """What arrived. Leave ``line`` out for goods that nobody announced; an item that no master
    lists is taken too. ``condition`` and ``damage_code`` (X12 element 853) are what is seen at the
    door, before anybody inspects."""

    line: LineNumber | None = None
    sku: Id
    quantity: Quantity
    lot: Id | None = None
    condition: Condition | None = None
    damage_code: Annotated[str, StringConstraints(max_length=8)] | None = None


class ReceiptShape(Shape):
    """A receipt. ``final`` says that nothing more will come; ``freight_minor`` what the way back
    cost, in the return's currency."""

    receipt_id: Id
    warehouse: Id
    lines: list[ReceiptLineShape] = Field(default_factory=list, max_length=500)
    final: Flag = False
    freight_minor: Money = 0


class SeenShape(Shape):
    """What the inspector saw besides the condition; leave out what was not looked at. ``barcode``:
    a readable one is on the goods, ``scanned`` what it reads; ``soiled``: they could be cleaned."""

    barcode: Flag | None = None
    scanned: Annotated[str, StringConstraints(max_length=128)] | None = None
    soiled: Flag | None = None
    infested: Flag | None = None


class InspectionShape(Shape):
    """What an inspector found of a quantity of one line."""

    line: LineNumber
    quantity: Quantity
    condition: Condition
    lot: Id | None = None
    damage_code: Annotated[str, StringConstraints(max_length=8)] | None = None
    expires_on: date | None = None
    temperature_ok: Flag | None = None
    seen: SeenShape = Field(default_factory=lambda: SeenShape())
    note: ShortText = ""
    evidence: list[ShortText] = Field(default_factory=list, max_length=20)
    serials: Serials = Field(default_factory=list)


class ReinspectionShape(Shape):
    """What an inspector found of goods on hold that were looked at again."""

    portion: PortionId
    condition: Condition
    lot: Id | None = None
    damage_code: Annotated[str, StringConstraints(max_length=8)] | None = None
    expires_on: date | None = None
    temperature_ok: Flag | None = None
    seen: SeenShape = Field(default_factory=lambda: SeenShape())
    note: ShortText = ""
    evidence: list[ShortText] = Field(default_factory=list, max_length=20)
    serials: Serials | None = None


class PartShape(Shape):
    disposition: Disposition
    quantity: Quantity


class DispositionShape(Shape):
    """What happens to an inspected portion; the parts add up to its quantity.

    Of goods on hold less may be named: the rest stays on hold.
    """

    portion: PortionId
    parts: list[PartShape] = Field(min_length=1, max_length=20)
    reason_code: Annotated[str, StringConstraints(max_length=64)] | None = None
    note: ShortText = ""


class RefurbishmentShape(Shape):
    """What came of goods in the workshop. ``disposition`` is for what failed (``scrap`` or
    ``return_to_vendor``); ``cost_minor`` is the cost of the work on the whole quantity. Leave
    ``part`` out where one order of the portion is open."""

    portion: PortionId
    part: LineNumber | None = None
    quantity: Quantity
    outcome: Literal["as_new", "failed", "stopped"]
    disposition: Literal["scrap", "return_to_vendor"] | None = None
    condition: Condition | None = None
    cost_minor: Money = 0
    note: ShortText = ""
    evidence: list[ShortText] = Field(default_factory=list, max_length=20)


class CancellationShape(Shape):
    because: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class ReleaseShape(Shape):
    """Let a held credit go to the customer."""

    line: LineNumber
    sequence: LineNumber
    because: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class DecisionShape(Shape):
    """A reviewer's word on a task; a rejection or an override needs a reason and a note."""

    decision: Literal["approve", "reject", "override", "escalate"]
    value: Annotated[str, StringConstraints(max_length=64)] | None = None
    reason_code: Annotated[str, StringConstraints(max_length=64)] | None = None
    note: ShortText = ""


class DelegationShape(Shape):
    """Let ``delegate`` decide in the name of ``delegator`` (oneself unless given), from the first
    day to the last, days in UTC, both included. No roles: all that the delegator holds."""

    delegate: Id
    delegator: Id | None = None
    roles: list[Role] = Field(default_factory=list, max_length=20)
    first_day: date
    last_day: date
    because: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class StopShape(Shape):
    """Stop models at a decision point, for a reason and an item class; what is left out is any."""

    point: Literal["reason", "disposition", "credit"] | None = None
    reason: ReturnReason | None = None
    item_class: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    because: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class AbsenceShape(Shape):
    """``person`` (oneself unless given) takes no tasks from the first day to the last, days in
    UTC, both included."""

    person: Id | None = None
    first_day: date
    last_day: date


class NothingShape(Shape):
    """An empty object: the address says everything."""


class BecauseShape(Shape):
    """Why something is ended."""

    because: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class ReviewShape(Shape):
    """What a second person would have decided; a credit's value is its net amount in minor units,
    or ``deny``."""

    decision: Literal["approve", "reject", "override"]
    value: Annotated[str, StringConstraints(max_length=64)] | None = None
    note: ShortText = ""


class ResolutionShape(Shape):
    """How a reconciliation exception ended. ``loss_minor`` is the money really lost."""

    resolution: Literal["corrected", "recovered", "written_off", "explained", "duplicate"]
    loss_minor: Money = 0
    recovered_minor: Money = 0
    note: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class ClaimAnswerShape(Shape):
    """What a supplier answered to a claim: an X12 1172 code, what this answer pays, the number of
    the credit note or message. Without a time: now."""

    number: Id
    response: ClaimResponse
    recovered_minor: Money = 0
    answered_at: AwareDatetime | None = None


class ClaimEvidenceShape(Shape):
    """Evidence for a claim: what it is, and where (an evidence id, a document number)."""

    kind: Literal["photo", "lot", "inspection", "delivery_note"]
    reference: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class GivingUpShape(Shape):
    """Why what is left of a claim is given up."""

    reason: Literal["denied", "too_late", "no_evidence", "not_worth_it", "goodwill"]
    note: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class SettlementShape(Shape):
    """What came of an alarm."""

    note: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class AcceptanceShape(Shape):
    """Why a finding may stay as it is."""

    note: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class MappingShape(Shape):
    """What another system's code means here. ``ours`` is null for ``match`` none; ``loss`` says
    what differs, or why there is nothing of ours; it may be empty only for an exact match."""

    vocabulary: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    system: System
    code: ForeignText
    ours: Annotated[str, StringConstraints(max_length=64)] | None = None
    match: Literal["exact", "near", "none"]
    loss: Annotated[str, StringConstraints(max_length=500)] = ""


class DraftShape(Shape):
    """A new version of a policy. ``text`` and ``examples`` are TOML; ``unit`` names the business
    unit that it is a variant for; ``effective`` replaces the day in the text."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=200_000)]
    examples: Annotated[str, StringConstraints(max_length=200_000)]
    unit: Annotated[str, StringConstraints(max_length=64)] = ""
    effective: date | None = None
    note: ShortText = ""


class AdoptionShape(Shape):
    """The business unit that adopts a pack's tables as its own; from today, or from a day."""

    unit: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    effective: date | None = None
    note: ShortText = ""


class PublicationShape(Shape):
    """Let a proposed policy decide; ``effective`` replaces the day proposed."""

    effective: date | None = None


class WithdrawalShape(Shape):
    """Why a policy is taken back."""

    because: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
