"""A draft asked about past cases of the journal, and what came of it as JSON."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from journal.stories import stories
from workflow.policy import Policies, Policy
from workflow.policy_questions import ASKED, NEEDED, Said
from workflow.policy_replay import Changed, Replay, replay

USUAL = timedelta(days=365)
"""How far back a replay looks unless told otherwise."""
MOST_CASES = 20_000
"""Of the newest cases; a request must end."""
MOST_LISTED = 500
"""Changed verdicts that an answer lists; all of them are counted."""


def replay_past(
    conn: Connection,
    known: Policies,
    draft: Policy,
    now: datetime,
    since: datetime | None = None,
    most_cases: int = MOST_CASES,
) -> Replay:
    """Ask a draft what its policy was asked since a moment (a year ago, unless said).

    Nothing is replayed for a policy that finds gaps in masters: cases never asked it.
    """
    if draft.finds:
        return Replay(0, 0, (), {}, {})
    start = since or now - USUAL
    name = draft.name
    told = stories(conn, ASKED[name], NEEDED[name], start, most_cases)
    return replay(known, draft, told, now, start)


def replay_json(found: Replay, most: int = MOST_LISTED) -> dict[str, Any]:
    """Counts, changes by old and new rule, money by currency, and the cases, newest first."""
    rules = sorted(found.rules.items(), key=lambda one: (-one[1], one[0]))
    newest = sorted(found.changed, key=lambda one: one.asked.at, reverse=True)
    return {
        "verdicts": found.verdicts,
        "cases": found.cases,
        "changed": len(found.changed),
        "rules": [{"before": old, "after": new, "verdicts": n} for (old, new), n in rules],
        "money_minor": {
            currency: {"before": before, "after": after, "difference": after - before}
            for currency, (before, after) in sorted(found.money.items())
        },
        "list": [_changed(one) for one in newest[:most]],
    }


def _changed(one: Changed) -> dict[str, Any]:
    asked = one.asked
    return {
        "return_id": asked.return_id,
        "line": asked.line,
        "part": asked.part,
        "at": asked.at.isoformat(),
        "currency": asked.currency,
        "before": said_json(asked.said),
        "after": said_json(one.after),
    }


def said_json(said: Said) -> dict[str, Any]:
    """A verdict in short; ``more`` is what else of it counts as a difference: a role, values."""
    return {
        "rule": said.rule,
        "outcome": said.outcome,
        "net_minor": said.net_minor,
        "more": list(_more(said.more)),
    }


def _more(told: tuple[object, ...]) -> Iterator[str]:
    for one in told:
        if isinstance(one, tuple):
            yield from (" ".join(map(str, pair)) for pair in one)
        elif one is not None:
            yield str(one)
