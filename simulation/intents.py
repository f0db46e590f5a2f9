"""What people in the simulated world mean to do, and the truth behind it.

A *happening* is a batch of facts another system tells us, or an intent of a person. Intents say
what somebody would do if the house lets them; ``play.py`` carries them out through a ``Desk``.
``truth`` fields are never given to a desk's decisions or features: they exist for reports.
Money is integer minor units, quantities are ``Decimal`` in the product's unit, times aware UTC.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from workflow.actor import Actor
from workflow.events import SourceRef


@dataclass(frozen=True, slots=True)
class FactsHappening:
    """Facts (dataclasses of ``workflow/facts.py``) that other systems tell us at ``at``."""

    at: datetime
    facts: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class LineTruth:
    """Why a line really comes back, and how its text was made.

    ``reason`` is a canonical code or ``unclear`` (the text does not tell; ``cause`` then still
    holds the real reason). ``labelled`` is the reason a person settles on: ``reason``'s cause
    except for a small, known share of label noise. ``bank`` is ``train`` or ``evaluation``;
    ``second`` the other reason that a two-reason note mentions.
    """

    line: int
    reason: str
    cause: str
    labelled: str
    bank: str
    template: str
    language: str
    second: str | None = None


@dataclass(frozen=True, slots=True)
class RequestTruth:
    """``abuse`` names the pattern of a dishonest request (``None``: honest). ``authorise`` and
    ``deny_credit`` are what an expert would decide, drawn with ``deny_probability``.
    ``outcome``: ``sent``, ``never_sent``, ``cancelled`` or ``nothing_to_send``. ``mistake`` names
    what the house should refuse at once: ``over_return`` or ``wrong_lot``.
    """

    lines: tuple[LineTruth, ...]
    abuse: str | None
    authorise: bool
    deny_credit: bool
    deny_probability: float
    outcome: str
    mistake: str | None = None


@dataclass(frozen=True, slots=True)
class RequestIntentLine:
    """One line somebody asks to return; ``stated_reason`` only where a form offered codes."""

    line: int
    sku: str
    quantity: Decimal
    uom: str
    lot: str | None
    source: SourceRef | None
    reason_text: str
    stated_reason: str | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestIntent:
    """A customer, or a colleague for them, asks for a return."""

    return_id: str
    at: datetime
    customer_id: str
    business_unit: str
    channel: str
    currency: str
    requested_by: Actor
    lines: tuple[RequestIntentLine, ...]
    reference: str | None
    truth: RequestTruth


@dataclass(frozen=True, slots=True)
class CancelIntent:
    """The customer thinks better of it before anything is sent."""

    return_id: str
    at: datetime
    cancelled_by: Actor
    because: str


@dataclass(frozen=True, slots=True)
class ReceiptIntentLine:
    """``line`` is ``None`` for goods that nobody announced."""

    line: int | None
    sku: str
    quantity: Decimal
    lot: str | None = None


@dataclass(frozen=True, slots=True)
class ReceiptIntent:
    """Goods arrive at a dock. ``kind``: ``exact``, ``partial``, ``short``, ``over``, ``blind``
    or ``wrong_lot`` -- the truth, for reports; a desk sees the lines only."""

    return_id: str
    receipt_id: str
    at: datetime
    warehouse: str
    received_by: Actor
    lines: tuple[ReceiptIntentLine, ...]
    final: bool
    kind: str


@dataclass(frozen=True, slots=True)
class InspectionTruth:
    """How experts dispose of goods found like this.

    ``probabilities`` is the exact distribution over all dispositions, sorted by code;
    ``scores`` the same options with this portion's own noise added (log-probability plus
    Gumbel noise), so that the highest score among any set of allowed options is an exact draw
    from the distribution renormalised over that set (the Gumbel-max trick).
    """

    probabilities: tuple[tuple[str, float], ...]
    scores: tuple[tuple[str, float], ...]

    def choose(self, allowed: Collection[str] = ()) -> str:
        """The expert's disposition among ``allowed`` (all options where empty)."""
        open_ = [pair for pair in self.scores if not allowed or pair[0] in allowed]
        if not open_:
            raise ValueError(f"no disposition known among {sorted(allowed)}")
        return max(open_, key=lambda pair: (pair[1], pair[0]))[0]


@dataclass(frozen=True, slots=True)
class InspectionIntent:
    """An inspector looks at part of a received line. ``portion`` is ``{line}.{n}``, the name
    the house will give it when the inspections of a line are done in order.

    ``surplus`` true: only once goods beyond the authorisation were accepted.
    """

    return_id: str
    receipt_id: str
    line: int
    portion: str
    at: datetime
    inspected_by: Actor
    quantity: Decimal
    condition: str
    lot: str | None
    damage_code: str | None
    expires_on: date | None
    temperature_ok: bool | None
    note: str
    evidence: tuple[str, ...]
    truth: InspectionTruth
    surplus: bool = False


@dataclass(frozen=True, slots=True)
class LedgerError:
    """One error the ERP, or a clerk in it, will make about a line of a return.

    Made on the document once ``effect_kind`` was performed (names as in the reference ERP's
    clerk): ``duplicate_credit_memo``, ``changed_amount`` (net becomes ``percent`` / 100 of what
    it was), ``credit_without_case``, ``deleted_stock_move``, ``lot_changed`` (to ``lot``). Made by
    not performing the effect: ``missing_credit``, ``missing_claim``, ``late_posting`` (performed
    ``days`` late). ``code`` is the reconciliation exception that should find it; ``at`` is when
    the request was made: the error is settled from then on.
    """

    at: datetime
    return_id: str
    line: int
    kind: str
    effect_kind: str
    code: str
    percent: int = 100
    days: int = 0
    lot: str | None = None


Happening = (
    FactsHappening | RequestIntent | CancelIntent | ReceiptIntent | InspectionIntent | LedgerError
)
