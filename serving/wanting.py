"""A return that another system asks for as an event: the same request as ``POST /v1/returns``.

Told too early, or contradicting what is known, it is parked like any fact, so that a partner who
gets no answer (EDI, a broker) loses nothing.
"""

import hashlib
from dataclasses import dataclass

from pydantic import Field, ValidationError
from sqlalchemy import Connection

from journal import lookups
from serving.acting import act
from serving.codes import take
from serving.errors import Invalid
from serving.requesting import build_request, foreign_reasons
from serving.shapes import Id, LineNumber, ReturnLineShape, ReturnShape, Shape, SourceShape
from serving.wiring import Services
from workflow.actor import Actor
from workflow.mappings import Meaning
from workflow.refused import Refused
from workflow.waiting import supplies

TYPE = "return_wanted"


class WantedSource(Shape):
    """The invoice that the goods came from; without a line it sold the item on one line only."""

    invoice_id: Id
    line: LineNumber | None = None


class WantedLine(ReturnLineShape):
    """One item that is to come back."""

    source: WantedSource | None = None  # type: ignore[assignment]


class WantedShape(ReturnShape):
    """A return that is asked for; ``id`` is made from the event unless given."""

    lines: list[WantedLine] = Field(min_length=1, max_length=500)  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Requested:
    """What came of it; ``repeated`` where the return was there, ``supplied`` what others may have
    waited for."""

    return_id: str
    repeated: bool = False
    supplied: tuple[str, ...] = ()
    meanings: tuple[Meaning, ...] = ()


def read_wanted(data: object) -> WantedShape:
    """The request of an event. Errors: ``Invalid`` ``invalid_event``."""
    try:
        return WantedShape.model_validate(data)
    except ValidationError as error:
        errors = [
            {"at": ".".join(map(str, one["loc"])), "message": one["msg"]}
            for one in error.errors()[:20]
        ]
        said = f"{errors[0]['at']}: {errors[0]['message']}"
        raise Invalid("invalid_event", said, errors=errors) from error


def asks_about(shape: WantedShape) -> tuple[str, ...]:
    """What must be known first, as ``workflow.waiting`` names it."""
    found = [f"customer/{shape.customer}"]
    for line in shape.lines:
        found.append(f"product/{line.sku}")
        if line.source is not None:
            number = f"/{line.source.line}" if line.source.line else ""
            found.append(f"invoice/{line.source.invoice_id}{number}")
    return tuple(dict.fromkeys(found))


def number_of(source: str, event_id: str) -> str:
    """The number of a return that names none: the same for every delivery of its event."""
    return "EV-" + hashlib.sha256(f"{source}\0{event_id}".encode()).hexdigest()[:16]


def request(
    services: Services, conn: Connection, actor: Actor, shape: WantedShape, otherwise: str
) -> Requested:
    """Ask for the return once, under ``otherwise`` where it names no number.

    Refused: ``unknown_invoice_line``; as ``serving.requesting.build_request``. Errors: ``Invalid``
    ``overloaded``.
    """
    return_id = shape.id or otherwise
    if lookups.case_rows(conn, return_id) is not None:
        return Requested(return_id, repeated=True)
    services.door.check(conn)
    now, most = services.clock(), services.settings.max_text_chars
    asked = _complete(conn, shape)
    meanings = take(services, conn, foreign_reasons(asked), now)
    command = build_request(conn, asked, return_id, actor, now, most, meanings)
    handled = act(services.cases, services.assessor, conn, return_id, command)
    supplied = tuple(name for entry in handled.recorded for name in supplies(entry.event))
    return Requested(return_id, False, supplied, tuple(meanings))


def _complete(conn: Connection, shape: WantedShape) -> ReturnShape:
    """The request with the line of every invoice."""
    lines = []
    for line in shape.lines:
        source = None
        if line.source is not None:
            number = line.source.line or _only_line(conn, line.source.invoice_id, line.sku)
            source = SourceShape(invoice_id=line.source.invoice_id, line=number)
        given = {name: getattr(line, name) for name in type(line).model_fields}
        lines.append(ReturnLineShape(**(given | {"source": source})))
    given = {name: getattr(shape, name) for name in type(shape).model_fields}
    return ReturnShape(**(given | {"lines": lines}))


def _only_line(conn: Connection, invoice_id: str, sku: str) -> int:
    """The line of an invoice that sold an item. Refused: ``unknown_invoice_line``."""
    found = lookups.lines_of_item(conn, invoice_id, sku)
    if len(found) != 1:
        many = "no line" if not found else f"{len(found)} lines"
        raise Refused(
            "unknown_invoice_line", f"Invoice {invoice_id} has {many} of {sku}; name the line."
        )
    return found[0]
