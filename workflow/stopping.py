"""Switches: a model is stopped at once for a reason, an item class or a point, by one person.

Starting it again is more than stopping it, so it takes somebody else. Each switch is a stream of
its own. What was switched off when an answer came is recorded with the answer (``Clearing``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.actor import Actor
from workflow.approvals import holds
from workflow.codes import ReturnReason
from workflow.facts import AutomationResumed, AutomationStopped
from workflow.refused import Refused

STOPPERS = (
    "returns_manager", "quality", "finance_lead", "customer_service", "data_scientist",
    "model_approver", "admin",
)  # fmt: skip
"""Whoever sees a machine do harm may stop it."""
STARTERS = ("returns_manager", "model_approver", "admin")
POINTS = ("reason", "disposition", "credit")

StopFact = AutomationStopped | AutomationResumed


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be stopped; what is ``None`` is stopped whatever it is, all ``None`` stop all."""

    stop_id: str
    point: str | None
    reason: str | None
    item_class: str | None
    because: str


def stream_of(stop_id: str) -> str:
    return f"automation-stop/{stop_id}"


def stopped(wanted: Wanted, actor: Actor, at: datetime) -> AutomationStopped:
    """The fact that a switch is thrown.

    Refused: ``wrong_role``, ``not_allowed_value`` (no point or reason of ours),
    ``reason_required``.
    """
    _check(actor, STOPPERS, "Stopping a model")
    for name, value, known in (
        ("point", wanted.point, POINTS),
        ("reason", wanted.reason, tuple(ReturnReason)),
    ):
        if value is not None and value not in known:
            raise Refused("not_allowed_value", f"{value!r} is no {name}: {', '.join(known)}.")
    if not wanted.because.strip():
        raise Refused("reason_required", "Say why the model is stopped.")
    return AutomationStopped(
        wanted.stop_id,
        wanted.point,
        wanted.reason,
        wanted.item_class,
        wanted.because.strip(),
        actor.id,
        at,
    )


def resumed(
    history: Sequence[StopFact], actor: Actor, at: datetime, because: str
) -> AutomationResumed:
    """The fact that a switch is turned back by somebody other than who threw it.

    Refused: ``unknown_stop``, ``already_decided``, ``wrong_role``, ``own_request``,
    ``reason_required``.
    """
    if not history or not isinstance(history[0], AutomationStopped):
        raise Refused("unknown_stop", "There is no such switch.")
    thrown = history[0]
    if len(history) > 1:
        raise Refused("already_decided", f"{thrown.stop_id} is turned back already.")
    _check(actor, STARTERS, "Starting a model again")
    if actor.id == thrown.stopped_by:
        raise Refused(
            "own_request", f"{actor.id} threw {thrown.stop_id}; another must turn it back."
        )
    if not because.strip():
        raise Refused("reason_required", "Say why the model may act again.")
    return AutomationResumed(thrown.stop_id, because.strip(), actor.id, at)


def stop_for(
    thrown: Iterable[AutomationStopped], point: str, reason: str | None, item_class: str | None
) -> AutomationStopped | None:
    """The first switch that stops an answer; a fact that is not known is stopped by none that
    names one."""
    asked = (point, reason, item_class)
    for stop in thrown:
        named = (stop.point, stop.reason, stop.item_class)
        if all(want is None or want == is_ for want, is_ in zip(named, asked, strict=True)):
            return stop
    return None


def _check(actor: Actor, roles: Sequence[str], doing: str) -> None:
    if actor.kind != "person" or not any(holds(actor, role) for role in roles):
        raise Refused("wrong_role", f"{doing} is for people who are {' or '.join(roles)}.")
