"""Asking for a return on behalf of a customer: invoice line, quantity, and their own words."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy import Connection
from starlette.responses import Response

from journal import lookups
from serving.acting import act
from serving.errors import Invalid, Unavailable, status_of
from serving.evidence import id_of
from serving.pages.case_forms import path_of
from serving.pages.forms import SAID, Files, do_once, files_of, kept_files, quantity_of, shaped
from serving.pages.frame import DeskRoute, OwnForm, Viewer, page
from serving.requesting import build_request, new_return_id
from serving.routes.returns import REQUESTERS
from serving.shapes import ReturnLineShape, ReturnShape
from serving.wiring import services_of
from workflow.approvals import require_any_role
from workflow.codes import Condition, Handover, ReturnReason
from workflow.refused import Refused

router = APIRouter(route_class=DeskRoute)
LINES = 3
"""Rows of the form; longer requests come through the API or from the portal."""
STATED = ("condition", "handed_over")
MARKS = ("barcode", "soiled", "infested")
FIELDS = (
    "invoice", "invoice_line", "sku", "quantity", "lot", "reason_code", "reason_text", *STATED,
    *MARKS,
    "advance",
)  # fmt: skip
Rows = Annotated[list[str] | None, Form()]


@router.get("/returns/new")
def form(request: Request, actor: Viewer, customer: str = "") -> Response:
    """An empty form. Refused: ``wrong_role``."""
    require_any_role(actor, REQUESTERS, "Requesting a return")
    return _draw(request, {"customer": customer, "reference": ""}, [])


def _draw(
    request: Request,
    kept: Mapping[str, str],
    rows: Sequence[Mapping[str, str]],
    status: int = 200,
    error: str | None = None,
) -> Response:
    empty = dict.fromkeys(FIELDS, "")
    shown = [*rows, *[empty] * (LINES - len(rows))]
    return page(
        request,
        "request.html",
        status,
        here="returns",
        kept=kept,
        rows=shown,
        reasons=sorted(ReturnReason),
        conditions=list(Condition),
        handovers=list(Handover),
        most_text=2000,
        error=error,
    )


@router.post("/returns/new", dependencies=[OwnForm])
def ask(
    request: Request,
    actor: Viewer,
    once: Annotated[str, Form(max_length=100)],
    customer: Annotated[str, Form(max_length=64)] = "",
    reference: Annotated[str, Form(max_length=128)] = "",
    invoice: Rows = None,
    invoice_line: Rows = None,
    sku: Rows = None,
    quantity: Rows = None,
    lot: Rows = None,
    reason_code: Rows = None,
    reason_text: Rows = None,
    condition: Rows = None,
    handed_over: Rows = None,
    barcode: Rows = None,
    soiled: Rows = None,
    infested: Rows = None,
    advance: Rows = None,
    files: Files = None,
) -> Response:
    """Record the request and go to its case: authorised, refused, or waiting for someone."""
    require_any_role(actor, REQUESTERS, "Requesting a return")
    services = services_of(request)
    columns = (
        invoice, invoice_line, sku, quantity, lot, reason_code, reason_text, condition, handed_over,
        barcode, soiled, infested,
        advance,
    )  # fmt: skip
    given = zip_longest(*(column or [] for column in columns), fillvalue="")
    rows = [dict(zip(FIELDS, row, strict=True)) for row in given][:LINES]
    kept = {"customer": customer.strip(), "reference": reference.strip()}
    brought = files_of(files)
    marks = [id_of(file.data) for file in brought]

    def work(conn: Connection) -> str:
        evidence = kept_files(conn, request, brought, actor)
        lines = [_line(conn, n, row, evidence) for n, row in enumerate(rows, 1) if _used(row)]
        if not lines:
            raise Refused("invalid_quantity", "Fill in at least one line.")
        shape: ReturnShape = shaped(
            lambda: ReturnShape(
                customer=kept["customer"], reference=kept["reference"] or None, lines=lines
            )
        )
        now = services.clock()
        return_id = new_return_id(now)
        most = services.settings.max_text_chars
        command = build_request(conn, shape, return_id, actor, now, most)
        act(services.cases, services.assessor, conn, return_id, command)
        return path_of(return_id, "requested")

    try:
        return do_once(request, actor, once, {**kept, "rows": rows, "files": marks}, work)
    except Refused as no:
        return _draw(request, kept, rows, status_of(no.code), no.message)
    except Invalid as no:
        return _draw(request, kept, rows, no.status, no.message)
    except Unavailable as away:
        return _draw(request, kept, rows, 503, str(away))


def _used(row: Mapping[str, str]) -> bool:
    return any(value.strip() for value in row.values())


def _line(
    conn: Connection, number: int, row: Mapping[str, str], evidence: Sequence[str]
) -> ReturnLineShape:
    """A line of the request; the item is the invoice line's own where there is one, and the
    files of the form are evidence for all of its lines."""
    invoice, sku = row["invoice"].strip(), row["sku"].strip()
    source = None
    if invoice:
        where = row["invoice_line"].strip()
        if not where.isdecimal() or len(where) > 6:
            raise Refused("unknown_invoice_line", f"Line {number}: which line of {invoice}?")
        found = lookups.source_line(conn, invoice, int(where))
        if found is None:
            raise Refused(
                "unknown_invoice_line",
                f"Line {number}: there is no invoice {invoice} line {where}.",
            )
        sku = sku or found.sku
        source = {"invoice_id": invoice, "line": int(where)}
    if not sku:
        raise Refused("unknown_product", f"Line {number}: give an invoice line, or an item.")
    found_line: dict[str, Any] = {
        "sku": sku,
        "quantity": quantity_of(row["quantity"], f"Line {number}, quantity"),
        "source": source,
        "lot": row["lot"].strip() or None,
        "reason_code": row["reason_code"] or None,
        "reason_text": row["reason_text"],
        "evidence": list(evidence),
        "stated": {
            **{name: row[name] or None for name in STATED},
            **{name: SAID.get(row[name]) for name in MARKS},
        },
        "advance": row["advance"] or None,
    }
    line: ReturnLineShape = shaped(lambda: ReturnLineShape.model_validate(found_line))
    return line
