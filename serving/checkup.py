"""What ``triage doctor`` looks at; every fault is one sentence that says what to do."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from integrations.erp.mapped_books import MappedBooks
from journal import lookups
from serving.wiring import Services
from workflow.promoting import MODELS

MOST_SKEW = timedelta(seconds=5)
OLDEST_PENDING = timedelta(minutes=10)


def checkup(services: Services) -> list[str]:
    """Faults of database, clock, models and queue; empty when everything is in order."""
    try:
        with services.engine.connect() as conn:
            now = conn.execute(text("SELECT clock_timestamp()")).scalar_one()
            parked = lookups.effects(conn, statuses=("parked",))
            waiting = lookups.effects(conn, statuses=("pending", "doing"), limit=1)
    except SQLAlchemyError as error:
        return [f"The database is away ({type(error).__name__}): start it, or check its URL."]
    faults = []
    skew = abs(services.clock() - now)
    if skew > MOST_SKEW:
        seconds = skew.total_seconds()
        faults.append(f"This clock and the database's differ by {seconds:.0f} s: set up NTP.")
    for name in MODELS:
        fault = services.shelf.faults.get(name)
        if fault:
            faults.append(f"Model {name} is not used: {fault}")
        elif not services.shelf.get(name).digest:
            spelt = name.replace("_", "-")
            faults.append(f"No {name} model is promoted; people decide. Run: triage train {spelt}")
    if parked:
        first = parked[0]
        faults.append(
            f"{len(parked)} effects are parked, the first is {first['key']}: {first['error']}"
        )
    if waiting and now - waiting[0]["updated_at"] > OLDEST_PENDING:
        faults.append(
            f"Effect {waiting[0]['key']} waits since {waiting[0]['updated_at']:%Y-%m-%d %H:%M}:"
            " is a worker running? Start one with: triage worker"
        )
    return faults


def erp_checkup(services: Services) -> tuple[list[str], list[str]]:
    """Faults of a mapped ERP, and notes on what is unverified of it; nothing for any other."""
    erp = services.erp
    return erp.checked() if isinstance(erp, MappedBooks) else ([], [])
