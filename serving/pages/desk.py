"""Sign-in, queue, case, returns, exceptions and models as pages for people.

Pages use the same services and commands as the API; a decision made here is the same event.
Forms carry a token bound to the session, and a once-only key, so that a double click decides
once.
"""

import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from uuid import uuid4

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy import Connection
from starlette.responses import FileResponse, Response

from journal import accounts, lookups, worklists
from serving.acting import act
from serving.assessor import situation
from serving.errors import Unavailable
from serving.http import retrying
from serving.identity import COOKIE, by_cookie
from serving.pages import sentences
from serving.pages.sentences import POINTS, REASON_CODES, STATUSES
from serving.present import case_json
from serving.routes.queue import check_lease, open_task, roles_of
from serving.shelf import MODELS
from serving.wiring import Services, services_of
from workflow.actor import Actor
from workflow.approvals import holds
from workflow.commands import DecideTask
from workflow.evolve import fold
from workflow.money import CURRENCIES
from workflow.refused import Refused
from workflow.state import Case

HERE = Path(__file__).parent
router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(HERE / "templates")
templates.env.filters |= {
    "words": sentences.words,
    "day": sentences.day,
    "money": sentences.money,
    "percent": sentences.percent,
    "abs": abs,
}
DEMO_PASSWORD = "triage-demo"  # known to everybody who reads this: `triage demo` users only
ORDERS = {"sla": "due first", "value": "value", "age": "oldest", "risk": "risk"}
EXCEPTION_ORDERS = {"rank": "expected loss", "exposure": "exposure", "age": "oldest"}


def page(
    request: Request, name: str, actor: Actor | None, status: int = 200, **more: object
) -> Response:
    """A rendered page; nothing of it may be framed or cached, and it loads nothing from afar."""
    context = {"actor": actor, "csrf": csrf_of(request), "here": "", **more}
    response = templates.TemplateResponse(request, name, context, status)
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self';"
        " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def csrf_of(request: Request) -> str:
    """A token that only pages of this session know."""
    token = request.cookies.get(COOKIE, "")
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest() if token else ""


def to_sign_in(request: Request) -> Response:
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(target, safe='')}", 303)


@router.get("/static/desk.css")
def css() -> Response:
    return FileResponse(HERE / "static" / "desk.css", media_type="text/css")


@router.get("/")
def home() -> Response:
    return RedirectResponse("/queue", 303)


# -- sign-in ---------------------------------------------------------------------------------


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "") -> Response:
    return _sign_in(request, next=next)


def _sign_in(request: Request, status: int = 200, **more: object) -> Response:
    services = services_of(request)
    people: list[dict[str, str]] = []
    if services.settings.show_sign_ins:
        with services.engine.connect() as conn:
            people = [
                {"user": a.account_id, "role": min(a.roles)}
                for a in accounts.all_accounts(conn)
                if a.kind == "person" and a.active and a.roles
            ]
    more = {"sign_ins": people, "demo_password": DEMO_PASSWORD, **more}
    return page(request, "sign_in.html", None, status, **more)


@router.post("/sign-in")
def sign_in(
    request: Request,
    user: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=256)],
    next: Annotated[str, Form(max_length=512)] = "",
) -> Response:
    services = services_of(request)
    now = services.clock()
    with services.engine.begin() as conn:
        account = accounts.verify_password(conn, user, password)
        if account is None:
            error = "User or password is wrong."
            return _sign_in(request, 401, error=error, user=user, next=next)
        token = accounts.open_session(
            conn, account.account_id, now, services.settings.session_hours
        )
    # Only our own paths: "//host" and "/\host" would leave the site.
    inside = next.startswith("/") and not next.startswith(("//", "/\\"))
    response = RedirectResponse(next if inside else "/queue", 303)
    response.set_cookie(
        COOKIE,
        token,
        httponly=True,
        samesite="strict",
        secure=services.settings.secure_cookies,
        max_age=services.settings.session_hours * 3600,
    )
    return response


@router.post("/sign-out")
def sign_out(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
    token = request.cookies.get(COOKIE)
    if token and hmac.compare_digest(csrf, csrf_of(request)):
        with services_of(request).engine.begin() as conn:
            accounts.close_session(conn, token)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE)
    return response


# -- lists -----------------------------------------------------------------------------------


