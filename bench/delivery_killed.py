"""Credits of real cases, performed by ``triage worker`` processes that are killed all the time.

Each case is a price correction: asked for, approved by a person, credited and closed. The workers
reach the ERP over the faulty wire; whenever one of them is at work on an effect it is killed with
SIGKILL a moment later and started again, until everything is done.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from bench.delivery import PATIENCE_SECONDS, Delivered, counted
from integrations.erp.tryton.rpc import Rpc
from journal.entries import Append
from journal.lookups import effects
from serving.assessor import situation
from serving.facts_in import stream_of
from serving.requesting import build_request
from serving.settings import Settings
from serving.shapes import ReturnLineShape, ReturnShape, SourceShape
from serving.wiring import Services, wire
from simulation.faulty_wire import Wire
from simulation.story import CUSTOMER_ID, OTHER_SKU, PEOPLE, Story
from workflow.actor import SYSTEM
from workflow.codes import ReturnReason
from workflow.commands import DecideTask
from workflow.facts import InvoiceRecorded

ROOT = Path(__file__).resolve().parent.parent
DELIVERED = 20_000
PRICE_MINOR, TAX_MINOR = 14_50, 1_16
LONGEST_MOMENT_SECONDS = 1.5


def big_invoice(story: Story) -> InvoiceRecorded:
    """The third order of the prepared ERP (simulation/erp_lab/world.toml)."""
    (_, seals), invoice = story.invoice().lines, story.invoice()
    line = replace(
        seals, line=1, quantity=Decimal(DELIVERED), net_minor=DELIVERED * PRICE_MINOR,
        tax_minor=DELIVERED * TAX_MINOR,
    )  # fmt: skip
    return replace(invoice, invoice_id="INV-1002", lines=(line,))


def ask(services: Services, credits: int) -> None:
    """So many cases whose credit a person has approved, of 14.50, 29.00 or 43.50 and its tax."""
    now = services.clock()
    story = Story(now - timedelta(minutes=1))
    with services.engine.begin() as conn:
        facts = (*story.masters(), big_invoice(story))
        told = [Append(stream_of(fact), (fact,), SYSTEM, now) for fact in facts]
        services.journal.append(conn, told)
    for number in range(credits):
        with services.engine.begin() as conn:
            asked = _request(services, conn, f"RD-{number}", 1 + number % 3, now)
        for effect in asked:  # no model answers, so the credit becomes a person's task
            services.performer.perform(effect)
        with services.engine.begin() as conn:
            _approve(services, conn, f"RD-{number}", now)


def _request(
    services: Services, conn: Connection, return_id: str, quantity: int, now: datetime
) -> list[str]:
    """The request of a price correction; the keys of what it asks our models."""
    line = ReturnLineShape(
        sku=OTHER_SKU, quantity=Decimal(quantity), uom="EA",
        source=SourceShape(invoice_id="INV-1002", line=1),
        reason_code=ReturnReason.PRICING_OR_BILLING, reason_text="Billed at the old price.",
    )  # fmt: skip
    shape = ReturnShape(customer=CUSTOMER_ID, currency="USD", lines=[line])
    request = build_request(conn, shape, return_id, PEOPLE["service"], now, 1000)
    services.cases.handle(conn, return_id, request)
    return [row["key"] for row in effects(conn, return_id=return_id)]


def _approve(services: Services, conn: Connection, return_id: str, now: datetime) -> None:
    state, _ = services.cases.state(conn, return_id)
    (task,) = situation(state, return_id).case.tasks
    yes = DecideTask(task.opened.task_id, "approve", PEOPLE["clerk"], now)
    services.cases.handle(conn, return_id, yes)


@dataclass
class Crew:
    """Worker processes, each started again as soon as it was killed."""

    environment: Mapping[str, str]
    log: Path
    running: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    kills: int = 0
    cut_short: int = 0
    """Effects that were under way when a worker was killed."""

    def start(self) -> None:
        words = [sys.executable, "-m", "commands.main", "worker"]
        told = os.environ | self.environment
        with self.log.open("ab") as log:
            started = subprocess.Popen(words, cwd=ROOT, env=told, stdout=log, stderr=log)
        self.running.append(started)

    def kill(self, dice: random.Random, under_way: int) -> None:
        """As a power cut would: no handler runs, nothing is flushed."""
        victim = self.running.pop(dice.randrange(len(self.running)))
        victim.kill()
        victim.wait()
        self.kills, self.cut_short = self.kills + 1, self.cut_short + under_way
        self.start()


@contextmanager
def _crew(url: str, wire: Wire, direct: Rpc, workers: int, folder: Path) -> Iterator[Crew]:
    environment = {
        "TRIAGE_DATABASE_URL": url,
        "TRIAGE_STATE_DIR": str(folder),
        "TRIAGE_ERP": "tryton",
        "TRIAGE_ERP_URL": wire.url,
        "TRIAGE_ERP_DATABASE": direct.database,
        "TRIAGE_ERP_LOGIN": direct.login,
        "TRIAGE_ERP_PASSWORD": direct.password,
        "TRIAGE_ERP_PATIENCE_SECONDS": str(PATIENCE_SECONDS),
        "TRIAGE_WORKER_CONCURRENCY": "2",
        "TRIAGE_POOL_SIZE": "4",
    }
    crew = Crew(environment, folder / "workers.log")
    try:
        for _ in range(workers):
            crew.start()
        yield crew
    finally:
        for process in crew.running:
            process.kill()
            process.wait()


def deliver_killed(
    url: str,
    engine: Engine,
    direct: Rpc,
    wire: Wire,
    credits: int,
    workers: int,
    kills: int,
    seed: int = 8123,
    most_seconds: float = 4 * 3600,
) -> Delivered:
    """Have workers post the credits while ``kills`` of them are killed, and count past the wire.

    ``url`` is of a migrated database that holds nothing else, ``engine`` an engine on it.
    """
    started, dice = time.monotonic(), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="killed-") as folder:
        services = wired(url, Path(folder))
        ask(services, credits)
        services.engine.dispose()
        with _crew(url, wire, direct, workers, Path(folder)) as crew:
            while _left(engine, started, most_seconds, crew):
                time.sleep(0.1)
                under_way = _doing(engine)
                if under_way and crew.kills < kills:
                    time.sleep(LONGEST_MOMENT_SECONDS * dice.random())
                    crew.kill(dice, _doing(engine))
    told = _effects(engine)
    asked = sum(row["kind"] == "erp.credit_memo" for row in told)
    if asked != credits:
        raise AssertionError(f"{credits} credits were meant and {asked} asked")
    tries = sum(row["attempts"] for row in told)
    found = counted(engine, direct, wire, told, workers, tries, started)
    return replace(found, kills=crew.kills, cut_short=crew.cut_short)


def wired(url: str, folder: Path) -> Services:
    """The house that asks; its own ERP is never used."""
    chosen = Settings(state_dir=folder, database_url=url, erp="reference")
    return wire(chosen, url, clock=lambda: datetime.now(UTC))


def _effects(engine: Engine) -> Sequence[Mapping[str, Any]]:
    query = text(
        "SELECT key, kind, return_id, payload, status, reference, attempts FROM effect "
        "WHERE kind LIKE 'erp.%' ORDER BY decided_at_position, key"
    )
    with engine.connect() as conn:
        return [dict(row) for row in conn.execute(query).mappings()]


def _doing(engine: Engine) -> int:
    query = text("SELECT count(*) FROM effect WHERE status = 'doing' AND kind LIKE 'erp.%'")
    with engine.connect() as conn:
        found: int = conn.execute(query).scalar_one()
        return found


def _left(engine: Engine, started: float, most_seconds: float, crew: Crew) -> bool:
    """Whether something is to be done yet. An effect that waits for a person is a failure."""
    query = text("SELECT key, status, attempts, error FROM effect WHERE status <> 'done'")
    with engine.connect() as conn:
        waiting = conn.execute(query).all()
    parked = any(row.status == "parked" for row in waiting)
    if waiting and (parked or time.monotonic() - started > most_seconds):
        told = crew.log.read_text(errors="replace")[-3000:]
        raise AssertionError(f"not done after {crew.kills} kills: {waiting[:10]}\n{told}")
    return bool(waiting)
