"""A server made from a mapping file: its addresses, its fields, its envelope, and nothing else.

A field that the mapping does not name is refused with 400, as the real one would refuse it, and so
is a number where text belongs, lines inside a document that has them apart, and a key that does not
fit. A record service answers a query with numbers only. ``fails`` is what the next requests meet: a
status before anything is done, or ``lost``: the answer to a write is 504 after it is done.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.erp.envelopes import get, put
from integrations.erp.keys_there import key_there
from integrations.erp.mapping import WRITES, ErpMapping, FieldMap, Operation

Json = dict[str, Any]
_TERM = re.compile(r"([\w.]+) (?:eq|IS) ['\"](.*?)['\"](?= and | AND |$)")
_NUMBERS = ("decimal", "negative", "minor")


@dataclass
class Stub:
    """Rows by address; ``app`` serves them. ``posted`` counts documents, not their lines."""

    mapping: ErpMapping
    rows: dict[str, list[Json]] = field(default_factory=dict)
    fails: list[int | str] = field(default_factory=list)
    posted: int = 0

    def __post_init__(self) -> None:
        routes = []
        for one in self.mapping.operations.values():
            routes.append(Route(one.path, self._answer(one), methods=["GET", "POST"]))
            if self.mapping.protocol == "rest":
                routes.append(Route(one.path + "/{row}", self._row(one)))
            if one.lines_at:
                routes.append(Route(one.lines_at, self._lines(one), methods=["GET", "POST"]))
        self.app = Starlette(routes=routes)

    def lines_of(self, operation: Operation, row: Json) -> list[Json]:
        """The lines of a document, wherever they were written."""
        if operation.lines_at:
            return self.rows.get(f"{operation.lines_at} {row['id']}", [])
        inner = row.get(operation.lines, [])
        return inner if isinstance(inner, list) else list(next(iter(inner.values())))

    def _answer(self, operation: Operation) -> Any:
        async def answer(request: Request) -> Response:
            met = self._met(request)
            if isinstance(met, int):
                return Response(status_code=met)
            rows = self.rows.setdefault(operation.path, [])
            if request.method == "GET":
                return self._found(request, rows)
            body = await request.json()
            unknown = self._unknown(operation, body)
            if unknown or operation.name not in WRITES:
                return JSONResponse({"error": f"unknown: {unknown}"}, 400)
            if self.mapping.protocol == "odata2" and not request.headers.get("x-csrf-token"):
                return Response(status_code=403)
            made = self._made(operation, body, rows)
            return Response(status_code=504) if met == "lost" else made

        return answer

    def _row(self, operation: Operation) -> Any:
        """One row of a record service, by its id or our key."""

        async def answer(request: Request) -> Response:
            met = self._met(request)
            if isinstance(met, int):
                return Response(status_code=met)
            told = request.path_params["row"]
            for number, row in enumerate(self.rows.get(operation.path, [])):
                if told in (str(number), f"eid:{get(row, operation.key or 'id')}"):
                    return JSONResponse(row)
            return JSONResponse({"title": "The record does not exist."}, 404)

        return answer

    def _lines(self, operation: Operation) -> Any:
        async def answer(request: Request) -> Response:
            met = self._met(request)
            if isinstance(met, int):
                return Response(status_code=met)
            body = await request.json() if request.method == "POST" else {}
            head = self._head(operation, request, body)
            if head is None:
                return JSONResponse({"error": "there is no such document"}, 400)
            rows = self.rows.setdefault(f"{operation.lines_at} {head['id']}", [])
            if request.method == "GET":
                return JSONResponse({"value": rows})
            link = {operation.lines_link} - {""}
            wrong = _wrong(self.mapping.protocol, operation.line_fields, body, link)
            if wrong:
                return JSONResponse({"error": f"unknown: {wrong}"}, 400)
            rows.append(body | {operation.lines_order: len(rows) + 1})
            return Response(status_code=504) if met == "lost" else JSONResponse(body, 201)

        return answer

    def _head(self, operation: Operation, request: Request, body: Json) -> Json | None:
        """The document that a request for lines is about: in its path, its body or its filter."""
        text = request.query_params.get("$filter", "")
        named = {"id": request.path_params.get("id")}
        if operation.lines_link:
            link = operation.lines_link
            named = {operation.number: body.get(link) or dict(_TERM.findall(text)).get(link)}
        (name, value), rows = next(iter(named.items())), self.rows.get(operation.path, [])
        return next((row for row in rows if get(row, name) == value), None)

    def _met(self, request: Request) -> int | str | None:
        """What this request meets of ``fails``: a lost answer is one to a write."""
        meets = bool(self.fails) and (self.fails[0] != "lost" or request.method == "POST")
        return self.fails.pop(0) if meets else None

    def _found(self, request: Request, rows: list[Json]) -> Response:
        text = request.query_params.get("$filter") or request.query_params.get("q") or ""
        terms = _TERM.findall(text)
        found = [
            (number, row)
            for number, row in enumerate(rows)
            if all(str(get(row, name)) == value.replace("''", "'") for name, value in terms)
        ]
        ids = [{"id": str(number), "links": []} for number, _ in found]
        whole = [row for _, row in found]
        wrapped: dict[str, Any] = {
            "odata2": {"d": {"results": whole}},
            "odata4": {"value": whole},
            "rest": {"items": ids, "count": len(ids)},
        }
        return JSONResponse(wrapped[self.mapping.protocol], headers={"X-CSRF-Token": "token"})

    def _unknown(self, operation: Operation, body: Json) -> list[str]:
        """Names in a body that the mapping does not have, or whose value is of another kind."""
        key = str(get(body, operation.key))
        wrong = [] if key == _fitting(operation, key) else [f"{operation.key}: {key}"]
        inside = set() if operation.lines_at else {operation.lines}
        wrong += _wrong(self.mapping.protocol, operation.fields, body, inside)
        rows = [] if operation.lines_at else self.lines_of(operation, body)
        for row in rows:
            wrong += _wrong(self.mapping.protocol, operation.line_fields, row, set())
        return wrong

    def _made(self, operation: Operation, body: Json, rows: list[Json]) -> Response:
        self.posted += 1
        put(body, operation.number, f"DOC-{self.posted}")
        if operation.lines_at:
            body["id"] = str(uuid4())
        if operation.statuses:
            put(body, operation.status_field, next(iter(operation.statuses)))
        rows.append(body)
        if self.mapping.protocol == "rest":
            return Response(status_code=204, headers={"Location": f"{operation.path}/1"})
        made = {"d": body} if self.mapping.protocol == "odata2" else body
        return JSONResponse(made, 201)


def _fitting(operation: Operation, key: str) -> str:
    """The key, if the field holds it; cut or changed otherwise."""
    if operation.key_form == "upper":
        key = key.upper()
    whole = key_there(key, "as_is" if operation.key_form == "upper" else operation.key_form, 0)
    return whole[: operation.key_chars or None]


def _wrong(protocol: str, maps: tuple[FieldMap, ...], row: Json, also: set[str]) -> list[str]:
    known = {one.theirs.split(".")[0] for one in maps} | also
    wrong = [name for name in row if name not in known]
    for one in maps:
        value = get(row, one.theirs)
        if value is None or one.kind not in _NUMBERS:
            continue
        if isinstance(value, str) != (protocol == "odata2"):
            wrong.append(f"{one.theirs}: {value!r}")
    return wrong