@router.get("/queue")
def queue(
    request: Request, role: str = "", order: str = "sla", cursor: str | None = None
) -> Response:
    actor = by_cookie(request)
    if actor is None:
        return to_sign_in(request)
    services = services_of(request)
    roles = roles_of(actor)
    shown = (role,) if role in roles else roles
    order = order if order in ORDERS else "sla"
    now = services.clock()
    with services.engine.connect() as conn:
        found = worklists.tasks(
            conn, roles=shown, order=order, cursor=cursor or None, at=now, holder=actor.id
        )
        waiting = worklists.depths(conn)["tasks"]
    tasks = [
        dict(row)
        | {
            "overdue": row["due_at"] < now,
            "held_by": row["lease_holder"]
            if row["lease_holder"] not in (None, actor.id) and row["lease_until"] > now
            else None,
        }
        for row in found.rows
    ]
    return page(
        request,
        "queue.html",
        actor,
        here="queue",
        tasks=tasks,
        next=found.cursor,
        leased=found.leased_to_others,
        total=sum(waiting.get(r, 0) for r in shown),
        roles=roles,
        role=role,
        order=order,
        orders=ORDERS,
        points=POINTS,
    )


@router.get("/returns")
def returns(
    request: Request, status: str = "", customer: str = "", cursor: str | None = None
) -> Response:
    actor = by_cookie(request)
    if actor is None:
        return to_sign_in(request)
    with services_of(request).engine.connect() as conn:
        found = worklists.returns(
            conn, status=status or None, customer_id=customer or None, cursor=cursor or None
        )
    return page(
        request,
        "returns.html",
        actor,
        here="returns",
        items=found.rows,
        next=found.cursor,
        status=status,
        customer=customer,
        statuses=STATUSES,
    )


@router.get("/exceptions")
def exceptions(request: Request, order: str = "rank", cursor: str | None = None) -> Response:
    actor = by_cookie(request)
    if actor is None:
        return to_sign_in(request)
    order = order if order in EXCEPTION_ORDERS else "rank"
    with services_of(request).engine.connect() as conn:
        found = worklists.exceptions(conn, order=order, cursor=cursor or None)
    return page(
        request,
        "exceptions.html",
        actor,
        here="exceptions",
        items=found.rows,
        next=found.cursor,
        order=order,
        orders=EXCEPTION_ORDERS,
    )


@router.get("/models")
def models(request: Request) -> Response:
    actor = by_cookie(request)
    if actor is None:
        return to_sign_in(request)
    services = services_of(request)
    with services.engine.connect() as conn:
        ledger = lookups.proposals(conn)
    items = []
    for name in MODELS:
        shelf = services.shelf.get(name)
        card = shelf.model.card
        items.append(
            {
                "name": name,
                "alias": shelf.ref.alias,
                "version": shelf.ref.version,
                "limits": card.limits,
                "metrics": dict(card.metrics),
                "fault": services.shelf.faults.get(name),
                "promotions": [row for row in ledger if row["name"] == name],
            }
        )
    return page(request, "models.html", actor, here="models", items=items)


# -- one case --------------------------------------------------------------------------------


@router.get("/returns/{return_id}")
def case(return_id: str, request: Request) -> Response:
    actor = by_cookie(request)
    if actor is None:
        return to_sign_in(request)
    return _case(request, return_id, actor)


def _case(
    request: Request, return_id: str, actor: Actor, status: int = 200, error: str | None = None
) -> Response:
    services = services_of(request)
    with services.engine.connect() as conn:
        history = services.cases.history(conn, return_id)
    if not history:
        return page(
            request, "returns.html", actor, 404, items=[], statuses=STATUSES,
            error=f"There is no return {return_id}.",
        )  # fmt: skip
    state = situation(fold(entry.event for entry in history), return_id)
    body = case_json(state, len(history))
    timeline = [
        {
            "at": entry.recorded_at,
            "says": sentences.says(entry.type, entry.payload),
            "rule": sentences.rule_of(entry.type, entry.payload),
            "actor": entry.actor,
            "position": entry.position,
            "hash": entry.hash.hex(),
        }
        for entry in history
    ]
    tasks = [_task(task, body, state.case, actor) for task in _list(body["tasks"])]
    tasks.sort(key=lambda task: not task["mine"])
    return page(
        request,
        "case.html",
        actor,
        status,
        here="returns",
        case=body,
        tasks=tasks,
        timeline=timeline,
        points=POINTS,
        statuses=STATUSES,
        reason_codes=REASON_CODES,
        once=uuid4().hex,
        error=error,
    )


def _list(value: object) -> list[dict[str, Any]]:
    return value if isinstance(value, list) else []


