"""What a draft would have said: past cases are asked again, with what was known at the time.

The questions and what was said to them are ``policy_questions.py``; here a draft answers them, and
what it says otherwise is counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from workflow.policy import Policies, Policy
from workflow.policy_questions import Asked, Said, Story, questions


@dataclass(frozen=True, slots=True)
class Changed:
    """A verdict that the draft would have given otherwise."""

    asked: Asked
    after: Said


@dataclass(frozen=True, slots=True)
class Replay:
    """``verdicts`` were asked of ``cases``; ``rules`` counts changes by (old rule, new rule).

    ``money`` is, by currency and never mixed, the net minor units credited before and after in
    the verdicts that changed; empty for policies that say no amounts.
    """

    verdicts: int
    cases: int
    changed: tuple[Changed, ...]
    rules: Mapping[tuple[str, str], int]
    money: Mapping[str, tuple[int, int]]


def replay(
    known: Policies, draft: Policy, stories: Iterable[Story], now: datetime, since: datetime
) -> Replay:
    """Ask a draft what its policy was asked since a moment.

    A variant is asked about its own business unit; a general draft about the units that have
    no variant at ``now``.
    """
    own = {p.unit for p in known.at(now).versions if p.name == draft.name and p.unit}
    verdicts, cases = 0, set[str]()
    changed = []
    for story in stories:
        for asked in questions(known, (draft.name,), story):
            mine = asked.unit == draft.unit if draft.unit else asked.unit not in own
            if not mine or asked.at < since:
                continue
            verdicts += 1
            cases.add(asked.return_id)
            after = asked.again(draft)
            if not after.same(asked.said):
                changed.append(Changed(asked, after))
    rules = Counter((one.asked.said.rule, one.after.rule) for one in changed)
    return Replay(verdicts, len(cases), tuple(changed), dict(rules), _money(changed))


def _money(changed: Iterable[Changed]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for one in changed:
        before, after = one.asked.said.net_minor, one.after.net_minor
        if before is not None and after is not None:
            sums = found.get(one.asked.currency, (0, 0))
            found[one.asked.currency] = (sums[0] + before, sums[1] + after)
    return found
