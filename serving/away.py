"""Is it the database, or is it us? What a lost, full or busy PostgreSQL raises, told apart."""

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

DATABASE_ERRORS: tuple[type[Exception], ...] = (DBAPIError, psycopg.Error, PoolTimeout)
"""Raised through SQLAlchemy, or by the driver where the journal speaks to it directly."""


def _cause(error: Exception) -> object:
    return error.orig if isinstance(error, DBAPIError) else error


def worth_repeating(error: Exception) -> bool:
    """Whether the same transaction may succeed at once: serialisation failures and deadlocks."""
    return getattr(_cause(error), "sqlstate", None) in ("40001", "40P01")


def is_unfit(error: Exception) -> bool:
    """Whether a value was sent that no column can hold: too large, or a character it refuses."""
    return isinstance(_cause(error), psycopg.DataError)


ALL_IN_USE = (
    "All database connections of this process (TRIAGE_POOL_SIZE) are in use. Try again shortly."
)


def is_busy(error: Exception) -> bool:
    """Whether we are the ones who ask too much: no connection was free for so long."""
    return isinstance(error, PoolTimeout)


def is_away(error: Exception) -> bool:
    """Whether the database is lost or full, so that the same request may succeed later."""
    return is_busy(error) or isinstance(
        _cause(error), psycopg.OperationalError | psycopg.InterfaceError
    )
