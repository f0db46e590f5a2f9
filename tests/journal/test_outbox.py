"""Effects leave with the event or not at all, and are performed until done or parked."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from procrastinate.jobs import Job
from sqlalchemy import Connection, Engine, text

from journal import lookups, outbox, worker
from journal.entries import Append
from journal.journal import Journal
from journal.outbox import defer_effect
from journal.systems import NotNow
from journal.worker import Hopeless, Recurring, run_worker, worker_app
from tests.journal.ledger_story import MARIA, at, requested, write
from workflow.effects import Effect
from workflow.events import EffectDone, EffectParked


def effect(number: int = 1, return_id: str = "R-1") -> Effect:
    return Effect(
        f"{return_id}/{number}/credit/1", "erp.credit_memo", return_id, {"net_minor": 4_000}
    )


def asking(*effects: Effect, return_id: str = "R-1") -> Append:
    events = (requested(return_id),)
    return Append(f"case/{return_id}", events, MARIA, at(0), effects=effects)


def jobs(conn: Connection) -> list[tuple[str, str, str]]:
    query = "SELECT queueing_lock, lock, status::text FROM procrastinate_jobs ORDER BY id"
    return [tuple(row) for row in conn.execute(text(query))]


class Performing:
    """Performs by a function, writing what became of it as serving does."""

    def __init__(self, engine: Engine, do: Callable[[str], str]) -> None:
        self.engine, self.do = engine, do
        self.done: list[str] = []

    def perform(self, key: str) -> None:
        with self.engine.begin() as conn:
            claimed = outbox.claim(conn, key)
        if claimed is None:
            return
        reference = self.do(key)
        with self.engine.begin() as conn:
            outbox.done(conn, {key: reference})
        self.done.append(key)

    def park(self, key: str, error: str) -> None:
        with self.engine.begin() as conn:
            outbox.failed(conn, key, error, final=True)


def test_event_effect_and_job_are_one(engine: Engine) -> None:
    """Rolled back there is no effect and no job; committed there are both, in the order asked."""
    journal = Journal(defer=defer_effect)
    with engine.connect() as conn:
        journal.append(conn, [asking(effect(2), effect(1))])
        conn.rollback()
        assert (jobs(conn), lookups.effects(conn)) == ([], [])
    (entry,) = write(engine, journal, asking(effect(2), effect(1)))
    with engine.connect() as conn:
        assert jobs(conn) == [
            ("R-1/2/credit/1", "R-1", "todo"),
            ("R-1/1/credit/1", "R-1", "todo"),
        ]
        stored = lookups.effect(conn, "R-1/1/credit/1")
        assert stored is not None
        assert stored["payload"] == {"net_minor": 4_000}
        assert (stored["status"], stored["attempts"]) == ("pending", 0)
        assert stored["decided_at_position"] == entry.position


def test_an_effect_is_asked_once(engine: Engine) -> None:
    """The same key again neither changes the effect nor queues a second job."""
    journal = Journal(defer=defer_effect)
    write(engine, journal, asking(effect()))
    write(engine, journal, asking(effect(), return_id="R-2"))
    with engine.connect() as conn:
        assert len(jobs(conn)) == len(lookups.effects(conn)) == 1


def test_a_worker_performs_what_waits(engine: Engine, database_url: str) -> None:
    """A worker does every effect once, in order within a return, and leaves no job behind."""
    write(engine, Journal(defer=defer_effect), asking(effect(1), effect(2)))
    performing = Performing(engine, lambda key: f"DOC-{key}")
    run_worker(worker_app(database_url, performing), concurrency=4, wait=False)
    assert performing.done == ["R-1/1/credit/1", "R-1/2/credit/1"]
    with engine.connect() as conn:
        assert jobs(conn) == []
        rows = lookups.effects(conn, statuses=["done"])
        assert [row["reference"] for row in rows] == [f"DOC-{key}" for key in performing.done]
        assert outbox.claim(conn, "R-1/1/credit/1") is None


def test_a_failure_is_tried_again_and_a_hopeless_one_is_parked(
    engine: Engine, database_url: str
) -> None:
    """An error puts the job back for later; what the world will never do is parked at once."""

    def fail(key: str) -> str:
        if key.startswith("R-2"):
            raise Hopeless("the period is closed")
        raise ConnectionError("the ERP is away")

    write(engine, Journal(defer=defer_effect), asking(effect(1), effect(1, "R-2")))
    run_worker(worker_app(database_url, Performing(engine, fail)), wait=False)
    with engine.connect() as conn:
        assert jobs(conn) == [("R-1/1/credit/1", "R-1", "todo")]
        (parked,) = lookups.effects(conn, statuses=["parked"])
        assert parked["error"] == "the period is closed"


def test_a_parked_effect_can_be_retried(engine: Engine) -> None:
    """Retrying puts it in the queue under its own key, once."""
    write(engine, Journal(), asking(effect()))
    with engine.begin() as conn:
        outbox.failed(conn, effect().key, "no", final=True)
        assert outbox.retry(conn, effect().key)
        assert not outbox.retry(conn, effect().key)
        assert jobs(conn) == [("R-1/1/credit/1", "R-1", "todo")]
        claimed = outbox.claim(conn, effect().key)
        assert claimed is not None
        assert (claimed.effect, claimed.attempts) == (effect(), 1)


def test_effects_without_a_job_are_found(engine: Engine) -> None:
    """What was stored without a job is queued by the sweep; what is queued is left alone."""
    write(engine, Journal(), asking(effect(1), effect(2)))
    with engine.begin() as conn:
        assert outbox.defer_waiting(conn) == 2
        assert outbox.defer_waiting(conn) == 0


def test_the_case_is_told_and_the_outbox_agrees(engine: Engine) -> None:
    """EffectDone and EffectParked in a case set the effect's status and document number."""
    journal = Journal()
    write(engine, journal, asking(effect(1), effect(2)))
    told = (
        EffectDone("R-1", effect(1).key, "erp.credit_memo", "CM-7", at(40)),
        EffectParked("R-1", effect(2).key, "erp.credit_memo", "period closed", at(41)),
    )
    write(engine, journal, Append("case/R-1", told, MARIA, at(41), 1))
    with engine.connect() as conn:
        rows = lookups.effects(conn, return_id="R-1")
        assert [(row["status"], row["reference"], row["error"]) for row in rows] == [
            ("done", "CM-7", None),
            ("parked", None, "period closed"),
        ]


