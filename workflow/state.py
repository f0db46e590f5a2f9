"""The state of a return: a union of situations, each holding what must be true in it.

``Authorised`` cannot be built without an ``Authority``; a status is never set, it is read
off the quantities (``status_of``). ``evolve.py`` is the only writer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from workflow.advance import CREDIT, REPLACEMENT, Advance
from workflow.assessment import Assessment, Clearing
from workflow.events import (
    ClaimAnswered,
    ClaimRaised,
    CreditApproved,
    CreditProposed,
    DispositionPart,
    DispositionProposed,
    HoldReleaseAsked,
    LineInspected,
    RefurbishOrdered,
    RefurbishReported,
    RefurbishSettled,
    RequestedLine,
    ReturnRequested,
    TaskDecided,
    TaskOpened,
    Verdict,
)

ZERO = Decimal(0)
QUARANTINE = "quarantine"
REFURBISH = "refurbish"
WAITS = (QUARANTINE, REFURBISH)
"""Dispositions that are no end: goods on hold, and goods in the workshop."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Goods that waited, and where they went; ``left`` is one of ``WAITS``."""

    left: str
    part: DispositionPart


@dataclass(frozen=True, slots=True)
class Portion:
    """An inspected part of a line. ``parts`` is empty until the disposition is confirmed."""

    id: str
    line: int
    inspected: LineInspected
    assessment: Assessment | None = None
    clearing: Clearing | None = None
    proposal: DispositionProposed | None = None
    parts: tuple[DispositionPart, ...] = ()
    recalled: bool = False
    """A recall that was opened after the inspection covers it."""
    reinspected: bool = False
    asked: HoldReleaseAsked | None = None
    """What the first of two people wants to become of goods of it that are on hold."""
    departed: tuple[Departure, ...] = ()
    """What became of goods that were on hold or in the workshop, in the order they left."""

    @property
    def moved(self) -> tuple[DispositionPart, ...]:
        """Its parts in the order they were moved; a part's number counts here, from 1."""
        return (*self.parts, *(gone.part for gone in self.departed))

    @property
    def held(self) -> Decimal:
        """How much of it is on hold: put into quarantine and not released since."""
        return self.waiting(QUARANTINE)

    def waiting(self, where: str) -> Decimal:
        """How much of it is where goods wait, one of ``WAITS``."""
        came = sum((p.quantity for p in self.moved if p.disposition == where), ZERO)
        return came - sum((g.part.quantity for g in self.departed if g.left == where), ZERO)

    @property
    def placed(self) -> tuple[DispositionPart, ...]:
        """Where its goods are by now, part by part; empty until a disposition is confirmed."""
        gone = tuple(p for p in self.moved if p.disposition not in WAITS)
        waits = (DispositionPart(where, self.waiting(where)) for where in WAITS)
        return (*gone, *(part for part in waits if part.quantity > 0))


