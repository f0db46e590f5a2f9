"""One table: refusal code -> HTTP status -> problem document (RFC 9457) with what to do next.

Four families end here: ``Refused`` (business), ``Invalid`` (malformed input), ``Unavailable``
(try again) and ``Mismatch`` (refuse to start). Anything else is a bug: it is logged with its
trace and answered with a 500 that tells an id and nothing else.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from journal.worklists import BadCursor
from serving.away import ALL_IN_USE, DATABASE_ERRORS, is_away, is_busy, is_unfit
from workflow.refused import CODES, Refused

log = structlog.get_logger("serving")

HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "2"}}
"""What an answer of a status says beside its document."""
TYPE_BASE = "https://returns-triage.example/problems/"


class Invalid(Exception):
    """Input that can never succeed as it is. ``errors`` name each place and what is wrong; ``more``
    stands in the problem document beside them."""

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 422,
        errors: Sequence[Mapping[str, object]] = (),
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.errors = code, message, status, list(errors)
        self.more = dict(more or {})


class Unavailable(Exception):
    """Something we need is away; the same request may succeed later."""


STATUS: dict[str, int] = {
    "unknown_return": 404,
    "unknown_task": 404,
    "unknown_line": 404,
    "unknown_proposal": 404,
    "unknown_policy": 404,
    "unknown_exception": 404,
    "unknown_stop": 404,
    "unknown_alarm": 404,
    "unknown_finding": 404,
    "unknown_parked_fact": 404,
    "unknown_mapping": 404,
    "unknown_vocabulary": 422,
    "unknown_evidence": 404,
    "evidence_damaged": 500,
    "unknown_account": 404,
    "unknown_delegation": 404,
    "unknown_absence": 404,
    "unknown_review": 404,
    "unknown_claim": 404,
    "unknown_order": 404,
    "unknown_effect": 404,
    "unknown_webhook": 404,
    "unfit_address": 422,
    "not_correctable": 422,
    "too_old": 422,
    "wrong_role": 403,
    "own_request": 403,
    "own_inspection": 403,
    "over_limit": 403,
    "same_authority": 403,
    "not_own_role": 403,
    "self_delegation": 422,
    "invalid_period": 422,
    "proposer_is_approver": 403,
    "unknown_customer": 422,
    "unknown_product": 422,
    "unknown_invoice_line": 422,
    "unknown_currency": 422,
    "currency_mismatch": 422,
    "unknown_uom": 422,
    "wrong_customer": 422,
    "wrong_item": 422,
    "wrong_lot": 422,
    "wrong_serial": 422,
    "invalid_serials": 422,
    "invalid_quantity": 422,
    "future_date": 422,
    "past_date": 422,
    "policy_faults": 422,
    "invalid_decision": 422,
    "reason_required": 422,
    "not_allowed_value": 422,
    "unknown_model": 404,
    "unknown_alias": 422,
    "stale_version": 412,
}
"""HTTP status by refusal code; a business conflict that is not listed is 409."""


def status_of(code: str) -> int:
    return STATUS.get(code, 409)


def problem(
    status: int, code: str, detail: str, more: Mapping[str, object] | None = None
) -> dict[str, object]:
    """A problem document as a dict; ``todo`` says what to do next where we know."""
    body: dict[str, object] = {
        "type": TYPE_BASE + code,
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
    }
    if code in CODES:
        body["todo"] = CODES[code]
    return body | dict(more or {})


def respond(
    status: int, code: str, detail: str, request: Request | None = None, **more: object
) -> Response:
    instance = request.url.path if request is not None else None
    body = problem(status, code, detail, {"instance": instance, **more} if instance else more)
    content = orjson.dumps(body, default=str)
    return Response(content, status, HEADERS.get(status), "application/problem+json")


def problem_response(body: Mapping[str, Any]) -> Response:
    """A problem document that was made before, as the answer."""
    content, status = orjson.dumps(dict(body), default=str), body["status"]
    return Response(content, status, HEADERS.get(status), "application/problem+json")


def refused_problem(error: Refused) -> dict[str, object]:
    """The problem document of a refusal, for one item of a batch or a whole answer."""
    details = {key: value for key, value in error.details.items() if value is not None}
    return problem(status_of(error.code), error.code, error.message, details)


def install(app: FastAPI) -> None:
    """Every error of the app leaves as a problem document."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return respond(status_of(error.code), error.code, error.message, request, **error.details)

    @app.exception_handler(Invalid)
    async def invalid(request: Request, error: Invalid) -> Response:
        more: dict[str, Any] = error.more | ({"errors": error.errors} if error.errors else {})
        return respond(error.status, error.code, error.message, request, **more)

    @app.exception_handler(Unavailable)
    async def unavailable(request: Request, error: Unavailable) -> Response:
        return respond(503, "unavailable", str(error), request)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        errors = [_where(e) for e in error.errors()[:50]]
        broken = any(e["type"] == "json_invalid" for e in error.errors())
        code, status = ("malformed_json", 400) if broken else ("invalid_request", 422)
        first = errors[0] if errors else {"at": "", "message": "invalid"}
        return respond(status, code, f"{first['at']}: {first['message']}", request, errors=errors)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        name = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_").replace("-", "_")
        answer = respond(error.status_code, name, str(error.detail), request)
        answer.headers.update(error.headers or {})  # such as Allow, which a 405 must carry
        return answer

    @app.exception_handler(BadCursor)
    async def cursor(request: Request, error: BadCursor) -> Response:
        return respond(400, "invalid_cursor", str(error), request)

    async def database(request: Request, error: Exception) -> Response:
        if is_unfit(error):
            log.warning("value refused by the database", path=request.url.path, why=str(error))
            detail = "A value is too large, or holds a character that cannot be stored."
            return respond(422, "invalid_value", detail, request)
        if not is_away(error):
            return await bug(request, error)
        log.warning("database away", path=request.url.path, why=str(error))
        if is_busy(error):
            return respond(503, "overloaded", ALL_IN_USE, request)
        return respond(503, "unavailable", "The database is away; try again shortly.", request)

    for database_error in DATABASE_ERRORS:
        app.exception_handler(database_error)(database)

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> Response:
        reference = uuid4().hex
        log.error("bug", reference=reference, path=request.url.path, exc_info=error)
        return respond(500, "internal_error", f"Our fault; it is logged as {reference}.", request)


def _where(error: Mapping[str, Any]) -> dict[str, object]:
    at = ".".join(str(part) for part in error["loc"] if part not in ("body",))
    return {"at": at or "body", "message": error["msg"], "type": error["type"]}
