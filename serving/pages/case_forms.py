"""What the forms of a case page do: decide, give a task back, receive, inspect, cancel.

A form that is refused is drawn again as it was sent, with the reason above it; nothing has
changed then. One that was sent twice does its work once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import leases, worklists
from journal.absences import at_work
from serving.acting import act
from serving.assessor import situation
from serving.errors import Invalid, Unavailable, status_of
from serving.evidence import Brought, id_of
from serving.http import retrying
from serving.pages.case_page import draw, gone
from serving.pages.forms import (
    SAID,
    Files,
    do_once,
    files_of,
    kept_files,
    minor_of,
    quantity_of,
    shaped,
)
from serving.pages.frame import DeskRoute, OwnForm, Viewer, seen
from serving.receiving import build_inspection, build_receipt, build_reinspection
from serving.routes.queue import check_lease
from serving.shapes import (
    InspectionShape,
    ReceiptLineShape,
    ReceiptShape,
    ReinspectionShape,
)
from serving.wiring import Services, services_of
from workflow.actor import Actor
from workflow.commands import CancelReturn, DecideTask
from workflow.refused import Refused

router = APIRouter(route_class=DeskRoute)
Text = Annotated[str, Form(max_length=2000)]
Short = Annotated[str, Form(max_length=160)]
NOT_HERE = ("unknown_return",)
"""Refusals that leave no case to draw: they become an error page."""


def path_of(return_id: str, did: str) -> str:
    return f"/returns/{quote(return_id, safe='')}?did={did}"


def attempt(
    request: Request,
    actor: Actor,
    return_id: str,
    once: str,
    sent: Mapping[str, str],
    work: Callable[[Connection], str],
) -> Response:
    """Do it once and go back to the case, or draw the case with why not."""
    try:
        return do_once(request, actor, once, sent, work)
    except Refused as no:
        if no.code in NOT_HERE:
            raise
        return draw(request, return_id, actor, status_of(no.code), error=_friendly(no), sent=sent)
    except Invalid as no:
        return draw(request, return_id, actor, no.status, error=no.message, sent=sent)
    except Unavailable as away:
        return draw(request, return_id, actor, 503, error=str(away), sent=sent)


def _friendly(no: Refused) -> str:
    if no.code == "reason_required":
        return "A no, or another decision than the proposed one, needs a reason and a note."
    return no.message


@router.post("/returns/{return_id}/decision", dependencies=[OwnForm])
def decide(
    return_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    task: Annotated[str, Form(max_length=200)],
    choice: Short = "",
    value: Short = "",
    amount: Short = "",
    reason_code: Short = "",
    note: Text = "",
) -> Response:
    """Decide a task: yes to the proposal, another value, no, or pass it on."""
    services = services_of(request)
    sent = {
        "task": task,
        "choice": choice,
        "value": value,
        "amount": amount,
        "reason_code": reason_code,
        "note": note,
    }

    def work(conn: Connection) -> str:
        return path_of(return_id, _decide(conn, services, return_id, actor, sent))

    return attempt(request, actor, return_id, once, sent, work)


def _decide(
    conn: Connection, services: Services, return_id: str, actor: Actor, sent: Mapping[str, str]
) -> str:
    """Which notice to show after it."""
    task_id, now = sent["task"], services.clock()
    row: Any = worklists.task(conn, task_id)
    if row is None or row["return_id"] != return_id or row["status"] != "open":
        raise Refused("already_decided", gone(conn, task_id))
    check_lease(dict(row), actor, now)
    decision, value = meant(sent, row["currency"])
    note = sent["note"].strip()
    acting = at_work(conn, actor, now)
    why = sent["reason_code"] or None
    draw = services.draw()
    command = DecideTask(task_id, decision, acting, now, value, why, note, draw)
    handled = act(services.cases, services.assessor, conn, return_id, command)
    # Under dual control the task stays open, and the second person must be able to take it.
    leases.release(conn, task_id, actor.id)
    if situation(handled.state, return_id).case.task(task_id) is not None:
        return "first"
    return "escalated" if decision == "escalate" else "decided"


def meant(sent: Mapping[str, str], currency: str) -> tuple[str, str | None]:
    """Decision and value of a form; a form that says two things is refused, never guessed."""
    choice, value, amount = sent["choice"], sent["value"].strip(), sent["amount"].strip()
    if value and choice != "other":
        raise Refused(
            "invalid_decision", "You picked a value from the list but marked another answer."
        )
    if amount and choice != "amount":
        raise Refused(
            "invalid_decision", "You typed an amount but marked another answer: which one holds?"
        )
    if choice in ("approve", "reject", "escalate"):
        return choice, None
    if choice.startswith("override:"):
        return "override", choice.removeprefix("override:")
    if choice == "other" and value:
        return "override", value
    if choice == "amount" and amount:
        return "override", str(minor_of(amount, currency))
    raise Refused("invalid_decision", "Mark one answer, and give its value where it has one.")


@router.post("/returns/{return_id}/give-back", dependencies=[OwnForm])
def give_back(
    return_id: str,
    request: Request,
    actor: Viewer,
    task: Annotated[str, Form(max_length=200)],
) -> Response:
    """Free a task that the viewer held."""
    services = services_of(request)
    retrying(services.engine, lambda conn: leases.release(conn, task, actor.id))
    return seen(path_of(return_id, "given-back"))


@router.post("/returns/{return_id}/receipts", dependencies=[OwnForm])
def receive(
    return_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    warehouse: Short = "",
    receipt_id: Short = "",
    line: Annotated[list[str] | None, Form()] = None,
    sku: Annotated[list[str] | None, Form()] = None,
    quantity: Annotated[list[str] | None, Form()] = None,
    lot: Annotated[list[str] | None, Form()] = None,
    condition: Annotated[list[str] | None, Form()] = None,
    final: Short = "",
    freight: Short = "",
) -> Response:
    """Record what arrived, line by line; a row without a quantity did not arrive."""
    services = services_of(request)
    conditions = condition or [""] * len(line or [])
    rows = list(zip(line or [], sku or [], quantity or [], lot or [], conditions, strict=False))
    sent = {"form": "receipt", "warehouse": warehouse, "final": final, "receipt_id": receipt_id}
    sent["freight"] = freight
    sent |= {f"quantity-{n or 'blind'}": q for n, _, q, _, _ in rows}
    sent |= {f"lot-{n or 'blind'}": held for n, _, _, held, _ in rows}
    sent |= {f"condition-{n or 'blind'}": seen for n, _, _, _, seen in rows}

    def work(conn: Connection) -> str:
        cost = _in_currency_of(conn, services, return_id, freight)
        shape = shaped(
            lambda: ReceiptShape(
                receipt_id=receipt_id.strip() or f"RC-{uuid4().hex[:12]}",
                warehouse=warehouse.strip(),
                final=bool(final),
                freight_minor=cost,
                lines=[
                    ReceiptLineShape.model_validate(
                        {
                            "line": int(n[:9]) if n.isdecimal() else None,
                            "sku": item.strip(),
                            "quantity": quantity_of(many, f"Quantity of {item}"),
                            "lot": held.strip() or None,
                            "condition": seen or None,
                        }
                    )
                    for n, item, many, held, seen in rows
                    if many.strip()
                ],
            )
        )
        command = build_receipt(conn, shape, actor, services.clock())
        act(services.cases, services.assessor, conn, return_id, command)
        return path_of(return_id, "received")

    return attempt(request, actor, return_id, once, sent, work)


def _in_currency_of(conn: Connection, services: Services, return_id: str, text: str) -> int:
    """An amount in the return's currency, in minor units; 0 where nothing is typed."""
    if not text.strip():
        return 0
    state, _ = services.cases.state(conn, return_id)
    return minor_of(text, situation(state, return_id).case.requested.currency)


