"""The database is stopped and started under a running service: nothing is lost, and it is said."""

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from journal import embedded
from journal.database import migrate
from journal.embedded import HURRY, EmbeddedServer, enterable_folder
from simulation.story import Story
from tests.serving.house import Clock, House, build, open_house, request_body
from tests.story.machines import Machine

PATIENCE_SECONDS = 40


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """A PostgreSQL of this test's own, migrated."""
    folder = enterable_folder()
    folder.chmod(0o711)
    made = embedded.start(folder / "pg", HURRY)
    try:
        migrate(made.url)
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


@pytest.fixture
def house(server: EmbeddedServer, tmp_path: Path) -> Iterator[House]:
    opened = open_house(build(server.url, tmp_path, Clock(datetime.now(UTC))))
    with opened.client:
        assert (
            opened.tell(*Story(datetime.now(UTC) - timedelta(minutes=1)).facts()).status_code == 200
        )
        yield opened


@pytest.fixture
def worker(server: EmbeddedServer, tmp_path: Path) -> Iterator[Machine]:
    """A worker as a process of its own; it is never started again."""
    environment = {"TRIAGE_DATABASE_URL": server.url, "TRIAGE_STATE_DIR": str(tmp_path)}
    machine = Machine(["worker"], environment, tmp_path / "worker.log")
    machine.start()
    try:
        yield machine
    finally:
        machine.stop()


def until_done(house: House, key: str) -> str:
    end = time.monotonic() + PATIENCE_SECONDS
    status = ""
    while status != "done" and time.monotonic() < end:
        time.sleep(0.2)
        status = house.get(f"/v1/effects/{key}").json()["status"]
    return status


@pytest.mark.slow
def test_nothing_is_lost_when_the_database_restarts(
    server: EmbeddedServer, house: House, worker: Machine
) -> None:
    """Meanwhile requests are told to try again later, by a problem document; afterwards what was
    recorded is there, the same key does what was asked once, and the same worker goes on."""
    assert house.post("/v1/returns", request_body(), key="first").status_code == 201
    assert until_done(house, "R-1001/rma") == "done", worker.log.read_text()
    server.stop()
    for answer in (
        house.get("/v1/returns/R-1001"),
        house.post("/v1/returns", request_body("R-1002"), key="second"),
        house.client.get("/readyz"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    assert house.client.get("/healthz").status_code == 200
    time.sleep(2)  # the worker notices
    again = embedded.start(server.folder, HURRY)
    try:
        assert house.case()["status"] == "authorised"
        asked = house.post("/v1/returns", request_body("R-1002"), key="second")
        repeated = house.post("/v1/returns", request_body("R-1002"), key="second")
        assert (asked.status_code, repeated.headers["Idempotency-Replayed"]) == (201, "true")
        assert until_done(house, "R-1002/rma") == "done", worker.log.read_text()
        assert worker.process is not None and worker.process.poll() is None
        assert house.differences() == []
    finally:
        worker.stop()
        again.stop()
