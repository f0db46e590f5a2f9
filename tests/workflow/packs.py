"""A return that is judged by an adopted pack: facts made by the program, rules read from disk."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.workflow.fakes import line as plain_line
from workflow.asking import eligibility_facts
from workflow.credit import Worth, worth
from workflow.events import LineFacts, LineInspected, ReturnRequested, Stated, Verdict
from workflow.policy import Policies, load
from workflow.policy_ledger import read_draft
from workflow.policy_packs import drafts
from workflow.state import Case, Line, Portion

FOLDER = Path(__file__).parents[2] / "policies"
KNOWN = load(FOLDER)
UNIT = "foodservice"
DELIVERED = datetime(2026, 11, 2, 15, tzinfo=UTC)
"""A Monday, ten in the morning in New York."""
_FACTS = {field.name for field in fields(LineFacts)}
_STATED = {field.name for field in fields(Stated)}


def adopted(pack: str) -> Policies:
    """What holds for the unit once it adopted a pack."""
    read = [read_draft(draft, KNOWN) for draft in drafts(FOLDER, pack, UNIT, KNOWN)]
    own = [policy for policy, faults in read if policy is not None and not faults]
    assert len(own) == len(read)
    return Policies((*KNOWN.versions, *own)).of(UNIT)


def case_of(reason: str, at: datetime, **more: Any) -> Case:
    """One line of food worth 100.00, delivered on ``DELIVERED`` and asked for at ``at``.

    Further names are those of ``LineFacts``, of ``Stated``, or of the requested line itself.
    """
    usual: dict[str, Any] = {"regulated": "food"}
    usual |= {"delivered_at": DELIVERED, "invoiced_at": DELIVERED}
    requested = plain_line(quantity="10", stated=reason, tax_minor=0)
    facts = usual | {name: value for name, value in more.items() if name in _FACTS}
    stated = {name: value for name, value in more.items() if name in _STATED}
    own = {n: v for n, v in more.items() if n not in _FACTS | _STATED}
    own = {"evidence": ("photo.jpg",)} | own
    made = replace(
        requested, facts=replace(requested.facts, **facts), stated=Stated(**stated), **own
    )
    asked = ReturnRequested("R-1", "C-1", UNIT, "portal", "USD", "pam", at, (made,))
    return Case(asked, (Line(made, reason=reason),))


def judged(pack: str, reason: str, after: timedelta = timedelta(hours=1), **more: Any) -> Verdict:
    """What a pack says to a line that is asked for ``after`` its delivery."""
    at = DELIVERED + after
    case, book = case_of(reason, at, **more), adopted(pack)
    facts = eligibility_facts(case, case.lines[0], at, book.calendar("eligibility"))
    return book.judge("eligibility", facts)


def credited(pack: str, reason: str, condition: str = "sealed", to: str = "restock") -> Worth:
    """What a pack credits for all of it, inspected and disposed of."""
    at = DELIVERED + timedelta(days=1)
    case = case_of(reason, at)
    found = LineInspected("R-1", 1, "1.1", Decimal(10), condition, "ines", at)
    portion = Portion("1.1", 1, found)
    return worth(adopted(pack), case, case.lines[0], portion, to, Decimal(10), at)
