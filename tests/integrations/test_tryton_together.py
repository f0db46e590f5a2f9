"""Two workers at one paper of the real ERP on PostgreSQL, when nothing of ours keeps them apart."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from integrations.erp.port import Unavailable, UnknownOutcome
from integrations.erp.tryton.adapter import TrytonErp
from integrations.erp.tryton.keys import locked
from integrations.erp.tryton.notes import credit_note
from integrations.erp.tryton.rpc import Rpc
from integrations.erp.tryton.stepping import Stepper
from journal.database import sqlalchemy_url
from simulation.erp_lab import lab
from simulation.faulty_wire import WireFault, faulty_wire
from tests.integrations.erp_requests import AT, memo

_numbers = count(1)


@pytest.fixture
def case() -> str:
    return f"R-together-{next(_numbers)}"


def notes(rpc: Rpc, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rpc.read(
        "model.account.invoice.search_read", [["reference", "=", key]], 0, None, None,
        ["state", "number", "move"],
    )  # fmt: skip
    return found


@pytest.mark.tryton
@pytest.mark.slow
def test_double_click(engine: Engine, clerk_on_postgresql: Rpc, case: str) -> None:
    """Four that post one draft at once, each under the stamp it read, post it once: one number,
    one entry in the ledger."""
    rpc = clerk_on_postgresql
    erp = TrytonErp(engine, rpc)
    paper, company = credit_note(erp.masters, erp.invoices, memo(case)), erp.masters.company().id
    values = {"company": company, "reference": case, **paper.values}
    rpc.write("model.account.invoice.create", [values], context={"company": company})

    def press(_: int) -> str:
        return Stepper(rpc, company, lambda: None).write(paper, case).number

    with ThreadPoolExecutor(4) as pool:
        numbers = set(pool.map(press, range(4)))
    (note,) = notes(rpc, case)
    assert (note["state"], {note["number"]}) == ("posted", numbers)
    origin = f"account.invoice,{note['id']}"
    moves = rpc.read("model.account.move.search_count", [["origin", "=", origin]])
    assert moves == 1


@contextmanager
def slow_wire(running: lab.Running, engine: Engine) -> Iterator[TrytonErp]:
    """A worker whose every answer comes late."""
    with faulty_wire(running.url, {WireFault.DELAY: 1.0}, seed=1, delay_seconds=0.3) as wire:
        login, password = running.users["service"]
        rpc = Rpc(wire.url, running.database, login, password)
        yield TrytonErp(engine, rpc)
        rpc.close()


@pytest.mark.tryton
@pytest.mark.slow
def test_lock_lost_on_the_way(
    engine: Engine, erp_on_postgresql: lab.Running, clerk_on_postgresql: Rpc, case: str
) -> None:
    """A worker that loses its lock between two steps takes no more of them. Its key rests, since
    what it asked last may still come to pass; then the one that takes over posts the credit: once,
    and without a draft left beside it."""
    key = f"{case}/1/credit/1"
    with slow_wire(erp_on_postgresql, engine) as slow, ThreadPoolExecutor(1) as pool:
        first = pool.submit(slow.post_credit_memo, key, memo(case), AT)
        _cut_the_lock_of(engine, key)
        with pytest.raises(Unavailable, match="may still come to pass"):
            TrytonErp(engine, clerk_on_postgresql, patience_seconds=30).post_credit_memo(
                key, memo(case), AT
            )
        quick = TrytonErp(engine, clerk_on_postgresql, patience_seconds=0)
        written = quick.post_credit_memo(key, memo(case), AT)
        with pytest.raises((Unavailable, UnknownOutcome)):
            first.result()
    (note,) = notes(clerk_on_postgresql, key)
    assert (note["state"], f"CM-{note['number']}") == ("posted", written.number)


def _cut_the_lock_of(engine: Engine, key: str) -> None:
    """End the connection that holds the case's lock, as soon as its key is marked."""
    marked = text("SELECT 1 FROM erp_link.written WHERE key = :key")
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database "
        "WHERE locktype = 'advisory' AND d.datname = current_database()"
    )
    pause = threading.Event()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        while conn.execute(marked, {"key": key}).first() is None:
            pause.wait(0.02)
        pause.wait(0.5)  # within its first calls
        assert conn.execute(cut).all() == [(True,)]


def test_no_connection_free_is_unavailable(database_url: str) -> None:
    """More writers than our own database has connections for are told to come again, and no
    attempt is counted against their effects."""
    engine = create_engine(
        sqlalchemy_url(database_url), pool_size=1, max_overflow=0, pool_timeout=0.05
    )
    with (
        locked(engine, "R-1"),
        pytest.raises(Unavailable, match="did not answer"),
        locked(engine, "R-2"),
    ):
        pass
    engine.dispose()
