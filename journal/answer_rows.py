"""What a model answered in a case and what a person then decided, as rows of ``answer``.

The one place that says whether a person agreed with a model: thresholds, audits, agreement and
the page of models all read it from here.
"""

from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

from workflow.assessment import sureness
from workflow.events import (
    AssessmentRecorded,
    CaseEvent,
    DispositionConfirmed,
    LaneChosen,
    ReasonSettled,
    TaskDecided,
)

Row = dict[str, Any]
AnswerKey = tuple[str, int, str]
"""Decision point, line, and portion or sequence of the credit; empty where there is neither."""
Answers = MutableMapping[AnswerKey, Row]

NORMAL, SUSPECT = "normal", "suspect"
"""What a person says of a credit: paid as proposed, or not."""


def note_answer(answers: Answers, event: CaseEvent, recorded_at: datetime) -> None:
    """Add the answer of an event, or what the event says about one; others pass by."""
    match event:
        case AssessmentRecorded():
            row = _answered(event, recorded_at)
            answers[row["point"], row["line"], row["part"]] = row
        case LaneChosen():
            answers[event.point, event.line, event.portion or ""].update(
                lane=event.lane,
                eligible=event.eligible,
                audited=event.audited,
                review_permille=event.review_permille,
            )
        case ReasonSettled() if event.how == "person":
            _judged(answers, ("reason", event.line, ""), event.reason, event.settled_by)
        case DispositionConfirmed() if event.how == "person":
            key = ("disposition", event.line, event.portion)
            _judged(answers, key, _largest(event), event.confirmed_by)
        case TaskDecided() if event.point == "credit" and event.final:
            _credit_judged(answers, event)
        case _:
            pass


def _answered(event: AssessmentRecorded, recorded_at: datetime) -> Row:
    said, clearing = event.assessment, event.clearing
    return {
        "return_id": event.return_id,
        "point": event.point,
        "line": event.line,
        "part": event.portion or "",
        "model": said.model.name,
        "version": said.model.version,
        "value": said.value,
        "confidence": said.confidence,
        "sureness": sureness(event.point, said.confidence),
        "cleared": clearing is not None and clearing.cleared,
        "clearance": clearing.clearance if clearing else None,
        "draw": clearing.draw if clearing else None,
        "answered_at": recorded_at,
        "lane": None,
        "eligible": False,
        "audited": False,
        "review_permille": None,
        "outcome": None,
        "decided_by": None,
        "agreed": None,
    }


def _judged(answers: Answers, key: AnswerKey, outcome: str, by: str) -> None:
    row = answers.get(key)
    if row is not None:
        agreed = None if row["value"] is None else outcome == row["value"]
        row.update(outcome=outcome, decided_by=by, agreed=agreed)


def _credit_judged(answers: Answers, event: TaskDecided) -> None:
    """What a policy denied says nothing about suspicion, nor does passing it on."""
    row = answers.get(("credit", event.line or 0, str(event.sequence)))
    if row is None or event.decision == "escalate" or event.proposal == "deny":
        return
    outcome = NORMAL if event.decision == "approve" else SUSPECT
    agreed = None if row["value"] is None else (outcome == NORMAL) == (row["value"] == NORMAL)
    row.update(outcome=outcome, decided_by=event.decided_by, agreed=agreed)


def _largest(event: DispositionConfirmed) -> str:
    """The disposition of most of the portion."""
    sums: dict[str, Any] = {}
    for part in event.parts:
        sums[part.disposition] = sums.get(part.disposition, 0) + part.quantity
    return max(sorted(sums), key=lambda name: sums[name])
