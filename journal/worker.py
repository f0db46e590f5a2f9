"""Workers: what the queue holds is done here, by as many processes as are started.

Three kinds of work: effects, errands (both asked for in somebody's transaction) and work done by
the clock. The queue is Procrastinate on the journal's PostgreSQL; a job of a worker that died is
taken up again by another.
"""

import asyncio
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

import psycopg
import structlog
from procrastinate import App, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy

from journal.database import libpq_url
from journal.outbox import QUEUE, TASK, WAITS
from journal.systems import NotNow

log = structlog.get_logger("journal.worker")
CLOCK = "clock"
SCATTER_SECONDS = 2
HEARTBEAT_SECONDS = 2
STALLED_SECONDS = 10
DATABASE_AGAIN_SECONDS = 2
CONNECT_SECONDS = 5.0
_EVERY_FIVE_SECONDS = "* * * * * */5"


class Hopeless(Exception):
    """The world will never do this effect: park it at once, do not try again."""


class Performer(Protocol):
    """Does effects; given to ``worker_app`` by the composition root."""

    def perform(self, key: str) -> None:
        """Do the effect and record its outcome; any error but ``Hopeless`` is tried again, at the
        time that ``journal.systems.NotNow`` names."""
        ...

    def park(self, key: str, error: str) -> None:
        """Record that the world would not; a person must look."""
        ...


@dataclass(frozen=True, slots=True)
class Recurring:
    """Work done by the clock. ``cron`` has five fields, or six with seconds last."""

    name: str
    cron: str
    run: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Errand:
    """Work that is asked for with ``ask``: ``run`` is given what was asked."""

    task: str
    queue: str
    run: Callable[[str], None]


class Again(BaseRetryStrategy):
    """When a job is done again: at the moment its error names, else after longer and longer waits.

    Never less than that, and a little more by chance, so that not all come at once. Nothing is
    given up here; who performs says when (``Hopeless``).
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, NotNow):
            chance = timedelta(seconds=SCATTER_SECONDS * random.random())
            return RetryDecision(retry_at=exception.at + chance)
        wait = WAITS.after(job.attempts + 1, random.random())
        return RetryDecision(retry_at=datetime.now(UTC) + wait)


def worker_app(
    url: str,
    performer: Performer,
    recurring: Sequence[Recurring] = (),
    errands: Sequence[Errand] = (),
    pool_size: int = 6,
) -> App:
    """A Procrastinate app that performs effects, clock work and errands; see ``run_worker``.

    Jobs of workers that died are taken up again within ``STALLED_SECONDS`` and five more.
    """
    connector = PsycopgConnector(
        conninfo=libpq_url(url), min_size=1, max_size=pool_size, timeout=CONNECT_SECONDS
    )
    app = App(connector=connector)

    @app.task(name=TASK, queue=QUEUE, retry=Again())
    def perform_effect(key: str) -> None:
        _perform(performer, key)

    @app.periodic(cron=_EVERY_FIVE_SECONDS)
    @app.task(name="retry_stalled", queue=CLOCK, queueing_lock="retry_stalled")
    async def retry_stalled(timestamp: int) -> None:
        stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS)
        for job in stalled:
            await app.job_manager.retry_job(job)

    for work in recurring:
        _add_recurring(app, work)
    for errand in errands:
        _add_errand(app, errand)
    return app


def _perform(performer: Performer, key: str) -> None:
    try:
        performer.perform(key)
    except Hopeless as error:
        performer.park(key, str(error))


def _add_errand(app: App, errand: Errand) -> None:
    def run(subject: str) -> None:
        errand.run(subject)

    app.task(name=errand.task, queue=errand.queue)(run)


def _add_recurring(app: App, work: Recurring) -> None:
    def run(timestamp: int) -> None:
        work.run()

    task: Any = app.task(name=work.name, queue=CLOCK, queueing_lock=work.name)(run)
    app.periodic(cron=work.cron)(task)


def run_worker(
    app: App,
    *,
    concurrency: int = 4,
    crews: Mapping[str, int] | None = None,
    wait: bool = True,
) -> None:
    """Work until stopped by SIGINT or SIGTERM; with ``wait=False`` until nothing is due.

    ``crews`` work in queues of their own, each with its concurrency, so that what is slow there
    holds back nothing here. With ``wait=False`` one crew works everything, one job at a time,
    since a job that waits for its return's lock is not due. A database that goes away is waited
    for.
    """
    if not wait:
        asyncio.run(_crews(app, {None: 1}, threading.Event(), wait=False))
        return
    stopped = threading.Event()
    own: dict[tuple[str, ...] | None, int] = {(QUEUE, CLOCK): concurrency}
    own |= {(queue,): hands for queue, hands in (crews or {}).items()}
    while not stopped.is_set():
        why = "its connections ended"
        try:
            asyncio.run(_crews(app, own, stopped, wait=True))
        except (ConnectorException, psycopg.Error) as error:
            why = str(error)
        if not stopped.is_set():  # nobody asked for an end: the database went away
            log.warning("the database is away; trying again", why=why)
            time.sleep(DATABASE_AGAIN_SECONDS)


async def _crews(
    app: App,
    crews: Mapping[tuple[str, ...] | None, int],
    stopped: threading.Event,
    *,
    wait: bool,
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(sum(crews.values()) + 1))
    async with app.open_async():
        working = [
            asyncio.ensure_future(
                app.run_worker_async(
                    queues=cast(Any, queues and list(queues)),  # None: all of them
                    concurrency=hands,
                    wait=wait,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=STALLED_SECONDS,
                    delete_jobs="successful",
                )
            )
            for queues, hands in crews.items()
        ]
        with _stopping(loop, working, stopped) as stop:
            await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
            stop()  # one crew that ends by itself takes the others along: the process is done
            ended = await asyncio.gather(*working, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error


@contextmanager
def _stopping(
    loop: asyncio.AbstractEventLoop,
    working: Sequence["asyncio.Future[None]"],
    stopped: threading.Event,
) -> Iterator[Callable[[], None]]:
    """Signals end all crews, each after the jobs it has; so does a call of what is yielded."""

    def stop() -> None:
        for one in working:
            one.cancel()

    def told() -> None:
        stopped.set()
        stop()

    here = threading.current_thread() is threading.main_thread()
    caught = (signal.SIGINT, signal.SIGTERM) if here else ()
    for number in caught:
        loop.add_signal_handler(number, told)
    try:
        yield stop
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
