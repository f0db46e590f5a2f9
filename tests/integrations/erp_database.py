"""One migrated database for a whole test module: cases have numbers of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import Engine, make_url

from journal.database import engine_for


@contextmanager
def engine_of_a_copy(server_url: str, template_database: str) -> Iterator[Engine]:
    """An engine on a copy of the template; the copy is dropped afterwards."""
    name = sql.Identifier(f"triage_erp_{uuid4().hex}")
    with psycopg.connect(server_url, autocommit=True) as conn:
        template = sql.Identifier(template_database)
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, template))
        url = make_url(server_url).set(database=name.as_string().strip('"'))
        engine = engine_for(url.render_as_string(hide_password=False))
        try:
            yield engine
        finally:
            engine.dispose()
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
