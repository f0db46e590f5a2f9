"""Who may say yes: roles that stand in for others, delegates, own work refused, limits checked.

Sources: segregation of duties and the limit shape (role x document x currency x amount x
reason) of the domain reference 2.10; the limits themselves are ``policies/approval_limits.toml``.
"""

from collections.abc import Collection
from dataclasses import replace

from workflow.actor import Actor
from workflow.limit_documents import document_of
from workflow.money import money_text
from workflow.refused import Refused
from workflow.run import PolicyBook
from workflow.state import Case, Task

STANDS_IN_FOR: dict[str, frozenset[str]] = {
    "returns_manager": frozenset({"customer_service"}),
    "quality": frozenset({"inspector"}),
    "finance_lead": frozenset({"finance_clerk"}),
}
"""A role may also decide what is asked of these roles; nobody stands in for anybody else."""

ESCALATES_TO: dict[str, str] = {
    "customer_service": "returns_manager",
    "warehouse": "returns_manager",
    "inspector": "quality",
    "quality": "returns_manager",
    "procurement": "returns_manager",
    "returns_manager": "finance_lead",
    "finance_clerk": "finance_lead",
}
"""Where an escalated task goes; a finance lead has nobody above."""

LIMITED = (
    "authorisation", "disposition", "release", "refurbish_check", "credit", "write_off",
    "charge_back", "let_go",
)  # fmt: skip
"""Points where a yes is bound by the decider's limit."""

ABOUT_GOODS = ("disposition", "release", "refurbish_check", "credit")
"""Points that who inspected the goods does not decide."""


def holds(actor: Actor, role: str) -> bool:
    """Whether an actor holds a role, or one that stands in for it."""
    if role in actor.roles:
        return True
    return any(role in STANDS_IN_FOR.get(own, frozenset()) for own in actor.roles)


def senior(one: str | None, other: str | None) -> str:
    """The role that stands above, where two rules each name one; a finance clerk by default."""
    if one is None or other is None:
        return one or other or "finance_clerk"
    return other if ESCALATES_TO.get(one) == other else one


def upwards(role: str) -> list[str]:
    """The role, and every one above it."""
    found = [role]
    while (above := ESCALATES_TO.get(found[-1])) is not None:
        found.append(above)
    return found


def apart(one: str, other: str) -> bool:
    """Whether two roles are two keys: neither is the other, nor stands in for it."""
    stands_in = STANDS_IN_FOR.get(one, frozenset()) | STANDS_IN_FOR.get(other, frozenset())
    return one != other and not {one, other} & stands_in


def require_role(actor: Actor, role: str, doing: str) -> None:
    """Refuse with ``wrong_role`` unless the actor holds the role."""
    if not holds(actor, role):
        own = ", ".join(sorted(actor.roles)) or "no role"
        raise Refused("wrong_role", f"{doing} needs the role {role}; {actor.id} has {own}.")


def require_any_role(actor: Actor, roles: tuple[str, ...], doing: str) -> None:
    """Refuse with ``wrong_role`` unless the actor holds one of the roles, or is our own system."""
    if actor.kind == "system" or any(holds(actor, role) for role in roles):
        return
    own = ", ".join(sorted(actor.roles)) or "no role"
    wanted = " or ".join(roles)
    raise Refused("wrong_role", f"{doing} needs the role {wanted}; {actor.id} has {own}.")


def capacities(actor: Actor) -> tuple[Actor, ...]:
    """The actor in their own name, then in the name of each who delegated a role to them."""
    own = replace(actor, mandates=())
    lent: dict[str, set[str]] = {}
    for mandate in actor.mandates:
        lent.setdefault(mandate.of, set()).add(mandate.role)
    names = (replace(own, roles=frozenset(lent[of]), for_whom=of) for of in sorted(lent))
    return (own, *names)


def apart_from(actor: Actor, involved: Collection[str | None]) -> Actor:
    """The actor without what was lent to them by somebody who is involved in a case."""
    return replace(actor, mandates=tuple(m for m in actor.mandates if m.of not in involved))


def in_whose_name(actor: Actor, role: str) -> Actor | None:
    """The first capacity in which an actor may take tasks of a role; ``None`` where in none."""
    return next((who for who in capacities(actor) if holds(who, role)), None)


