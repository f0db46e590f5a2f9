"""How a reconciliation exception ends: within what a person may let go, by two where it is much.

Pure: the events of a stream ``exception/{exception_id}`` in, the next fact out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.facts import (
    ExceptionRaised,
    ExceptionResolutionProposed,
    ExceptionResolutionRejected,
    ExceptionResolved,
)
from workflow.money import money_text
from workflow.policy import Policies
from workflow.refused import Refused

RESOLVERS = ("finance_clerk",)


@dataclass(frozen=True, slots=True)
class Ending:
    """What a person says of an exception; minor units of its currency."""

    resolution: str
    loss_minor: int
    recovered_minor: int
    note: str


def stream_of(exception_id: str) -> str:
    return f"exception/{exception_id}"


def resolved(
    history: Sequence[object], ending: Ending, actor: Actor, policies: Policies, at: datetime
) -> ExceptionResolved | ExceptionResolutionProposed:
    """The fact that it ended so, or, where the limits ask for two people, that one says so.

    What is let go is the loss stated; of what is written off at least the exposure less what was
    recovered, so that a small word cannot close a large gap. The limits of ``write_off`` bind it.
    Refused: ``wrong_role``, ``unknown_exception``, ``already_decided``, ``over_limit``.
    """
    require_any_role(actor, RESOLVERS, "Resolving an exception")
    raised = _open(history)
    waiting = pending(history)
    if waiting is not None:
        raise Refused(
            "already_decided",
            f"{raised.exception_id} waits for a second person: {waiting.proposed_by} says it is"
            f" {waiting.resolution.replace('_', ' ')}.",
        )
    let_go = _let_go(raised, ending.resolution, ending.loss_minor, ending.recovered_minor)
    _check_limit(raised, let_go, actor, policies)
    if let_go > 0 and _people_needed(raised, let_go, policies) > 1:
        return ExceptionResolutionProposed(
            raised.exception_id,
            ending.resolution,
            ending.loss_minor,
            ending.recovered_minor,
            ending.note,
            let_go,
            actor.id,
            at,
        )
    return _resolved(raised, ending, actor.id, at)


def confirmed(
    history: Sequence[object], actor: Actor, policies: Policies, at: datetime
) -> ExceptionResolved:
    """The fact that a second person agrees to what the first one said.

    Refused: ``wrong_role``, ``unknown_exception``, ``already_decided``, ``unknown_proposal``,
    ``own_request`` (the first person), ``over_limit``.
    """
    raised, waiting = _second(history, actor)
    if actor.id == waiting.proposed_by:
        raise Refused(
            "own_request", f"{actor.id} proposed how {raised.exception_id} ends; another confirms."
        )
    _check_limit(raised, waiting.let_go_minor, actor, policies)
    ending = Ending(waiting.resolution, waiting.loss_minor, waiting.recovered_minor, waiting.note)
    return _resolved(raised, ending, waiting.proposed_by, at, actor.id)


def rejected(
    history: Sequence[object], actor: Actor, at: datetime, because: str
) -> ExceptionResolutionRejected:
    """The fact that somebody does not agree, or takes their own word back: it is open again.

    Refused: as ``confirmed``, but for limit and person; ``reason_required``.
    """
    raised, _ = _second(history, actor)
    if not because.strip():
        raise Refused("reason_required", "Say why the exception does not end so.")
    return ExceptionResolutionRejected(raised.exception_id, because.strip(), actor.id, at)


def pending(history: Sequence[object]) -> ExceptionResolutionProposed | None:
    """What the first of two people said, while it waits for the second."""
    said = (ExceptionResolutionProposed, ExceptionResolutionRejected, ExceptionResolved)
    last = next((event for event in reversed(history) if isinstance(event, said)), None)
    return last if isinstance(last, ExceptionResolutionProposed) else None


def _second(
    history: Sequence[object], actor: Actor
) -> tuple[ExceptionRaised, ExceptionResolutionProposed]:
    require_any_role(actor, RESOLVERS, "Confirming how an exception ends")
    if actor.kind != "person":
        raise Refused("wrong_role", "Only a person confirms how an exception ends.")
    raised, waiting = _open(history), pending(history)
    if waiting is None:
        raise Refused("unknown_proposal", f"Nothing of {raised.exception_id} waits for anybody.")
    return raised, waiting


def _open(history: Sequence[object]) -> ExceptionRaised:
    raised = next((event for event in history if isinstance(event, ExceptionRaised)), None)
    if raised is None:
        raise Refused("unknown_exception", "There is no such exception.")
    for event in history:
        if isinstance(event, ExceptionResolved):
            by = event.resolved_by
            raise Refused("already_decided", f"{raised.exception_id} was resolved already by {by}.")
    return raised


def _let_go(raised: ExceptionRaised, resolution: str, loss: int, recovered: int) -> int:
    if resolution != "written_off":
        return loss
    return max(loss, raised.exposure_minor - recovered)


def _check_limit(raised: ExceptionRaised, let_go: int, actor: Actor, policies: Policies) -> None:
    asked = ("write_off", raised.currency, let_go, None)
    if let_go > 0 and not any(policies.covers(role, *asked) for role in actor.roles):
        raise Refused(
            "over_limit",
            f"{raised.exception_id} would let go of {money_text(let_go, raised.currency)}"
            f" (write_off); no limit of {actor.id} reaches it. Leave it to somebody whose limit"
            " does.",
        )


def _people_needed(raised: ExceptionRaised, let_go: int, policies: Policies) -> int:
    """As the smallest limit that reaches the amount says."""
    facts = {
        "document": "write_off",
        "currency": raised.currency,
        "amount_minor": let_go,
        "reason": None,
        "item_class": None,
        "principal_kind": "person",
    }
    return int(dict(policies.judge("approval_limits", facts).values).get("approvals", "1"))


def _resolved(
    raised: ExceptionRaised, ending: Ending, by: str, at: datetime, confirmed_by: str | None = None
) -> ExceptionResolved:
    return ExceptionResolved(
        exception_id=raised.exception_id,
        code=raised.code,
        resolution=ending.resolution,
        loss_minor=ending.loss_minor,
        recovered_minor=ending.recovered_minor,
        note=ending.note,
        resolved_by=by,
        resolved_at=at,
        customer_id=raised.customer_id,
        supplier_id=raised.supplier_id,
        confirmed_by=confirmed_by,
    )
