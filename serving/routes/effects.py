"""``/v1/effects``: what we ask of other systems; what they would not do is looked after here."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from journal import systems
from serving import repairs
from serving.answers.effects import EffectList, EffectsQueued, EffectWithAttempts
from serving.answers.form import answers
from serving.http import Reply, plain
from serving.identity import signed_in
from serving.reading import StrictRoute
from serving.routes.returns import once
from serving.shapes import NothingShape, Shape
from serving.wiring import services_of
from workflow.actor import Actor

router = APIRouter(prefix="/v1/effects", tags=["effects"], route_class=StrictRoute)
Signed = Annotated[Actor, Depends(signed_in)]


class RetryShape(Shape):
    """All that are parked, or those parked for one ``cause``."""

    cause: Annotated[str | None, Field(max_length=100)] = None


class AbandonmentShape(Shape):
    reason_code: Literal["posted_by_hand", "not_owed", "duplicate", "cannot_be_posted", "other"]
    note: Annotated[str, Field(min_length=1, max_length=2000)]


class CorrectionShape(Shape):
    """``changes``: field by its path (``lines.1.lot``) -> what it shall say; null for nothing."""

    changes: Annotated[
        dict[
            Annotated[str, Field(max_length=100)],
            Annotated[str, Field(min_length=1, max_length=100)] | None,
        ],
        Field(min_length=1, max_length=100),
    ]
    because: Annotated[str, Field(min_length=1, max_length=2000)]


@router.get("", responses=answers(EffectList))
def list_effects(
    request: Request,
    actor: Signed,
    status: Literal["pending", "doing", "parked", "abandoned"] = "parked",
    cause: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Effects of a status, the oldest first, with cause, money and case; how many there are for
    each cause; and the systems that are down."""
    with services_of(request).engine.connect() as conn:
        items = repairs.listed(conn, status, cause, limit)
        down = [plain(row) for row in systems.down(conn).values()]
    return Reply({"items": items, "causes": repairs.causes(items), "down": down}).response()


@router.post("/retry", responses=answers(EffectsQueued))
def retry_effects(shape: RetryShape, request: Request, actor: Signed) -> Response:
    """Try all parked effects again, or those of one cause."""

    def work(conn: Connection) -> Reply:
        return Reply({"queued": repairs.retry_all(conn, actor, shape.cause)})

    return once(request, actor, shape, work)


@router.post("/{key:path}/retry", responses=answers(EffectWithAttempts))
def retry_effect(key: str, shape: NothingShape, request: Request, actor: Signed) -> Response:
    """Try one parked effect again."""
    return once(request, actor, shape, lambda conn: Reply(repairs.retry(conn, actor, key)))


@router.post("/{key:path}/correction", responses=answers(EffectWithAttempts))
def correct_effect(key: str, shape: CorrectionShape, request: Request, actor: Signed) -> Response:
    """Correct codes of a parked effect that the other system did not take, and try it again."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        return Reply(repairs.correct(services, conn, actor, key, shape.changes, shape.because))

    return once(request, actor, shape, work)


@router.post("/{key:path}/abandonment", responses=answers(EffectWithAttempts))
def abandon_effect(key: str, shape: AbandonmentShape, request: Request, actor: Signed) -> Response:
    """Ask that a parked effect is given up, or agree as the second person to the same reason: its
    case goes on, and reconciliation shows what is missing."""
    services = services_of(request)

    def work(conn: Connection) -> Reply:
        given_up = repairs.abandon(services, conn, actor, key, shape.reason_code, shape.note)
        return Reply(given_up)

    return once(request, actor, shape, work)


@router.get("/{key:path}", responses=answers(EffectWithAttempts))
def read_effect(key: str, request: Request, actor: Signed) -> Response:
    """One effect with what was asked and answered at each attempt, secrets removed."""
    with services_of(request).engine.connect() as conn:
        return Reply(repairs.one(conn, key)).response()
