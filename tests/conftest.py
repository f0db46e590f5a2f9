"""One PostgreSQL for the whole run, migrated once; a fresh database for every test that asks.

``TRIAGE_TEST_DATABASE_URL`` names a server of your own (its user may create databases);
otherwise an embedded one is started in memory or a temporary folder, without fsync, and removed.
"""

import itertools
import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from sqlalchemy import Engine, make_url

from journal import embedded
from journal.database import engine_for, libpq_url, migrate
from tests.real_erp import (
    MISSING,
    approver,
    clerk,
    clerk_on_postgresql,
    erp_on_postgresql,
    real_erp,
)

__all__ = ["approver", "clerk", "clerk_on_postgresql", "erp_on_postgresql", "real_erp"]

# How long an example may take says something of the machine only, and nothing of the program.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_names = itertools.count(1)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A PostgreSQL where databases may be created."""
    given = os.environ.get("TRIAGE_TEST_DATABASE_URL")
    if given:
        yield libpq_url(given)
        return
    with embedded.temporary(in_memory=True) as url:
        _quick_to_enter(url)
        yield url


@pytest.fixture(scope="session")
def template_database(server_url: str) -> Iterator[str]:
    """The name of a migrated, empty database to copy."""
    name = f"triage_template_{os.getpid()}"
    _run(server_url, "CREATE DATABASE {}", name)
    migrate(_with_database(server_url, name))
    yield name
    _run(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def fresh_database(server_url: str, template_database: str) -> Iterator[Callable[[], str]]:
    """Call it for the URL of a new, migrated database; dropped after the test."""
    made: list[str] = []

    def make() -> str:
        name = f"triage_test_{os.getpid()}_{next(_names)}"
        # Copying the files is three times as quick as logging every page of them.
        copy = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"
        _run(server_url, copy, name, template_database)
        made.append(name)
        return _with_database(server_url, name)

    yield make
    for name in made:
        _run(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def database_url(fresh_database: Callable[[], str]) -> str:
    """The URL of this test's own migrated database."""
    return fresh_database()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on this test's own migrated database."""
    made = engine_for(database_url)
    yield made
    made.dispose()


def _quick_to_enter(url: str) -> None:
    """A password of a run is random, and need not be stretched at each of thousands of logins."""
    parsed = make_url(url)
    role, password = sql.Identifier(parsed.username or ""), sql.Literal(parsed.password)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET scram_iterations = 1")
        conn.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))


def _with_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _run(url: str, statement: str, *names: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for all tests that wanted the real ERP and had none."""
    skipped = terminalreporter.stats.get("skipped", ())
    missed = sum(MISSING in str(report.longrepr) for report in skipped)
    if missed:
        terminalreporter.write_line(f"{missed} tests were skipped. {MISSING}")
