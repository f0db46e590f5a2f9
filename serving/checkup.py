"""What ``triage doctor`` looks at; every fault is one sentence that says what to do."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from integrations.erp.mapped_books import MappedBooks
from journal import lookups, systems, webhooks
from serving.wiring import Services
from workflow.promoting import MODELS

MOST_SKEW = timedelta(seconds=5)
OLDEST_PENDING = timedelta(minutes=10)


def checkup(services: Services) -> list[str]:
    """Faults of database, clock, models, queue, other systems and receivers; empty when everything
    is in order."""
    try:
        with services.engine.connect() as conn:
            now = conn.execute(text("SELECT clock_timestamp()")).scalar_one()
            queue = [*_effects(conn, now), *_away(conn)]
    except SQLAlchemyError as error:
        return [f"The database is away ({type(error).__name__}): start it, or check its URL."]
    faults = []
    skew = abs(services.clock() - now)
    if skew > MOST_SKEW:
        seconds = skew.total_seconds()
        faults.append(f"This clock and the database's differ by {seconds:.0f} s: set up NTP.")
    return [*faults, *_models(services), *queue]


def _models(services: Services) -> Iterator[str]:
    for name in MODELS:
        fault, spelt = services.shelf.faults.get(name), name.replace("_", "-")
        if fault:
            yield (
                f"Model {name} is not used; people decide. {fault} Put that bundle back, or train"
                f" and propose another: triage train {spelt}"
            )
        elif not services.shelf.get(name).digest:
            yield f"No {name} model is promoted; people decide. Run: triage train {spelt}"


def _effects(conn: Connection, now: datetime) -> Iterator[str]:
    parked = lookups.effects(conn, statuses=("parked",))
    waiting = lookups.effects(conn, statuses=("pending", "doing"), limit=1)
    if parked:
        first = parked[0]
        yield (
            f"Effects parked: {len(parked)}, the first is {first['key']}: {first['error']}"
            " Look: triage effects list"
        )
    if waiting and now - waiting[0]["updated_at"] > OLDEST_PENDING:
        yield (
            f"Effect {waiting[0]['key']} waits since {waiting[0]['updated_at']:%Y-%m-%d %H:%M}:"
            " is a worker running? Start one with: triage worker"
        )


def _away(conn: Connection) -> Iterator[str]:
    """Systems that do not answer, and receivers that are sent nothing more."""
    for row in systems.down(conn).values():
        yield (
            f"{row['system']} does not answer since {row['opened_at']:%Y-%m-%d %H:%M}; its effects"
            f" wait and go on by themselves once it does: {row['error']}"
        )
    for hook in webhooks.listed(conn):
        if hook["status"] == "disabled":
            yield (
                f"Webhook {hook['webhook_id']} is sent nothing more: {hook['because']} When it is"
                f" mended: triage webhooks activate {hook['webhook_id']} --by WHO"
            )


def erp_checkup(services: Services) -> tuple[list[str], list[str]]:
    """Faults of a mapped ERP, and notes on what is unverified of it; nothing for any other."""
    erp = services.erp
    return erp.checked() if isinstance(erp, MappedBooks) else ([], [])
