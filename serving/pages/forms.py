"""What forms share: a form does its work once, and amounts and quantities as people type them."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, TypeVar

import orjson
from fastapi import File, Request, UploadFile
from pydantic import ValidationError
from sqlalchemy import Connection
from starlette.responses import Response

from journal import idempotency
from serving import evidence
from serving.evidence import Brought
from serving.http import retrying
from serving.pages.frame import seen
from serving.wiring import services_of
from workflow.actor import Actor
from workflow.money import CURRENCIES
from workflow.refused import Refused

T = TypeVar("T")
Files = Annotated[list[UploadFile] | None, File()]
"""The files of a form, in a field ``files``."""
SAID = {"yes": True, "no": False}
"""What a choice says that may also be left open."""
WAITS = 40
"""How often a second click looks whether the first is through, each 50 ms."""


def do_once(
    request: Request,
    actor: Actor,
    once: str,
    sent: Mapping[str, object],
    work: Callable[[Connection], str],
) -> Response:
    """Do ``work`` in one transaction and go where it says; a second click goes there too.

    ``once`` is the hidden key of the form as it was drawn; ``work`` answers a path of our own.
    Errors: whatever ``work`` raises (nothing is kept then); ``Refused('already_decided')`` for a
    form that was sent before with other contents.
    """
    services = services_of(request)
    text = orjson.dumps(sent, option=orjson.OPT_SORT_KEYS, default=str)
    mark = hashlib.sha256(request.url.path.encode() + b"\0" + text).digest()
    key = f"page-{once}"

    def transaction(conn: Connection) -> str:
        kept = idempotency.begin(conn, actor.id, key, request.url.path, mark, services.clock())
        if kept is not None:
            return kept.headers["location"]
        path = work(conn)
        idempotency.finish(conn, actor.id, key, idempotency.Answer(303, {"location": path}, b""))
        return path

    for _ in range(WAITS):
        try:
            return seen(retrying(services.engine, transaction))
        except idempotency.InProgress:
            time.sleep(0.05)
        except idempotency.KeyReused:
            break
    raise Refused(
        "already_decided", "This form was sent before. Open the page again to see what came of it."
    )


def minor_of(text: str, currency: str) -> int:
    """An amount as a person types it (``1,250.00``), in minor units.

    Refused: ``not_allowed_value``.
    """
    places = CURRENCIES.get(currency, 2)
    try:
        amount = Decimal(text.replace(",", "").replace(" ", "")).scaleb(places)
        fits = amount.is_finite() and 0 <= amount <= 10**12 and amount == int(amount)
    except (ArithmeticError, ValueError):
        fits = False
    if not fits:
        raise Refused("not_allowed_value", f"{text!r} is no amount in {currency}, such as 25.00.")
    return int(amount)


def quantity_of(text: str, what: str) -> Decimal:
    """A quantity as a person types it. Refused: ``invalid_quantity``."""
    try:
        quantity = Decimal(text.strip())
        fits = quantity.is_finite() and 0 < quantity <= 10**9
    except ArithmeticError:
        fits = False
    if not fits:
        raise Refused("invalid_quantity", f"{what}: {text!r} is no quantity, such as 4 or 2.5.")
    return quantity


def files_of(uploads: Sequence[UploadFile] | None) -> list[Brought]:
    """The files of a form; a field left empty comes as a file without name and bytes."""
    files = [Brought(upload.file.read(), upload.filename or "") for upload in uploads or ()]
    return [file for file in files if file.name or file.data]


def kept_files(
    conn: Connection, request: Request, files: Sequence[Brought], actor: Actor
) -> list[str]:
    """Ids of files that are kept from now on. Errors: as ``serving.evidence.keep``."""
    services = services_of(request)
    return [
        evidence.keep(
            conn, services.journal, services.evidence, file, actor, services.clock()
        ).evidence_id
        for file in files
    ]


def shaped(make: Callable[[], T]) -> T:
    """A shape of the API from a form; what does not fit is refused in the form's words."""
    try:
        return make()
    except ValidationError as error:
        first = error.errors()[0]
        where = str(first["loc"][-1]).replace("_", " ") if first["loc"] else "form"
        raise Refused("not_allowed_value", f"{where.capitalize()}: {first['msg']}.") from error
