"""How many requests of a kind a process has under way: one more is told to come again at once.

Without it they would wait in a queue nobody sees, for longer than their callers do. Counted before
a body is read, by what is asked for; reading (GET) is not counted.
"""

from collections import Counter
from collections.abc import Mapping

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.errors import respond

BATCHES = "batches"
"""The door within that of scoring: its items are counted once they are read (``batches.py``)."""
SMALL_ROWS = 8
"""A batch up to this size is scored on the event loop, or in a thread where it must look things up;
a larger one with other ``Batches``."""
AT_ONCE: Mapping[str, int] = {
    "scoring": 128,
    BATCHES: 8,
    "returns": 64,
    "handling": 64,
    "facts": 64,
    "edi": 16,
    "evidence": 16,
}
"""Door -> requests under way in one process, unless ``TRIAGE_DOOR_LIMITS`` says otherwise."""
WHAT: Mapping[str, str] = {
    "scoring": "`POST /v1/score/...`, `/v2/models/...`",
    BATCHES: f"the same, of more than {SMALL_ROWS} items",
    "returns": "`POST /v1/returns`",
    "handling": "`POST /v1/returns/{id}/...`: receipts, inspections, dispositions, cancellations",
    "facts": "`POST /v1/events`",
    "edi": "`POST /v1/edi`",
    "evidence": "`POST /v1/evidence`",
}
_PREFIXES = (
    ("/v1/score/", "scoring"),
    ("/v2/models/", "scoring"),
    ("/v1/returns/", "handling"),
    ("/v1/edi", "edi"),
    ("/v1/evidence", "evidence"),
)


def door_of(method: str, path: str) -> str | None:
    """The door that a request goes through, or ``None`` where it takes no work in."""
    if method != "POST":
        return None
    whole = {"/v1/returns": "returns", "/v1/events": "facts"}.get(path)
    return whole or next((door for prefix, door in _PREFIXES if path.startswith(prefix)), None)


class Doors:
    """Refuses with 503 ``overloaded`` what is too much of one kind; the others go on."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self._app, self._limits = app, {**AT_ONCE, **limits}
        self._inside: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = door_of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if door is None:
            await self._app(scope, receive, send)
            return
        most = self._limits[door]
        if self._inside[door] >= most:
            detail = (
                f"{most} requests of this kind ({door}) are under way here. Try again shortly:"
                " nothing was recorded."
            )
            await respond(503, "overloaded", detail, Request(scope))(scope, receive, send)
            return
        self._inside[door] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside[door] -= 1
