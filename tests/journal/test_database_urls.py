"""How long a database that says nothing is waited for."""

import socket
import time
from contextlib import closing

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from journal.database import PATIENCE, engine_for, libpq_url, sqlalchemy_url


def test_patience_is_ours_unless_the_url_says_otherwise() -> None:
    """A machine that is cut off is noticed; what an operator chose is left alone."""
    given = "postgresql://u:p%40ss@db.example:5433/triage?connect_timeout=3&sslmode=verify-full"
    for made in (sqlalchemy_url(given), libpq_url(given)):
        url = make_url(made)
        assert url.query == {**PATIENCE, "connect_timeout": "3", "sslmode": "verify-full"}
        assert (url.password, url.host, url.port, url.database) == (
            "p@ss", "db.example", 5433, "triage",
        )  # fmt: skip
    assert make_url(libpq_url("postgresql://h/d")).query == PATIENCE


def test_a_server_that_says_nothing_is_away() -> None:
    """It takes the connection and never answers: an error, as soon as the URL says."""
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        engine = engine_for(
            f"postgresql://u:p@127.0.0.1:{port}/d?connect_timeout=2&sslmode=disable"
        )
        begun = time.monotonic()
        with pytest.raises(OperationalError), engine.connect():
            pass
        assert time.monotonic() - begun < 10
