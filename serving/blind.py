"""What an audit must not show: a model's answer whose judge is to decide without it.

While a blind task is open, the answer to its subject, what was proposed from it and its score
are kept from every page and answer that people read. Once decided, everything is shown again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from journal import worklists
from journal.entries import Recorded
from workflow.state import Born, Case, Credit, Line, Portion

Subject = tuple[str, int, str]
"""Decision point, line, and portion or sequence of the credit; empty where there is neither."""

WITHHELD = {"withheld": "A person decides this without the model's answer; it is shown then."}
_TELLING = frozenset({"assessment_recorded", "lane_chosen", "disposition_proposed"})


def hidden(case: Case) -> frozenset[Subject]:
    """The subjects whose answers are not to be shown now."""
    opened = [task.opened for task in case.tasks if task.opened.blind]
    return frozenset((t.point, t.line or 0, str(t.sequence or t.portion or "")) for t in opened)


def blinded(state: Born) -> Born:
    """The state as somebody may see it who is to decide without the model's answers."""
    subjects = hidden(state.case)
    if not subjects:
        return state
    lines = tuple(_line(line, subjects) for line in state.case.lines)
    return replace(state, case=replace(state.case, lines=lines))


def _line(line: Line, subjects: frozenset[Subject]) -> Line:
    number = line.number
    shown = replace(
        line,
        portions=tuple(_portion(portion, subjects) for portion in line.portions),
        credits=tuple(_credit(credit, number, subjects) for credit in line.credits),
    )
    if ("reason", number, "") in subjects:
        return replace(shown, reason_assessment=None, reason_clearing=None)
    return shown


def _portion(portion: Portion, subjects: frozenset[Subject]) -> Portion:
    if ("disposition", portion.line, portion.id) in subjects:
        return replace(portion, assessment=None, clearing=None, proposal=None)
    return portion


def _credit(credit: Credit, line: int, subjects: frozenset[Subject]) -> Credit:
    if ("credit", line, str(credit.sequence)) in subjects:
        return replace(credit, assessment=None, clearing=None)
    return credit


def shown_payload(entry: Recorded, subjects: Iterable[Subject]) -> Mapping[str, Any]:
    """The payload of an event, or that it is withheld; ``subjects`` are those of its case."""
    payload = entry.payload
    if entry.type == "challenger_answered":
        return WITHHELD if subjects else payload
    if entry.type not in _TELLING:
        return payload
    point = payload.get("point", "disposition")
    part = "" if point == "reason" else str(payload["portion"] or "")
    return WITHHELD if (point, payload["line"], part) in set(subjects) else payload


def case_of(entry: Recorded) -> str:
    """The return that an event tells about: its own, or the one a challenger was asked about."""
    if entry.type == "challenger_answered":
        return str(entry.payload["subject"]).partition("/")[0]
    return entry.stream.removeprefix("case/")


def hidden_by_case(conn: Connection) -> dict[str, frozenset[Subject]]:
    """The subjects of every open audit, by return."""
    found: dict[str, set[Subject]] = {}
    for row in worklists.open_audits(conn):
        found.setdefault(row["return_id"], set()).add((row["point"], row["line"], row["part"]))
    return {return_id: frozenset(subjects) for return_id, subjects in found.items()}