def _task(
    task: dict[str, Any], body: Mapping[str, object], state: Case, actor: Actor
) -> dict[str, Any]:
    """A task with what a reviewer needs in front of them: facts, the model's reasons, options."""
    line = next((x for x in _list(body["lines"]) if x["line"] == task["line"]), None)
    portion = next(
        (p for p in (line or {}).get("portions", []) if p["portion"] == task["portion"]), None
    )
    credit = next(
        (c for c in (line or {}).get("credits", []) if c["sequence"] == task["sequence"]), None
    )
    said = {
        "reason": (line or {}).get("reason_assessment"),
        "disposition": (portion or {}).get("assessment"),
        "credit": (credit or {}).get("assessment"),
    }.get(task["point"])
    options = [o for o in task["allowed"] if o != task["proposal"] and task["point"] != "credit"]
    return task | {
        "said": said,
        "evidence": _facts(task, line, portion, credit),
        "options": options,
        "mine": _why_not(task, state, actor) is None,
        "why_not": _why_not(task, state, actor),
    }


def _why_not(task: dict[str, Any], state: Case, actor: Actor) -> str | None:
    if not holds(actor, task["role"]):
        return f"This waits for the {sentences.words(task['role'])}."
    if actor.id == state.requested.requested_by:
        return "You asked for this return: somebody else decides."
    portion = state.portion(task["portion"]) if task["portion"] else None
    if portion and portion.inspected.inspected_by == actor.id:
        return "You inspected these goods: somebody else decides."
    if actor.id in task["approved_by"]:
        return "You said yes already; a second person must."
    return None


def _facts(
    task: dict[str, Any],
    line: dict[str, Any] | None,
    portion: dict[str, Any] | None,
    credit: dict[str, Any] | None,
) -> list[dict[str, str]]:
    """The evidence in front of the reviewer, as labelled sentences."""
    facts = []
    if line:
        facts.append(("Item", f"{line['quantities']['requested']} {line['uom']} of {line['sku']}"))
        if line["reason_text"]:
            facts.append(("Customer writes", f"“{line['reason_text'][:400]}”"))
        if line["reason"] and task["point"] != "reason":
            facts.append(("Reason", sentences.words(line["reason"])))
        if line["eligibility"] and task["point"] == "authorisation":
            facts.append(("Eligibility", line["eligibility"]["because"]))
    if portion:
        found = f"{portion['quantity']} {sentences.words(portion['condition'])}"
        facts.append(("Inspection", found + (f": “{portion['note']}”" if portion["note"] else "")))
    if credit:
        facts.append(("Credit rule", credit["verdict"]["because"]))
    return [{"label": label, "text": text} for label, text in facts]


@router.post("/returns/{return_id}/decision")
def decide(
    return_id: str,
    request: Request,
    task: Annotated[str, Form(max_length=160)],
    decision: Annotated[str, Form(max_length=16)],
    csrf: Annotated[str, Form(max_length=128)] = "",
    value: Annotated[str, Form(max_length=64)] = "",
    reason_code: Annotated[str, Form(max_length=64)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Decide a task; a refusal is shown above the case and nothing has changed."""
    actor = by_cookie(request)
    if actor is None:
        return to_sign_in(request)
    if not hmac.compare_digest(csrf, csrf_of(request)):
        return _case(request, return_id, actor, 403, "The page was out of date: decide again.")
    services = services_of(request)
    try:
        retrying(
            services.engine,
            lambda conn: _decide(
                conn, services, return_id, task, decision, value, reason_code, note, actor
            ),
        )
    except Refused as no:
        return _case(request, return_id, actor, 409, no.message)
    except Unavailable as away:
        return _case(request, return_id, actor, 503, str(away))
    return RedirectResponse(f"/returns/{quote(return_id, safe='')}", 303)


def _decide(
    conn: Connection,
    services: Services,
    return_id: str,
    task_id: str,
    decision: str,
    value: str,
    reason_code: str,
    note: str,
    actor: Actor,
) -> None:
    row = open_task(conn, task_id)
    if row["return_id"] != return_id:
        raise Refused("unknown_task", f"{task_id} is not a task of {return_id}.")
    now = services.clock()
    check_lease(row, actor, now)
    chosen = value.strip() if decision == "override" else ""
    if chosen and row["point"] == "credit" and chosen != "deny":
        chosen = _minor(chosen, str(row["currency"]))
    command = DecideTask(
        task_id, decision, actor, now, chosen or None, reason_code or None, note.strip()
    )
    act(services.cases, services.assessor, conn, return_id, command)


def _minor(text: str, currency: str) -> str:
    """An amount as a person types it, in minor units. Refused: ``not_allowed_value``."""
    try:
        amount = Decimal(text.replace(",", "").replace(" ", "")).scaleb(CURRENCIES.get(currency, 2))
    except InvalidOperation:
        amount = Decimal(-1)
    if amount < 0 or amount != amount.to_integral_value() or amount > 10**12:
        raise Refused("not_allowed_value", f"{text!r} is no amount in {currency}, such as 25.00.")
    return str(int(amount))