@dataclass(frozen=True)
class Found:
    """What an inspection form says, of goods that came in and of goods on hold alike."""

    condition: Annotated[str, Form(max_length=160)] = ""
    lot: Annotated[str, Form(max_length=160)] = ""
    damage_code: Annotated[str, Form(max_length=160)] = ""
    expires_on: Annotated[str, Form(max_length=160)] = ""
    temperature: Annotated[str, Form(max_length=160)] = ""
    note: Annotated[str, Form(max_length=2000)] = ""
    serials: Annotated[str, Form(max_length=2000)] = ""
    barcode: Annotated[str, Form(max_length=160)] = ""
    scanned: Annotated[str, Form(max_length=128)] = ""
    soiled: Annotated[str, Form(max_length=160)] = ""
    infested: Annotated[str, Form(max_length=160)] = ""

    def told(self) -> dict[str, Any]:
        """The fields of both shapes."""
        return {
            "condition": self.condition,
            "lot": self.lot.strip() or None,
            "damage_code": self.damage_code.strip() or None,
            "expires_on": self.expires_on or None,
            "temperature_ok": {"kept": True, "broken": False}.get(self.temperature),
            "seen": {
                "barcode": SAID.get(self.barcode),
                "scanned": self.scanned.strip() or None,
                "soiled": SAID.get(self.soiled),
                "infested": SAID.get(self.infested),
            },
            "note": self.note,
            **({"serials": self.serials.replace(",", " ").split()} if self.serials.strip() else {}),
        }


