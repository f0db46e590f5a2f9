"""A server made from a mapping file: its addresses, its fields, its envelope, and nothing else.

A field that the mapping does not name is refused with 400, as the real one would refuse it.
``fails`` is what the next requests meet: a status before anything is done, or ``lost``: the answer
to a write is 504 after it is done.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.erp.envelopes import get, put
from integrations.erp.mapping import WRITES, ErpMapping, Operation

Json = dict[str, Any]
_TERM = re.compile(r"([\w.]+) (?:eq|IS) ['\"](.*?)['\"](?= and | AND |$)")


@dataclass
class Stub:
    """Rows by address; ``app`` serves them."""

    mapping: ErpMapping
    rows: dict[str, list[Json]] = field(default_factory=dict)
    fails: list[int | str] = field(default_factory=list)
    posted: int = 0

    def __post_init__(self) -> None:
        routes = [
            Route(one.path, self._answer(one), methods=["GET", "POST"])
            for one in self.mapping.operations.values()
        ]
        self.app = Starlette(routes=routes)

    def _answer(self, operation: Operation) -> Any:
        async def answer(request: Request) -> Response:
            met = self.fails.pop(0) if self._meets(request) else None
            if isinstance(met, int):
                return Response(status_code=met)
            rows = self.rows.setdefault(operation.path, [])
            if request.method == "GET":
                return self._found(operation, request, rows)
            body = await request.json()
            unknown = self._unknown(operation, body)
            if unknown or operation.name not in WRITES:
                return JSONResponse({"error": f"unknown: {unknown}"}, 400)
            if self.mapping.protocol == "odata2" and not request.headers.get("x-csrf-token"):
                return Response(status_code=403)
            made = self._made(operation, body, rows)
            return Response(status_code=504) if met == "lost" else made

        return answer

    def _meets(self, request: Request) -> bool:
        """Whether this request meets what is next in ``fails``: a lost answer is one to a write."""
        return bool(self.fails) and (self.fails[0] != "lost" or request.method == "POST")

    def _found(self, operation: Operation, request: Request, rows: list[Json]) -> Response:
        text = request.query_params.get("$filter") or request.query_params.get("q") or ""
        terms = _TERM.findall(text)
        found = [
            row
            for row in rows
            if all(str(get(row, name)) == value.replace("''", "'") for name, value in terms)
        ]
        wrapped: dict[str, Any] = {
            "odata2": {"d": {"results": found}},
            "odata4": {"value": found},
            "rest": {"items": found, "count": len(found)},
        }
        return JSONResponse(wrapped[self.mapping.protocol], headers={"X-CSRF-Token": "token"})

    def _unknown(self, operation: Operation, body: Json) -> list[str]:
        """Names in a body that the mapping does not have."""
        known = {one.theirs.split(".")[0] for one in operation.fields}
        lines = {one.theirs.split(".")[0] for one in operation.line_fields}
        inner = body.get(operation.lines, [])
        rows = inner if isinstance(inner, list) else next(iter(inner.values()))
        wrong = [name for name in body if name not in known | {operation.lines}]
        return wrong + [name for row in rows for name in row if name not in lines]

    def _made(self, operation: Operation, body: Json, rows: list[Json]) -> Response:
        self.posted += 1
        put(body, operation.number, f"DOC-{self.posted}")
        if operation.statuses:
            put(body, operation.status_field, next(iter(operation.statuses)))
        rows.append(body)
        if self.mapping.protocol == "rest":
            return Response(status_code=204, headers={"Location": f"{operation.path}/1"})
        made = {"d": body} if self.mapping.protocol == "odata2" else body
        return JSONResponse(made, 201)