@dataclass(frozen=True, slots=True)
class Credit:
    """One credit of a line. ``status``: ``proposed``, ``approved``, ``held``, ``denied`` or
    ``withdrawn``."""

    proposed: CreditProposed
    status: str = "proposed"
    assessment: Assessment | None = None
    clearing: Clearing | None = None
    net_minor: int = 0
    tax_minor: int = 0
    approved: CreditApproved | None = None
    left_minor: int | None = None
    """What its invoice line had left when it was assessed, where that was too little."""

    @property
    def sequence(self) -> int:
        return self.proposed.sequence

    @property
    def freight_minor(self) -> int:
        """Of the delivery's freight it gives back, or is about to, net."""
        return self._told.freight_minor if self.status not in ("denied", "withdrawn") else 0

    @property
    def freight_tax_minor(self) -> int:
        return self._told.freight_tax_minor if self.status not in ("denied", "withdrawn") else 0

    @property
    def return_freight_minor(self) -> int:
        """What it charges, or is about to, for the way back."""
        return self._told.return_freight_minor if self.status not in ("denied", "withdrawn") else 0

    @property
    def _told(self) -> CreditProposed | CreditApproved:
        return self.approved or self.proposed


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Goods of a line that another unit took in and still has, and what it was charged;
    ``margin_minor`` of it is beyond their cost."""

    quantity: Decimal
    value_minor: int
    margin_minor: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A requested line and everything that became of it. Quantities in the product's unit."""

    requested: RequestedLine
    reason: str | None = None
    reason_how: str | None = None
    reason_assessment: Assessment | None = None
    reason_clearing: Clearing | None = None
    eligibility: Verdict | None = None
    authorised: Decimal = ZERO
    goods: bool = True
    """False for a line about money only: nothing of it may come back."""
    received: Decimal = ZERO
    released: Decimal = ZERO
    portions: tuple[Portion, ...] = ()
    credits: tuple[Credit, ...] = ()
    recalled: bool = False
    """A recall that was opened after the request covers what is not inspected yet."""
    elsewhere: Mapping[str, Elsewhere] = field(default_factory=dict)
    """By unit, where it is not the return's own."""
    gaps: tuple[str, ...] | None = None
    """Dispositions that wait for the item's master record, where that changed after the request."""
    advance_verdict: Verdict | None = None
    """Whether something is given before the goods are back, where that was wanted."""
    advance: Advance | None = None

    @property
    def number(self) -> int:
        return self.requested.line

    @property
    def master_blocks(self) -> tuple[str, ...]:
        """Dispositions that wait for a gap in the item's master record, as last told."""
        return self.requested.facts.master_blocks if self.gaps is None else self.gaps

    @property
    def inspected(self) -> Decimal:
        return sum((p.inspected.quantity for p in self.portions), ZERO)

    @property
    def disposed(self) -> Decimal:
        return sum((part.quantity for p in self.portions for part in p.parts), ZERO)

    @property
    def outstanding(self) -> Decimal:
        """Authorised to come back, not yet received and not given up."""
        if not self.goods:
            return ZERO
        return self.authorised - self.received - self.released

    @property
    def credited_minor(self) -> int:
        """Net value of approved credits, held ones included, less what was charged back: the
        customer's entitlement."""
        given = sum(c.net_minor for c in self.credits if c.status in ("approved", "held"))
        back = self.advance.charged_minor if self.advance and self.advance.kind == CREDIT else 0
        return given - back

    @property
    def promised_minor(self) -> int:
        """Approved credits, those still proposed, and goods sent in advance: what must stay under
        the invoice line's net. Freight has a ledger of its own."""
        waiting = sum(c.proposed.goods_minor for c in self.credits if c.status == "proposed")
        sent = self.advance.kept_minor if self.advance and self.advance.kind == REPLACEMENT else 0
        return self.credited_minor + waiting + sent

    @property
    def advance_open(self) -> bool:
        """Whether goods or money of an advance are still awaited."""
        return self.advance is not None and not self.advance.over


@dataclass(frozen=True, slots=True)
class Claim:
    """What we ask of a supplier for a part of a portion. ``evidence`` maps kind to reference;
    ``number`` is the ERP's, once it wrote the claim."""

    raised: ClaimRaised
    evidence: Mapping[str, str]
    submitted: bool = False
    number: str | None = None
    answers: tuple[ClaimAnswered, ...] = ()
    written_off_minor: int = 0

    @property
    def key(self) -> str:
        """The key of its effect."""
        return f"{self.raised.return_id}/{self.raised.portion}/claim/{self.raised.part}"

    @property
    def missing(self) -> tuple[str, ...]:
        """Kinds of evidence that are demanded and not there."""
        return tuple(kind for kind in self.raised.demanded if kind not in self.evidence)

    @property
    def recovered_minor(self) -> int:
        return sum(answer.recovered_minor for answer in self.answers)

    @property
    def rest_minor(self) -> int:
        """Claimed, neither paid nor given up; never negative."""
        return max(0, self.raised.claimed_minor - self.recovered_minor - self.written_off_minor)


@dataclass(frozen=True, slots=True)
class Work:
    """What the workshop reported. ``status``: ``reported``, ``settled`` or ``sent_back``."""

    reported: RefurbishReported
    status: str = "reported"
    settled: RefurbishSettled | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """Goods of a part of a portion that the workshop shall make as good as new."""

    ordered: RefurbishOrdered
    work: tuple[Work, ...] = ()

    @property
    def left(self) -> Decimal:
        """How much nothing was reported about, or nothing that stands."""
        done = (w.reported.quantity for w in self.work if w.status != "sent_back")
        return self.ordered.quantity - sum(done, ZERO)

    @property
    def cost_minor(self) -> int:
        """What the work that was accepted has cost."""
        return sum(w.settled.cost_minor for w in self.work if w.settled is not None)


@dataclass(frozen=True, slots=True)
class Task:
    """An open decision. ``approved_by`` holds the first of two people (dual control, two keys),
    ``approved_for`` the delegator in whose name, if they said yes in another's."""

    opened: TaskOpened
    approved_by: tuple[str, ...] = ()
    approved_for: tuple[str, ...] = ()
    overdue: bool = False
    """Past its due time, with nobody above to pass it on to."""
    said: str | None = None
    """What the first of two people named instead of the proposal: the other agrees to that."""

    @property
    def first_key(self) -> bool:
        """One of two keys, and neither is turned: a yes puts the question to the other role."""
        return self.opened.other_role is not None and not self.approved_by