FoundForm = Annotated[Found, Depends()]


def _sent(about: str, found: Found, brought: Sequence[Brought], **more: str) -> dict[str, str]:
    kept = {name: str(value) for name, value in vars(found).items()}
    files = " ".join(id_of(file.data) for file in brought)
    return {"form": f"inspection-{about}", **kept, **more, "files": files}


@router.post("/returns/{return_id}/inspections", dependencies=[OwnForm])
def inspect(
    return_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    found: FoundForm,
    line: Short = "",
    quantity: Short = "",
    files: Files = None,
) -> Response:
    """Record what was found of a quantity of one line, with photos where there are."""
    services = services_of(request)
    brought = files_of(files)

    def work(conn: Connection) -> str:
        told = found.told() | {
            "line": int(line) if line.isdecimal() else 0,
            "quantity": quantity_of(quantity, "Quantity"),
            "evidence": kept_files(conn, request, brought, actor),
        }
        shape: InspectionShape = shaped(lambda: InspectionShape.model_validate(told))
        state = situation(services.cases.state(conn, return_id)[0], return_id)
        command = build_inspection(conn, state, shape, actor, services.clock())
        act(services.cases, services.assessor, conn, return_id, command)
        return path_of(return_id, "inspected")

    sent = _sent(line, found, brought, quantity=quantity)
    return attempt(request, actor, return_id, once, sent, work)


@router.post("/returns/{return_id}/reinspections", dependencies=[OwnForm])
def reinspect(
    return_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    found: FoundForm,
    portion: Short = "",
    files: Files = None,
) -> Response:
    """Record what was found of goods on hold."""
    services = services_of(request)
    brought = files_of(files)

    def work(conn: Connection) -> str:
        told = found.told() | {
            "portion": portion,
            "evidence": kept_files(conn, request, brought, actor),
        }
        shape: ReinspectionShape = shaped(lambda: ReinspectionShape.model_validate(told))
        state = situation(services.cases.state(conn, return_id)[0], return_id)
        command = build_reinspection(conn, state, shape, actor, services.clock())
        act(services.cases, services.assessor, conn, return_id, command)
        return path_of(return_id, "inspected")

    return attempt(request, actor, return_id, once, _sent(portion, found, brought), work)


@router.post("/returns/{return_id}/cancellation", dependencies=[OwnForm])
def cancel(
    return_id: str,
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    because: Text = "",
) -> Response:
    """Withdraw a return for which nothing has come back yet."""
    services = services_of(request)
    sent = {"form": "cancellation", "because": because}

    def work(conn: Connection) -> str:
        if not because.strip():
            raise Refused("reason_required", "Say why the return is cancelled.")
        command = CancelReturn(because.strip(), actor, services.clock())
        act(services.cases, services.assessor, conn, return_id, command)
        return path_of(return_id, "cancelled")

    return attempt(request, actor, return_id, once, sent, work)
