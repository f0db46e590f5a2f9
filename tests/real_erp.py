"""The real ERP for tests that need it: built before (``make erp-setup``), started once a session.

Without it such tests are skipped with one line that says what to run; under ``CI=true`` they fail.
"""

import os
from collections.abc import Callable, Iterator

import pytest

from integrations.erp.tryton.rpc import Rpc, Warned
from simulation.erp_lab import lab, on_postgresql

MISSING = "The real ERP is not built; make erp-setup builds it."


def prepared_erp(find: Callable[[], lab.Prepared | None] = lab.find) -> lab.Prepared:
    """The prepared database, or a skip; a failure under CI."""
    found = find()
    if found is None and os.environ.get("CI"):
        pytest.fail(MISSING)
    if found is None:
        pytest.skip(MISSING)
    return found


@pytest.fixture(scope="session")
def real_erp() -> Iterator[lab.Running]:
    """A server on a copy of the prepared database."""
    with lab.serving(prepared_erp()) as running:
        yield running


@pytest.fixture(scope="session")
def erp_on_postgresql(server_url: str) -> Iterator[lab.Running]:
    """A server on PostgreSQL, which locks and overloads as one in production does."""
    prepared = prepared_erp(on_postgresql.find)
    with on_postgresql.serving(prepared, server_url) as running:
        yield running


def session_of(running: lab.Running, role: str = "service", seconds: float = 60) -> Rpc:
    """A session of a user of the running ERP."""
    login, password = running.users[role]
    return Rpc(running.url, running.database, login, password, seconds)


@pytest.fixture(scope="session")
def clerk(real_erp: lab.Running) -> Iterator[Rpc]:
    """The service's session."""
    rpc = session_of(real_erp)
    yield rpc
    rpc.close()


@pytest.fixture(scope="session")
def clerk_on_postgresql(erp_on_postgresql: lab.Running) -> Iterator[Rpc]:
    """The service's session there."""
    rpc = session_of(erp_on_postgresql)
    yield rpc
    rpc.close()


@pytest.fixture(scope="session")
def approver(real_erp: lab.Running) -> Iterator[Rpc]:
    """The session of a user who may approve what a clerk asks there."""
    rpc = session_of(real_erp, "approver")
    yield rpc
    rpc.close()


def press(rpc: Rpc, model: str, record: int, button: str, stamp: str | None = None) -> None:
    """Press a button, answering every question with yes."""
    context = {"_timestamp": {f"{model},{record}": stamp}} if stamp else {}
    while True:
        try:
            rpc.write(f"model.{model}.{button}", [record], context=context)
        except Warned as asked:
            rpc.write("model.res.user.warning.skip", asked.name, False)
        else:
            return
