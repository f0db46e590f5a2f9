"""Bodies as they come in: JSON of one strict kind, text that every part of the house can hold.

Python's own reader lets NaN, lone surrogates and any depth pass; orjson refuses them. NUL is
valid JSON and no text that PostgreSQL stores, so it is refused here, in body, path and query.
"""

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from serving.errors import Invalid

NUL = "\x00"
_CHANGING = frozenset({"POST", "PUT", "PATCH"})


def parse_json(body: bytes) -> Any:
    """The body as Python values. Errors: ``Invalid`` 400 ``malformed_json``."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid("malformed_json", f"The body is no JSON: {error}.", 400) from error


def check_text(value: object, at: str = "") -> None:
    """Refuse NUL in any text or name inside a JSON value. Errors: ``Invalid`` 422."""
    if isinstance(value, str):
        if NUL in value:
            where = f"{at}: " if at else ""
            raise Invalid("invalid_text", f"{where}the text holds a NUL character; remove it.")
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_text(name, at)
            check_text(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            check_text(inner, f"{at}.{number}" if at else str(number))


def storable(text: str) -> str:
    """The text with a mark where NUL or half a character was: nothing here stores either."""
    return text.encode("utf-8", "replace").decode().replace(NUL, "\ufffd")


def check_content_type(request: Request) -> None:
    """A body is JSON and says so. Errors: ``Invalid`` 415."""
    given = request.headers.get("content-type", "")
    kind = given.partition(";")[0].strip().lower()
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        return
    raise Invalid(
        "unsupported_media_type",
        f"Content-Type is {given!r}; send JSON with Content-Type: application/json.",
        415,
    )


class StrictRequest(Request):
    """A request whose ``json()`` is strict; routes that judge items one by one read the body."""

    _read: Any = None

    async def json(self) -> Any:
        if self._read is None:
            body = await self.body()
            self._read = parse_json(body)
            if b"\\u0000" in body:
                check_text(self._read)
        return self._read


class StrictRoute(APIRoute):
    """Routes of the API: JSON bodies only, no NUL anywhere."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if NUL in request.url.path or NUL in request.scope["path"]:
                raise Invalid("invalid_text", "The address holds a NUL character.", 400)
            if any(NUL in text for pair in request.query_params.multi_items() for text in pair):
                raise Invalid("invalid_text", "The query holds a NUL character.", 400)
            asked = StrictRequest(request.scope, request.receive)
            if request.method in _CHANGING and await asked.body():
                check_content_type(asked)
                if self.body_field is not None:
                    await asked.json()  # here, where its own errors are not made into others
            return await handle(asked)

        return strict
