"""``/v1/queue``: who must decide what; leases that expire; decisions with a reason."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import leases, worklists
from journal.absences import at_work
from journal.delegations import mandated
from serving.acting import act
from serving.answers.form import answers
from serving.answers.queue import Lease, LeaseReleased, Task, TaskPage
from serving.answers.returns import Return
from serving.assessor import situation
from serving.coverage import covered
from serving.http import Reply, plain, retrying
from serving.identity import signed_in
from serving.present import case_json, time
from serving.reading import StrictRoute
from serving.routes.returns import etag, once, page_reply
from serving.shapes import DecisionShape
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.approvals import in_whose_name, require_role, roles_of
from workflow.codes import Role
from workflow.commands import DecideTask
from workflow.refused import Refused

router = APIRouter(prefix="/v1/queue", tags=["queue"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]


def for_whom(actor: Actor, role: str) -> str | None:
    """In whose name the actor would take a task of a role; ``None`` in their own, or in none."""
    acting = in_whose_name(actor, role)
    return acting.for_whom if acting else None


@router.get("", responses=answers(TaskPage))
def list_queue(
    request: Request,
    actor: Signed,
    role: Role | None = None,
    order: Literal["value", "age", "risk", "sla"] = "sla",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> Response:
    """Open tasks of a role (all of yours without one), and how many others hold on lease.

    Tasks of roles that are delegated to you are yours too; ``for_whom`` names the delegator.
    ``uncovered``: nobody present may decide it; ``waits_for`` are those away who could.
    """
    services = services_of(request)
    now = services.clock()
    with services.engine.connect() as conn:
        actor = mandated(conn, actor, now)
        roles = (str(role),) if role else roles_of(actor)
        page = worklists.tasks(
            conn, roles=roles, order=order, limit=limit, cursor=cursor, at=now, holder=actor.id
        )
        shown = covered(services, conn, page.rows, now)
    rows = [row | {"for_whom": for_whom(actor, row["role"])} for row in shown]
    return page_reply(replace(page, rows=rows), leased_to_others=page.leased_to_others)


@router.get("/{task_id}", responses=answers(Task))
def read_task(task_id: str, request: Request, actor: Signed) -> Response:
    """One task, open or not."""
    with services_of(request).engine.connect() as conn:
        return Reply(_task(conn, task_id)).response()


def _task(conn: Connection, task_id: str) -> dict[str, object]:
    task = worklists.task(conn, task_id)
    if task is None:
        raise Refused("unknown_task", f"There is no task {task_id}.")
    return plain(task)


def open_task(conn: Connection, task_id: str) -> dict[str, object]:
    task = _task(conn, task_id)
    if task["status"] != "open":
        who = task["decided_by"]
        how = f": {who} decided {task['decision']}" if who else ""
        raise Refused("unknown_task", f"{task_id} is {task['status']} already{how}.")
    return task


def check_lease(task: dict[str, object], actor: Actor, now: datetime) -> None:
    """Refuse with ``task_leased`` while somebody else holds the task."""
    holder, until = task["lease_holder"], task["lease_until"]
    if holder not in (None, actor.id) and isinstance(until, datetime) and until > now:
        raise Refused("task_leased", f"{holder} works on {task['task_id']} until {time(until)}.")


@router.post("/{task_id}/lease", responses=answers(Lease))
def lease_task(task_id: str, request: Request, actor: Signed) -> Response:
    """Reserve a task for yourself; ask again before it ends to keep it."""
    services = services_of(request)

    def work(conn: Connection) -> Response:
        task, now = open_task(conn, task_id), services.clock()
        if in_whose_name(at_work(conn, actor, now), str(task["role"])) is None:
            require_role(actor, str(task["role"]), f"Leasing {task_id}")
        seconds = services.settings.lease_minutes * 60
        held = leases.lease(conn, task_id, actor.id, now, seconds)
        return Reply({"task": task_id, "holder": actor.id, "until": time(held.until)}).response()

    return retrying(services.engine, work)


@router.post("/{task_id}/release", responses=answers(LeaseReleased))
def release_task(task_id: str, request: Request, actor: Signed) -> Response:
    """Give a leased task back to the queue."""
    services = services_of(request)

    def work(conn: Connection) -> Response:
        open_task(conn, task_id)
        released = leases.release(conn, task_id, actor.id)
        return Reply({"task": task_id, "released": released}).response()

    return retrying(services.engine, work)


@router.post("/{task_id}/decision", responses=answers(Return))
def decide_task(task_id: str, shape: DecisionShape, request: Request, actor: Signed) -> Response:
    """Decide a task. A rejection or an override carries a reason code and a note."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        now = services.clock()
        task = open_task(conn, task_id)
        check_lease(task, actor, now)
        acting = at_work(conn, actor, now)
        command = DecideTask(
            task_id, shape.decision, acting, now, shape.value, shape.reason_code, shape.note,
            services.draw(),
        )  # fmt: skip
        return_id = str(task["return_id"])
        handled = act(services.cases, services.assessor, conn, return_id, command)
        leases.release(conn, task_id, actor.id)  # a second person may be wanted now
        state = situation(handled.state, return_id)
        body = case_json(state, handled.version, services.policies.known)
        return Reply(body, 200, etag(handled.version))

    return once(request, actor, shape, work)
