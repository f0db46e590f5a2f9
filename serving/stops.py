"""Switches at the edge: a shape becomes a fact, a row what is shown."""

from uuid import uuid4

from sqlalchemy import Connection

from journal import stops
from serving.http import plain
from serving.shapes import StopShape
from serving.wiring import Services
from workflow.actor import Actor
from workflow.stopping import Wanted


def throw(
    services: Services, conn: Connection, actor: Actor, shape: StopShape
) -> dict[str, object]:
    """Throw a switch and give it as it is listed. Refused: as ``workflow.stopping.stopped``."""
    number = f"S-{uuid4().hex[:12]}"
    wanted = Wanted(number, shape.point, shape.reason, shape.item_class, shape.because)
    stops.stop(services.journal, conn, wanted, actor, services.clock())
    return plain(stops.one(conn, number) or {})


def turn_back(
    services: Services, conn: Connection, actor: Actor, stop_id: str, because: str
) -> dict[str, object]:
    """Turn a switch back and give it. Refused: as ``workflow.stopping.resumed``."""
    stops.resume(services.journal, conn, stop_id, actor, services.clock(), because)
    return plain(stops.one(conn, stop_id) or {})
