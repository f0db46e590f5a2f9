"""Second reviews at the edge: what a reviewer may see, their answer, and what follows from it."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, RowMapping

from journal import reviews, worklists
from journal.absences import at_work
from journal.alarms import raise_alarm
from journal.delegations import mandated
from models.guarantee import interval
from serving.http import plain
from serving.present import quantity
from serving.shapes import ReviewShape
from serving.wiring import Services
from workflow.actor import Actor
from workflow.approvals import ESCALATES_TO, roles_of
from workflow.commands import GiveSecondReview
from workflow.events import SecondReviewGiven
from workflow.refused import Refused
from workflow.state import Case

TELLING = ("first_outcome", "approved_by")
"""What a reviewer must not see before they have answered."""


def shown(row: Mapping[Any, Any]) -> dict[str, object]:
    """A review as people may see it: while it is open, nothing of the first decision."""
    hidden = TELLING if row["status"] == "open" else ()
    return {name: value for name, value in plain(row).items() if name not in hidden}


def listed(
    conn: Connection, services: Services, actor: Actor, status: str = "open", limit: int = 50
) -> Sequence[RowMapping]:
    """Reviews for the actor's roles, the oldest first; of the open ones those they may answer."""
    acting = mandated(conn, actor, services.clock())
    rows = reviews.listed(conn, status=status, roles=roles_of(acting), limit=limit)
    if status != "open":
        return rows
    involved = worklists.involved(conn, rows)
    return [row for row in rows if actor.id not in involved[row["task_id"]]]


def evidence(case: Case, row: Mapping[Any, Any]) -> dict[str, object]:
    """What the customer wrote and the inspector found; nothing that anybody decided."""
    line = case.line(row["line"]) if row["line"] is not None else None
    portion = case.portion(row["portion"]) if row["portion"] else None
    asked = (line,) if line else case.lines
    found = portion.inspected if portion else None
    return {
        "lines": [
            {
                "line": one.number,
                "sku": one.requested.sku,
                "quantity": quantity(one.requested.quantity),
                "reason_text": one.requested.reason_text,
                "evidence": list(one.requested.evidence),
            }
            for one in asked
        ],
        "inspected": {
            "quantity": quantity(found.quantity),
            "condition": found.condition,
            "damage_code": found.damage_code,
            "note": found.note,
        }
        if found
        else None,
    }


def agreement(conn: Connection) -> list[dict[str, Any]]:
    """How often two came to the same, by point and role, with exact 95 per cent intervals."""
    return [_share(row) for row in reviews.agreement(conn)]


def _share(row: dict[str, Any]) -> dict[str, Any]:
    low, high = interval(row["agreed"], row["given"])
    share = row["agreed"] / row["given"] if row["given"] else None
    return row | {"share": share, "low": low, "high": high}


def answer(
    conn: Connection, services: Services, task_id: str, shape: ReviewShape, actor: Actor
) -> None:
    """Record what the reviewer would have decided; the role above is told of a difference.

    Refused: ``unknown_review``, and as ``workflow.reviewing``.
    """
    now, row = services.clock(), reviews.one(conn, task_id)
    if row is None:
        raise Refused("unknown_review", f"There is no second review of {task_id}.")
    acting = at_work(conn, actor, now)
    command = GiveSecondReview(task_id, shape.decision, acting, now, shape.value, shape.note)
    handled = services.cases.handle(conn, row["return_id"], command)
    for entry in handled.recorded:
        if isinstance(entry.event, SecondReviewGiven) and not entry.event.agreed:
            _tell_above(services, conn, entry.event)


def _tell_above(services: Services, conn: Connection, event: SecondReviewGiven) -> None:
    row = reviews.one(conn, event.task_id)
    if row is None:
        raise AssertionError(f"{event.task_id} was reviewed and is no review")
    first, second = row["approved_by"][-1], event.reviewed_by
    raise_alarm(
        services.journal,
        conn,
        kind="second_review",
        subject=f"{event.point}-{sha256(event.task_id.encode()).hexdigest()[:12]}",
        says=f"{event.task_id}: {first} decided {row['first_outcome'] or 'nothing'}, {second} would"
        f" have decided {row['second_outcome'] or 'nothing'}.",
        role=ESCALATES_TO.get(event.role, event.role),
        at=event.reviewed_at,
    )
