"""What every changing POST shares: one transaction, one Idempotency-Key, a bounded retry.

The first answer of a key is kept and replayed; the same key with another body is refused; a
refusal changes nothing and is not kept, so the same key may try again once the cause is gone.
"""

import hashlib
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from fastapi import Request
from sqlalchemy import Connection, Engine
from starlette.responses import Response

from journal.entries import Conflict
from serving.away import ALL_IN_USE, DATABASE_ERRORS, is_away, is_busy, worth_repeating
from serving.errors import Invalid, Unavailable

T = TypeVar("T")
TRIES = 8
_KEY = re.compile(r"^[\x21-\x7e]{1,200}$")
_ETAG = re.compile(r'^(?:W/)?"?(\d{1,9})"?$')


@dataclass(frozen=True, slots=True)
class Reply:
    """What a route answers: a JSON body, its status and headers."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, **more: str) -> Response:
        return Response(
            orjson.dumps(self.body, default=str),
            self.status,
            {**self.headers, **more},
            "application/json",
        )


def plain(row: Mapping[Any, object]) -> dict[str, object]:
    """A database row as a JSON object: names as plain text, columns of our own left out."""
    return {str(name): value for name, value in row.items() if not name.startswith("_")}


def idempotency_key(request: Request) -> str:
    """The request's Idempotency-Key. Errors: ``Invalid`` 400 where it is missing or unfit."""
    key = request.headers.get("Idempotency-Key", "").strip().strip('"')
    if not key:
        raise Invalid(
            "idempotency_key_missing",
            "Send an Idempotency-Key header (any unique text, such as a UUID): a retry with the"
            " same key gets the first answer instead of doing it twice.",
            400,
        )
    if not _KEY.match(key):
        raise Invalid(
            "idempotency_key_invalid", "An Idempotency-Key is 1 to 200 printable characters.", 400
        )
    return key


def if_match(request: Request) -> int | None:
    """The case version of an If-Match header, or ``None``. Errors: ``Invalid`` 400."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    found = _ETAG.match(given.strip())
    if found is None:
        raise Invalid(
            "invalid_etag", "If-Match carries the ETag of the return as it was read.", 400
        )
    return int(found.group(1))


def fingerprint(request: Request, body: object) -> bytes:
    """SHA-256 of route and body, so that a reused key with another request is noticed."""
    text = orjson.dumps(body, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(request.url.path.encode() + b"\0" + text).digest()


def retrying(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run a transaction, again where somebody was faster or the database asked for it.

    ``work`` may run several times; all but its last run are rolled back. Errors: ``Unavailable``
    when others keep changing the same or the database is away; ``Invalid`` 503 ``overloaded`` when
    no connection is free; whatever ``work`` raises.
    """
    for attempt in range(TRIES):
        try:
            with engine.begin() as conn:
                return work(conn)
        except Conflict:
            pass
        except DATABASE_ERRORS as error:
            if not worth_repeating(error):
                if not is_away(error):
                    raise
                if is_busy(error):
                    raise Invalid("overloaded", ALL_IN_USE, 503) from error
                raise Unavailable("The database is away; try again shortly.") from error
        time.sleep(random.uniform(0, 0.01 * 2**attempt))
    raise Unavailable("Others keep changing the same return; try again shortly.")
