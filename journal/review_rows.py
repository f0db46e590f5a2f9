"""Second reviews of a case, folded from its events as rows of ``second_review``."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from workflow.events import SecondReviewGiven, TaskDecided
from workflow.reviewing import outcome

Row = dict[str, Any]
_OF_THE_TASK = (
    "task_id", "return_id", "point", "role", "line", "portion", "amount_minor", "currency",
    "proposal", "allowed",
)  # fmt: skip


def note_review(
    reviews: MutableMapping[str, Row],
    tasks: Mapping[str, Row],
    event: TaskDecided | SecondReviewGiven,
) -> None:
    """Add the review that a decision was drawn for, or what came of one; others pass by."""
    if isinstance(event, TaskDecided):
        if event.final and event.reviewed:
            reviews[event.task_id] = _drawn(tasks[event.task_id], event)
        return
    row = reviews[event.task_id]
    row.update(
        status="given",
        second_outcome=_outcome(row, event),
        reviewed_by=event.reviewed_by,
        reviewed_at=event.reviewed_at,
        agreed=event.agreed,
        note=event.note,
    )


def _drawn(task: Row, event: TaskDecided) -> Row:
    return {name: task[name] for name in _OF_THE_TASK} | {
        "status": "open",
        "approved_by": [*task["approved_by"], event.decided_by],
        "drawn_at": event.decided_at,
        "first_outcome": _outcome(task, event),
        "second_outcome": None,
        "reviewed_by": None,
        "reviewed_at": None,
        "agreed": None,
        "note": None,
    }


def _outcome(row: Row, said: TaskDecided | SecondReviewGiven) -> str:
    return outcome(said.point, row["proposal"], row["amount_minor"], said.decision, said.value)
