"""Goods are held to limits by their value at cost, whoever decides about them and however."""

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.actor import Actor
from workflow.asking import limit_facts
from workflow.events import DispositionPart
from workflow.limit_documents import release_document
from workflow.money import money_text
from workflow.refused import Refused
from workflow.run import Run
from workflow.state import ZERO, Line, Portion


def value_of(run: Run, portion: Portion, parts: Sequence[DispositionPart]) -> int:
    """The cost of parts of a portion, in minor units."""
    quantity = sum((part.quantity for part in parts), ZERO)
    return int(quantity * _line(run, portion).requested.facts.unit_cost_minor)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who may say yes to a value of goods: a role whose limit reaches it, and how many people."""

    role: str
    people: int


def asked_for(run: Run, portion: Portion, document: str, amount: int) -> Asked:
    """What the limits say of a disposition or a release of this value."""
    facts = limit_facts(run.case, _line(run, portion), document, amount, "person")
    said = run.policies.judge("approval_limits", facts)
    return Asked(said.role or "quality", int(dict(said.values).get("approvals", "1")))


def asked_to_release(run: Run, portion: Portion, amount: int) -> Asked:
    return asked_for(run, portion, release_document(run.policies), amount)


def require_limit(run: Run, actor: Actor, portion: Portion, document: str, amount: int) -> None:
    """Refuse with ``over_limit`` what none of the actor's own roles covers."""
    line = _line(run, portion)
    currency = run.case.requested.currency
    asked = (document, currency, amount, line.reason, line.requested.facts.item_class)
    if not any(run.policies.covers(role, *asked) for role in actor.roles):
        raise Refused(
            "over_limit",
            f"Portion {portion.id} is about {money_text(amount, currency)} ({document}); no limit"
            f" of {actor.id} reaches it.",
        )


def _line(run: Run, portion: Portion) -> Line:
    line = run.case.line(portion.line)
    if line is None:
        raise AssertionError(f"portion {portion.id} without its line")
    return line
