"""Reconciliation exceptions drawn straight from a world, past the house.

Playing a history through the real wiring takes minutes and yields some two hundred exceptions:
too few to tell two orders of a worklist apart. Here the errors of the ERP, parcels that never
came and claims that suppliers underpaid become exceptions as the matcher would raise them, on
Fridays, and are closed by the same draws as in ``play``. What only cases teach (returns asked,
credits decided) is not told, and what the house would have stopped is not left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal

from simulation.desk import ClaimView, ExceptionView
from simulation.intents import FactsHappening, InspectionIntent, LedgerError
from simulation.losses import Loss
from simulation.returns import Planned
from simulation.suppliers import answer, answer_day
from simulation.wishes import Wish
from simulation.world import World
from workflow.facts import ExceptionRaised, ExceptionResolved, SupplierClaimAnswered
from workflow.money import percent_of

NEVER_CLOSED = 0.12
"""Share of exceptions that nobody closes within the history."""
WAIT_DAYS = 23
"""From a request to the exception about a parcel that did not come: authorised within two days,
and 21 of patience."""
_BY_COST = frozenset({"R4", "R6", "R12"})
"""Exceptions about goods are worth their cost; those about credits what was invoiced."""
_ALONE = frozenset({"R1", "R9", "R12", "R20"})
"""Exceptions of which only our side is there."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """An exception as the matcher would raise it, and when and how it is closed, if ever."""

    raised: ExceptionRaised
    closed: ExceptionResolved | None
    loss: Loss | None


def told(world: World) -> tuple[list[tuple[datetime, object]], dict[str, Loss]]:
    """Every fact of the history in time order, and what each closed exception really cost."""
    facts: list[tuple[datetime, object]] = [
        (happening.at, fact)
        for happening in world.happenings()
        if isinstance(happening, FactsHappening)
        for fact in happening.facts
    ]
    losses: dict[str, Loss] = {}
    for answered in claims_answered(world):
        facts.append((answered.answered_at, answered))
    for dispute in disputes(world):
        facts.append((dispute.raised.opened_at, dispute.raised))
        if dispute.closed is not None and dispute.loss is not None:
            facts.append((dispute.closed.resolved_at, dispute.closed))
            losses[dispute.raised.exception_id] = dispute.loss
    facts.sort(key=lambda pair: pair[0])
    return facts, losses


def disputes(world: World) -> Iterator[Dispute]:
    """Every exception raised inside the history."""
    for found, unit in _found(world):
        if found.opened_at >= world.ends_at:
            continue
        raised = ExceptionRaised(
            exception_id=found.exception_id,
            code=found.code,
            business_unit=unit,
            currency=found.currency,
            exposure_minor=found.exposure_minor,
            variance_minor=found.variance_minor,
            subject=str(found.document),
            opened_at=found.opened_at,
            says=f"{found.code} about {found.document}.",
            return_id=found.return_id,
            line=found.line,
            customer_id=found.customer_id,
            supplier_id=found.supplier_id,
            sku=found.sku,
            document=found.document,
            matched_document=None if found.code in _ALONE else f"{found.document}/theirs",
            match=found.match,
        )
        yield Dispute(raised, *_closed(world, found))


def claims_answered(world: World) -> Iterator[SupplierClaimAnswered]:
    """What suppliers answer to claims for the portions that experts send back to them."""
    for planned in world.returns:
        if planned.request.truth.outcome != "sent" or planned.request.truth.mistake:
            continue
        for inspection in planned.inspections:
            claim = _claim(planned, inspection)
            if claim is None:
                continue
            supplier = world.suppliers[claim.supplier_id]
            at = answer_day(world.streams, claim, supplier).answer_at
            if at < world.ends_at:
                yield answer(world.streams, claim, supplier, at)


def _found(world: World) -> Iterator[tuple[ExceptionView, str]]:
    """Exceptions with the business unit of their case."""
    for planned in world.returns:
        unit = planned.request.business_unit
        if planned.request.truth.outcome == "never_sent" and not planned.request.truth.mistake:
            yield _not_received(planned), unit
    for error in world.ledger_errors:
        planned = world.by_return[error.return_id]
        if error.kind == "missing_claim" and not _goes_back(planned, error.line):
            continue
        at = max((i.at for i in planned.inspections), default=error.at)
        view = _of_error(error, planned, friday(at + timedelta(days=error.days)))
        if view.exposure_minor > 0:
            yield view, planned.request.business_unit
    for answered in claims_answered(world):
        percent = world.suppliers[answered.supplier_id].fact.credit_percent
        off = percent_of(answered.claimed_minor, percent) - answered.recovered_minor
        if abs(off) > 1:
            planned = world.by_return[answered.return_id]
            yield _underpaid(answered, planned, off), planned.request.business_unit


def friday(at: datetime) -> datetime:
    """When the ledgers are compared next: Friday evening."""
    day = at.date() + timedelta(days=(4 - at.weekday()) % 7)
    evening = datetime.combine(day, time(20), at.tzinfo)
    return evening if evening > at else evening + timedelta(days=7)


def _not_received(planned: Planned) -> ExceptionView:
    request = planned.request
    worth = sum(_invoiced(wish) for wish in planned.wishes)
    one = planned.wishes[0] if len(planned.wishes) == 1 else None
    return _view("R1", f"{request.return_id}/rma", planned, 1 if one else None, worth, worth,
                 friday(request.at + timedelta(days=WAIT_DAYS)))  # fmt: skip


def _of_error(error: LedgerError, planned: Planned, at: datetime) -> ExceptionView:
    wish = planned.wishes[error.line - 1]
    worth = _cost(wish) if error.code in _BY_COST else _invoiced(wish)
    variance = worth
    if error.code == "R10":
        variance = worth - worth * error.percent // 100
    elif error.code in ("R11", "R8"):
        variance = -worth
    elif error.code in ("R4", "R20"):
        variance = 0
    exposure = abs(variance) if error.code == "R10" else worth
    document = f"{error.return_id}/{error.line}/{error.kind}"
    return _view(error.code, document, planned, error.line, exposure, variance, at)


def _underpaid(answered: SupplierClaimAnswered, planned: Planned, off: int) -> ExceptionView:
    at = friday(answered.answered_at)
    return _view("R14", answered.claim_id, planned, answered.line, abs(off), off, at)


def _view(
    code: str,
    document: str,
    planned: Planned,
    line: int | None,
    exposure_minor: int,
    variance_minor: int,
    at: datetime,
) -> ExceptionView:
    product = planned.wishes[line - 1].line.product.fact if line else None
    match = None if code in _ALONE else "suggested" if code == "R8" else "confirmed"
    return ExceptionView(
        exception_id=f"X-{code}-{document.replace('/', '-')}",
        code=code,
        exposure_minor=exposure_minor,
        variance_minor=variance_minor,
        currency=planned.request.currency,
        opened_at=at,
        return_id=planned.request.return_id,
        line=line,
        customer_id=planned.request.customer_id,
        supplier_id=product.supplier_id if product else None,
        sku=product.sku if product else None,
        document=document,
        match=match,
    )


def _claim(planned: Planned, inspection: InspectionIntent) -> ClaimView | None:
    """What is claimed for a portion; ``None`` where it does not go back to the supplier."""
    product = planned.wishes[inspection.line - 1].line.product.fact
    if inspection.truth.choose() != "return_to_vendor" or product.supplier_id is None:
        return None
    return ClaimView(
        claim_id=f"{inspection.return_id}/{inspection.portion}/claim",
        supplier_id=product.supplier_id,
        return_id=inspection.return_id,
        line=inspection.line,
        sku=product.sku,
        claimed_minor=int(inspection.quantity * product.unit_cost_minor),
        currency=planned.request.currency,
        claimed_at=inspection.at + timedelta(days=1),
    )


def _goes_back(planned: Planned, line: int) -> bool:
    """Whether some of the line goes back to its supplier, so that there is something to claim."""
    mine = (one for one in planned.inspections if one.line == line)
    return any(_claim(planned, one) is not None for one in mine)


def _closed(world: World, found: ExceptionView) -> tuple[ExceptionResolved | None, Loss | None]:
    draw = world.streams.of("resolve", found.code, found.document or found.exception_id)
    if draw.random() < NEVER_CLOSED:
        return None, None
    at = found.opened_at + timedelta(days=draw.randrange(2, 22), minutes=30)
    if at >= world.ends_at:
        return None, None
    loss = world.loss(found, at)
    fact = ExceptionResolved(
        found.exception_id, found.code, loss.resolution, loss.loss_minor, loss.recovered_minor,
        f"{found.code} looked into.", "finance_lead", at, found.customer_id, found.supplier_id,
    )  # fmt: skip
    return fact, loss


def _invoiced(wish: Wish) -> int:
    return int(wish.line.fact.net_minor * wish.quantity / wish.line.fact.quantity)


def _cost(wish: Wish) -> int:
    return int(Decimal(wish.line.product.fact.unit_cost_minor) * wish.quantity)