def test_the_job_of_a_dead_worker_is_taken_up(engine: Engine, database_url: str) -> None:
    """A job whose worker stopped beating is done by another, and with it what it held back."""
    write(engine, Journal(defer=defer_effect), asking(effect(1), effect(2)))
    with engine.begin() as conn:
        assert outbox.claim(conn, effect(1).key) is not None
        conn.execute(
            text(
                "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
                " VALUES (now() - interval '1 minute') RETURNING id)"
                " UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead"
                " WHERE queueing_lock = :key"
            ),
            {"key": effect(1).key},
        )
    performing = Performing(engine, str)
    app = worker_app(database_url, performing)

    async def look_after() -> None:
        async with app.open_async():
            await app.tasks["retry_stalled"].func(0)

    asyncio.run(look_after())
    run_worker(worker_app(database_url, performing), wait=False)
    assert performing.done == ["R-1/1/credit/1", "R-1/2/credit/1"]


def test_clock_work_runs(engine: Engine, database_url: str) -> None:
    """Recurring work is done by a worker when the clock says so."""
    ticked = threading.Event()
    app = worker_app(
        database_url, Performing(engine, str), [Recurring("tick", "* * * * * *", ticked.set)]
    )

    async def until_ticked() -> None:
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    install_signal_handlers=False,
                    listen_notify=False,
                    fetch_job_polling_interval=0.1,
                )
            )
            for _ in range(100):
                await asyncio.sleep(0.1)
                if ticked.is_set():
                    break
            working.cancel()
            await asyncio.wait([working])

    asyncio.run(until_ticked())
    assert ticked.is_set()


@pytest.mark.parametrize("status", ["done", "parked"])
def test_what_is_settled_is_not_claimed(engine: Engine, status: str) -> None:
    """A job that comes late finds nothing to do."""
    write(engine, Journal(), asking(effect()))
    with engine.begin() as conn:
        conn.execute(text("UPDATE effect SET status = :status"), {"status": status})
        assert outbox.claim(conn, effect().key) is None


def test_a_job_comes_again_when_it_is_told_to_or_later_and_later() -> None:
    """At the moment that was named and at most two seconds after; else after 1, 2, 4 ... seconds,
    shortened by up to half, never longer than the limit, however often."""
    named = datetime.now(UTC) + timedelta(hours=1)

    def when(error: Exception, attempts: int) -> float:
        job = Job(
            id=1, queue="effects", lock=None, queueing_lock=None, task_name="t", attempts=attempts
        )
        decision = worker.Again().get_retry_decision(exception=error, job=job)
        assert decision is not None and decision.retry_at is not None
        return (decision.retry_at - datetime.now(UTC)).total_seconds()

    assert 3599 < when(NotNow(named, "down"), 50) < 3603
    for attempts, whole in ((0, 1), (1, 2), (5, 32), (40, 300)):
        assert whole / 2 - 0.1 < when(ConnectionError(), attempts) <= whole