def roles_of(actor: Actor) -> tuple[str, ...]:
    """Every role whose tasks an actor may decide, in whatever name."""
    roles = {role for who in capacities(actor) for role in who.roles}
    for role in tuple(roles):
        roles |= STANDS_IN_FOR.get(role, frozenset())
    return tuple(sorted(roles))


def decider(case: Case, task: Task, actor: Actor, policies: PolicyBook) -> Actor:
    """The actor in the name they may decide in: their own before another's, and one whose
    limit reaches before one whose limit does not.

    What they did themselves counts in every name, and a role that was lent does not reach what its
    owner requested or inspected. Codes: ``wrong_role``, ``own_request``, ``own_inspection``, and
    under dual control or two keys ``already_decided`` (the same person twice) and
    ``same_authority`` (a delegate and who lent them the role are one authority).
    """
    opened = task.opened
    if actor.kind != "person":
        raise Refused("wrong_role", f"Only a person may decide {opened.task_id}.")
    if in_whose_name(actor, opened.role) is None:
        require_role(actor, opened.role, f"Deciding {opened.task_id}")
    if actor.id == case.requested.requested_by:
        raise Refused(
            "own_request", f"{actor.id} requested {case.return_id} and may not decide about it."
        )
    if actor.id == opened.asked_by:
        raise Refused("own_request", f"{actor.id} asked for what {opened.task_id} is about.")
    if _inspected_by(case, task) == actor.id:
        raise Refused(
            "own_inspection", f"{actor.id} inspected the goods that {opened.task_id} is about."
        )
    if actor.id in task.approved_by:
        raise Refused(
            "already_decided", f"{actor.id} approved {opened.task_id} already; another must."
        )
    apart = apart_from(actor, _involved(case, task))
    able = [who for who in capacities(apart) if holds(who, opened.role)]
    if not able:
        raise Refused(
            "own_request",
            f"{opened.task_id} is about what was requested or inspected by who lent {actor.id}"
            f" the role {opened.role}; somebody with a role of their own must decide.",
        )
    said_yes = {*task.approved_by, *task.approved_for}
    free = [who for who in able if not {who.id, who.for_whom} & said_yes]
    if not free:
        raise Refused(
            "same_authority",
            f"{opened.task_id} was approved in the same authority: {', '.join(sorted(said_yes))}.",
        )
    return next((who for who in free if _reaches(case, task, who, policies)), free[0])


def _reaches(case: Case, task: Task, actor: Actor, policies: PolicyBook) -> bool:
    opened = task.opened
    if opened.point not in LIMITED:
        return True
    return _covered(case, task, actor, policies, opened.amount_minor)


def check_limit(case: Case, task: Task, actor: Actor, policies: PolicyBook, amount: int) -> None:
    """Refuse with ``over_limit`` an amount that none of the actor's roles covers.

    Of two keys the last one is bound: it lets goods and money move.
    """
    if not task.first_key and not _covered(case, task, actor, policies, amount):
        opened = task.opened
        raise Refused(
            "over_limit",
            f"{opened.task_id} is about {money_text(amount, opened.currency)}"
            f" ({document_of(case, opened, policies)}); no limit of"
            f" {actor.for_whom or actor.id} reaches it. Escalate the task.",
        )


def _covered(case: Case, task: Task, actor: Actor, policies: PolicyBook, amount: int) -> bool:
    opened = task.opened
    line = case.line(opened.line) if opened.line is not None else None
    reason = line.reason if line else None
    item_class = line.requested.facts.item_class if line else None
    asked = (document_of(case, opened, policies), opened.currency, amount, reason, item_class)
    return any(policies.covers(role, *asked) for role in actor.roles)


def _involved(case: Case, task: Task) -> frozenset[str | None]:
    """Who requested what a task is about, or asked for the task, and who inspected the goods."""
    asked = (case.requested.requested_by, task.opened.asked_by)
    return frozenset({*asked, _inspected_by(case, task)})


def _inspected_by(case: Case, task: Task) -> str | None:
    portion_id = task.opened.portion
    if task.opened.point not in ABOUT_GOODS or portion_id is None:
        return None
    portion = case.portion(portion_id)
    return portion.inspected.inspected_by if portion else None