@dataclass(frozen=True, slots=True)
class Review:
    """A decision that waits for its second review. ``task`` is the one decided, with everybody
    who said yes to it."""

    task: Task
    decided: TaskDecided


@dataclass(frozen=True, slots=True)
class Case:
    """What every situation shares. ``effects`` maps key to ``asked``, ``done``,
    ``parked`` or ``abandoned``."""

    requested: ReturnRequested
    lines: tuple[Line, ...]
    tasks: tuple[Task, ...] = ()
    tasks_opened: int = 0
    receipts: tuple[str, ...] = ()
    effects: Mapping[str, str] = field(default_factory=dict)
    warehouse: str = ""
    unit: str = ""
    """The business unit that owns the warehouse; empty before anything was received."""
    reviews: tuple[Review, ...] = ()
    claims: tuple[Claim, ...] = ()
    orders: tuple[Order, ...] = ()
    return_freight_minor: int = 0
    """What the way back cost, all receipts together."""
    giving_up: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Parked effect that somebody wants given up -> for which reason, and who."""

    @property
    def return_id(self) -> str:
        return self.requested.return_id

    def line(self, number: int) -> Line | None:
        return next((line for line in self.lines if line.number == number), None)

    def portion(self, portion_id: str) -> Portion | None:
        return next((p for line in self.lines for p in line.portions if p.id == portion_id), None)

    def claim(self, portion_id: str, part: int) -> Claim | None:
        same = (portion_id, part)
        return next((c for c in self.claims if (c.raised.portion, c.raised.part) == same), None)

    def orders_of(self, portion_id: str) -> tuple[Order, ...]:
        return tuple(x for x in self.orders if x.ordered.portion == portion_id)

    @property
    def advance_open(self) -> bool:
        return any(line.advance_open for line in self.lines)

    def review(self, task_id: str) -> Review | None:
        return next((r for r in self.reviews if r.decided.task_id == task_id), None)

    def task(self, task_id: str) -> Task | None:
        return next((task for task in self.tasks if task.opened.task_id == task_id), None)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who said yes, when, until when, by which rule, and the policies the case keeps.

    ``policies`` is empty for a case authorised before they were noted.
    """

    by: str
    at: datetime
    expires_at: datetime
    verdict: Verdict
    goods_required: bool
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unborn:
    """Nothing was requested yet."""


@dataclass(frozen=True, slots=True)
class UnderReview:
    """Requested; reasons, eligibility or authorisation are still open."""

    case: Case


@dataclass(frozen=True, slots=True)
class Authorised:
    case: Case
    authority: Authority


@dataclass(frozen=True, slots=True)
class Declined:
    """Refused by a rule or a person; nothing comes back."""

    case: Case
    code: str
    because: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    case: Case
    because: str


@dataclass(frozen=True, slots=True)
class Expired:
    """Authorised, never used."""

    case: Case


@dataclass(frozen=True, slots=True)
class Closed:
    case: Case
    authority: Authority
    closed_at: datetime


State = Unborn | UnderReview | Authorised | Declined | Cancelled | Expired | Closed
Live = UnderReview | Authorised
Born = UnderReview | Authorised | Declined | Cancelled | Expired | Closed


def status_of(state: State) -> str:
    """The one word shown everywhere, derived from situation and quantities.

    ``unborn``, ``under_review``, ``authorised``, ``partially_received``, ``received``,
    ``inspected``, ``disposed``, ``credited``, ``closed``, ``refused``, ``cancelled``,
    ``expired``.
    """
    match state:
        case Unborn():
            return "unborn"
        case UnderReview():
            return "under_review"
        case Declined():
            return "refused"
        case Cancelled():
            return "cancelled"
        case Expired():
            return "expired"
        case Closed():
            return "closed"
        case Authorised(case, _):
            return _progress(case)


def _progress(case: Case) -> str:
    lines = [line for line in case.lines if line.authorised > 0]
    credited = lines and all(
        line.credits and all(c.status != "proposed" for c in line.credits) for line in lines
    )
    goods = [line for line in lines if line.goods]
    if not goods:
        return "credited" if credited else "authorised"
    if all(line.received == 0 for line in goods):
        return "authorised"
    if any(line.outstanding > 0 for line in lines):
        return "partially_received"
    if any(line.inspected < line.received for line in lines):
        return "received"
    if any(line.disposed < line.inspected for line in lines):
        return "inspected"
    return "credited" if credited else "disposed"
