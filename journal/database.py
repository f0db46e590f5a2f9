"""The one PostgreSQL behind everything: where it is, a pooled engine for it, its migrations."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from journal.embedded import EmbeddedServer, data_folder, start

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x7472_6961_6765  # any fixed number: one migration at a time, anywhere

PATIENCE: Mapping[str, str] = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
"""Of libpq, in seconds but the last, unless the URL says otherwise: a machine that is cut off says
nothing more, and is known to be away within half a minute, not after the two hours of TCP."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where the journal lives. ``server`` is set when it is the embedded one."""

    url: str
    server: EmbeddedServer | None

    def stop(self) -> None:
        """Stop the embedded server if this process started it; otherwise do nothing."""
        if self.server is not None:
            self.server.stop()


def open_database(url: str | None = None, data_dir: Path | None = None) -> Database:
    """The database to use: ``url``, else ``TRIAGE_DATABASE_URL``, else an embedded server.

    Errors: ``journal.embedded.EmbeddedError`` where the embedded server cannot start.
    """
    given = url or os.environ.get("TRIAGE_DATABASE_URL")
    if given:
        return Database(given, None)
    server = start(data_dir or data_folder())
    return Database(server.url, server)


def database_url() -> str:
    """The URL of ``open_database()``; an embedded server is started and left running."""
    return open_database().url


def sqlalchemy_url(url: str) -> str:
    """The URL with the psycopg 3 driver named, whatever PostgreSQL spelling was given."""
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return _patient(parsed.set(drivername="postgresql+psycopg"))
    raise ValueError(f"{parsed.drivername} is not PostgreSQL: give a postgresql:// URL.")


def libpq_url(url: str) -> str:
    """The URL as psycopg and libpq read it, without SQLAlchemy's driver name."""
    return _patient(make_url(url).set(drivername="postgresql"))


def _patient(url: URL) -> str:
    missing = {name: value for name, value in PATIENCE.items() if name not in url.query}
    return url.update_query_dict(missing).render_as_string(hide_password=False)


MORE_CONNECTIONS = 8
"""Beyond those a process keeps, while there is much to do."""
CONNECTION_SECONDS = 30
"""How long one waits for a connection that is free."""


def engine_for(url: str, *, pool_size: int = 8, max_overflow: int = MORE_CONNECTIONS) -> Engine:
    """A pooled engine; connections are checked before use, so a restart of the server heals.

    READ COMMITTED always: ``Journal.follow`` relies on each statement seeing what committed
    before it began.
    """
    return create_engine(
        sqlalchemy_url(url),
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=CONNECTION_SECONDS,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
    )


def raw(conn: Connection) -> psycopg.Connection[tuple[Any, ...]]:
    """The psycopg connection inside, in the caller's transaction; for bulk statements.

    SQLAlchemy is made to begin first, so that its commit and rollback cover what is done here.
    """
    if not conn.in_transaction():
        conn.begin()
    return cast("psycopg.Connection[tuple[Any, ...]]", conn.connection.driver_connection)


def migrate(url: str) -> None:
    """Bring the schema to the newest revision; safe to call from several processes at once."""
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool)
    with engine.connect() as guard:
        guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
        guard.commit()
        with engine.begin() as conn:
            config = _alembic(conn)
            command.upgrade(config, "head")
        guard.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})
        guard.commit()
    engine.dispose()


def _alembic(conn: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    return config
