"""A server made from a mapping file: its addresses, its fields, its envelope, and nothing else.

A field that the mapping does not name is refused with 400, as the real one would refuse it.
``fails`` is what the next request meets: a status before anything is done, or ``lost`` after it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from integrations.erp.envelopes import get, put
from integrations.erp.mapped import Answer
from integrations.erp.mapping import WRITES, ErpMapping, Operation

Json = dict[str, Any]
_TERM = re.compile(r"([\w.]+) (?:eq|IS) ['\"](.*?)['\"](?= and | AND |$)")


@dataclass
class Stub:
    """Rows by address; as a ``Transport`` it sends to itself."""

    mapping: ErpMapping
    rows: dict[str, list[Json]] = field(default_factory=dict)
    fails: list[int | str] = field(default_factory=list)
    posted: int = 0

    def __post_init__(self) -> None:
        routes = [
            Route(one.path, self._answer(one), methods=["GET", "POST"])
            for one in self.mapping.operations.values()
        ]
        self._client = TestClient(Starlette(routes=routes))

    def send(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str],
        body: Json | None,
    ) -> Answer:  # fmt: skip
        lost = bool(self.fails) and self.fails[0] == "lost" and method == "POST"
        if lost:
            self.fails.pop(0)
        got = self._client.request(
            method, path, params=dict(query), headers=dict(headers), json=body
        )
        if lost:
            raise TimeoutError("no answer")
        return Answer(got.status_code, dict(got.headers), got.json() if got.content else None)

    def _answer(self, operation: Operation) -> Any:
        async def answer(request: Request) -> Response:
            if self.fails and isinstance(self.fails[0], int):
                return Response(status_code=int(self.fails.pop(0)))
            rows = self.rows.setdefault(operation.path, [])
            if request.method == "GET":
                return self._found(operation, request, rows)
            body = await request.json()
            unknown = self._unknown(operation, body)
            if unknown or operation.name not in WRITES:
                return JSONResponse({"error": f"unknown: {unknown}"}, 400)
            if self.mapping.protocol == "odata2" and not request.headers.get("x-csrf-token"):
                return Response(status_code=403)
            return self._made(operation, body, rows)

        return answer

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
