"""One writer at a time for a return, whatever the machine it runs on."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.exc import InterfaceError, OperationalError

from integrations.erp.port import Unavailable


@contextmanager
def alone(engine: Engine, return_id: str) -> Iterator[None]:
    """While it lasts nobody else writes for the return; others wait. Raises ``Unavailable``."""
    name = {"name": f"erp_mapped/{return_id}"}
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), name)
            try:
                yield
            finally:
                conn.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), name)
    except (OperationalError, InterfaceError) as error:
        raise Unavailable(f"Our own database did not answer: {error.orig}") from error
