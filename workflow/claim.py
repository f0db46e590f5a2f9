"""A claim on a supplier: what is asked, until when, with which evidence, and how it stands.

A claim is a document of its own, tied to the part of a portion that goes back: it outlives the
return that caused it, may be answered several times, and ends by payment or by a write-off.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from workflow.events import ClaimRaised, DispositionConfirmed, LineFacts, Verdict

if TYPE_CHECKING:
    from workflow.state import Case, Line, Portion

EVIDENCE = ("photo", "lot", "inspection", "delivery_note")
"""Kinds of evidence that the claims policy may demand."""

WRITE_OFF_REASONS = ("denied", "too_late", "no_evidence", "not_worth_it", "goodwill")
"""Why what is left of a claim is given up."""

DENIALS = frozenset({"DC", "EW", "IRS", "NEW", "NOP", "NRI", "NWR", "SUB"})
"""X12 1172 codes that refuse a claim; the others pay, pay in part, or ask for more."""

ASKS_FOR_MORE = frozenset({"IIS"})
"""X12 1172 codes after which the claim has to be made again, with more, inside its window."""

AT_ONCE = Verdict("workflow", "claim", "at-once", "Claimed when the goods were disposed of.")
"""Stands for the claims policy in cases from before there was one."""


def claim_id_of(return_id: str, portion: str, part: int) -> str:
    """``R-1001:1.1:1``: the number of our own."""
    return f"{return_id}:{portion}:{part}"


def is_claimed(line: "Line", disposition: str) -> bool:
    """Whether a disposition of goods makes a claim on their supplier."""
    return disposition == "return_to_vendor" and line.requested.facts.supplier_id is not None


def claim_of(
    case: "Case",
    portion: "Portion",
    part: int,
    at: datetime,
    verdict: Verdict,
) -> ClaimRaised:
    """The claim for a part of a disposed portion, at cost; ``part`` counts in ``moved``."""
    line = case.line(portion.line)
    if line is None:
        raise AssertionError(f"portion {portion.id} without its line")
    facts, values = line.requested.facts, dict(verdict.values)
    quantity = portion.moved[part - 1].quantity
    window = values.get("window_days")
    return ClaimRaised(
        return_id=case.return_id,
        line=line.number,
        portion=portion.id,
        part=part,
        supplier_id=facts.supplier_id or "",
        sku=line.requested.sku,
        lot=portion.inspected.lot,
        quantity=quantity,
        claimed_minor=int(quantity * facts.unit_cost_minor),
        currency=case.requested.currency,
        reason=line.reason,
        claim_by=claim_by(facts, int(window) if window else None),
        demanded=tuple(values.get("evidence", "").split()),
        evidence=evidence_held(line, portion),
        raised_at=at,
        verdict=verdict,
    )


def claims_at_once(case: "Case", event: DispositionConfirmed) -> tuple[ClaimRaised, ...]:
    """What a disposition claimed by itself, in cases from before ``claims_follow``."""
    portion = case.portion(event.portion)
    line = case.line(event.line)
    if event.claims_follow or portion is None or line is None:
        return ()
    return tuple(
        claim_of(case, portion, number, event.confirmed_at, AT_ONCE)
        for number, part in enumerate(event.parts, start=1)
        if is_claimed(line, part.disposition)
    )


def claim_by(facts: LineFacts, window_days: int | None = None) -> date | None:
    """The last day of the window, which runs from the delivery to our customer; the supplier's
    own window unless another is given."""
    days = facts.supplier_claim_window_days if window_days is None else window_days
    if facts.delivered_at is None or days is None:
        return None
    return (facts.delivered_at + timedelta(days)).date()


def end_of(day: date) -> datetime:
    """The moment at which a day (UTC) is over."""
    return datetime.combine(day + timedelta(1), time(), UTC)


def evidence_held(line: "Line", portion: "Portion") -> tuple[tuple[str, str], ...]:
    """Evidence that the case holds already, as kind and reference.

    A file with the request or the inspection counts as the photo; a delivery note of the way back
    is never here by itself.
    """
    found = portion.inspected
    files = (*found.evidence, *line.requested.evidence)
    held = {
        "photo": files[0] if files else None,
        "lot": found.lot,
        "inspection": f"portion {portion.id}: {found.condition}" if found.note else None,
    }
    return tuple((kind, reference) for kind, reference in held.items() if reference)


def standing(
    claimed_minor: int, recovered_minor: int, written_off_minor: int, responses: Sequence[str]
) -> str:
    """The one word for a claim, read off its money and the X12 1172 codes of its answers.

    ``open`` (no answer), ``answered`` (neither paid nor refused), ``denied``, ``paid_short``,
    ``paid``, ``closed`` (the rest is written off).
    """
    if written_off_minor and claimed_minor <= recovered_minor + written_off_minor:
        return "closed"
    if not responses:
        return "open"
    if recovered_minor >= claimed_minor:
        return "paid"
    if recovered_minor > 0:
        return "paid_short"
    return "denied" if responses[-1] in DENIALS else "answered"


def missing_of(demanded: Sequence[str], evidence: Mapping[str, str]) -> list[str]:
    """Kinds of evidence that are demanded and not there."""
    return [kind for kind in demanded if kind not in evidence]
