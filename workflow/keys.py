"""Whose word authorises a return: every role that a line asks for is heard, however they stand.

One role where it stands in for the others, else two keys. Customer service only asks the customer:
whoever else decides sees what it would have asked.
"""

from collections.abc import Iterator

from workflow.actor import Actor
from workflow.approvals import STANDS_IN_FOR, apart, holds, require_any_role, upwards
from workflow.events import Verdict
from workflow.refused import Refused
from workflow.run import PolicyBook
from workflow.state import Case, Line

FIRST = ("quality", "inspector", "procurement", "finance_clerk", "returns_manager", "finance_lead")
"""Whose word is hardest to give in another's place, hardest first; any other role before them."""

OVERRULES = ("returns_manager", "finance_lead", "quality")
"""Who may authorise what the rules refuse."""


def refused_by(line: Line, overrules: bool = False) -> str | None:
    """The rule that refuses a line; ``None`` where none does.

    Where a rule above it asks a person, it stands unless that person ``overrules`` such rules.
    """
    said = line.eligibility
    if said is None:
        return None
    if said.outcome == "ineligible":
        return said.rule
    below = (one.rule for one in said.also if one.outcome == "ineligible")
    return None if overrules else next(below, None)


def overrules(actor: Actor) -> bool:
    """Whether the rules that refuse a line are for this person to overrule."""
    return any(holds(actor, role) for role in OVERRULES)


def keys(policies: PolicyBook, case: Case, verdict: Verdict) -> tuple[str, str | None]:
    """Who is asked about a return, and whose is the other key, if two are needed.

    Where three or more would have to agree, the hardest word is kept, and the lowest role above
    all the others has the other key. Whose limit lets the goods move comes last, as high as it
    takes.
    """
    asked = [role for role in dict.fromkeys(_asked(case, verdict)) if role]
    words = [one for one in asked if not _spoken_for(one, asked)] or ["returns_manager"]
    words.sort(key=lambda role: FIRST.index(role) if role in FIRST else -1)
    if len(words) == 1:
        return words[0], None
    amount = sum(line.requested.value_minor for line in case.lines)
    limit = ("authorisation", case.requested.currency, amount, None, None)

    def reaches(role: str) -> bool:
        return policies.covers(role, *limit)

    first, other = words[0], _above(words[1:])
    if reaches(first) and not reaches(other):
        return other, first
    other = next(filter(reaches, upwards(other)), other)
    return (first, other) if apart(first, other) else (other, None)


def check_option(case: Case, actor: Actor, option: str) -> None:
    """Whether there is something to authorise, and for this person.

    Refused: ``wrong_role`` to authorise every line, the refused ones too, for all but
    ``OVERRULES``; ``not_eligible`` where the rules leave no line to authorise.
    """
    able = overrules(actor)
    rules = [(line.number, refused_by(line, able)) for line in case.lines]
    told = ", ".join(f"line {number} by {rule}" for number, rule in rules if rule)
    if option == "authorise_all_lines" and told:
        require_any_role(actor, OVERRULES, f"Authorising what the rules refuse ({told})")
    elif all(rule for _, rule in rules):
        way = "override with authorise_all_lines" if able else "escalate"
        raise Refused("not_eligible", f"The rules refuse every line ({told}); {way} or reject.")


def _asked(case: Case, verdict: Verdict) -> Iterator[str | None]:
    """Every role that the authorisation and the lines ask for, and what a line asks besides."""
    said = [line.eligibility for line in case.lines if line.eligibility is not None]
    asking = [one for one in said if one.outcome == "ask_human"]
    for one in (verdict, *asking):
        yield one.role
        yield dict(one.values).get("second_role")
    for one in asking:
        for more in one.also:
            yield more.role if more.outcome == "ask_human" else None


def _spoken_for(role: str, asked: list[str]) -> bool:
    others = [one for one in asked if one != role]
    if role == "customer_service" and others:
        return True
    return any(role in STANDS_IN_FOR.get(one, frozenset()) for one in others)


def _above(roles: list[str]) -> str:
    """The lowest role that is, or stands above, each of these; the first where none does."""
    chains = [upwards(role) for role in roles]
    return next((r for r in chains[0] if all(r in up for up in chains)), roles[0])
