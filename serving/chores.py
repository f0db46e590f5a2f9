"""Work done by the clock; each job runs once, however many workers there are."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from journal import idempotency, lookups, outbox
from journal.checkpoints import Signer, take_checkpoint
from journal.outbox import Recurring
from serving.http import retrying
from serving.wiring import Services
from workflow.actor import SYSTEM
from workflow.commands import ExpireAuthorisation


def recurring(services: Services) -> list[Recurring]:
    """Expiry of authorisations, checkpoints, forgotten keys, effects without a job."""
    return [
        Recurring("expire_authorisations", "*/5 * * * *", partial(_quietly, expire, services)),
        Recurring("write_checkpoint", "*/10 * * * *", lambda: checkpoint(services)),
        Recurring("forget_keys", "17 * * * *", lambda: forget(services)),
        Recurring("defer_waiting", "* * * * *", lambda: defer_waiting(services)),
    ]


def _quietly(work: Callable[[Services], object], services: Services) -> None:
    work(services)


def expire(services: Services) -> int:
    """Let authorisations that ran out expire; answers how many."""
    now = services.clock()
    with services.engine.connect() as conn:
        late = lookups.expired_authorisations(conn, now)
    for return_id in late:
        retrying(services.engine, partial(_expire, services, return_id, now))
    return len(late)


def _expire(services: Services, return_id: str, now: datetime, conn: Connection) -> None:
    services.cases.handle(conn, return_id, ExpireAuthorisation(SYSTEM, now))


def checkpoint(services: Services) -> None:
    """Seal the events that are new and settled under this installation's key."""
    folder = services.settings.state_dir
    folder.mkdir(parents=True, exist_ok=True)
    signer = Signer.at(folder / "checkpoint.key")
    with services.engine.begin() as conn:
        take_checkpoint(conn, signer, services.clock())


def forget(services: Services) -> None:
    with services.engine.begin() as conn:
        idempotency.forget_expired(conn, services.clock())


def defer_waiting(services: Services) -> None:
    with services.engine.begin() as conn:
        outbox.defer_waiting(conn)
