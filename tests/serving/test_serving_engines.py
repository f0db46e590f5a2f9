"""Workflow engines call us: the code of docs/how-to/engines runs against the served app."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from socket import socket
from types import ModuleType
from typing import Any

import pytest
import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from models.protocol import Prediction
from tests.serving.house import House, request_body
from tests.serving.small_models import SmallModel
from workflow.assessment import Row

ENGINES = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "engines"
MakeHouse = Callable[..., House]


class Fickle:
    """The app behind a door that is busy at times, and loses an answer of work that is done."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.busy: set[int] = set()
        self.lost: set[int] = set()
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        number = len(self.asked)
        self.asked.append(scope["path"])
        if number in self.lost:
            await self.app(scope, receive, _nowhere)
        if number in self.lost:
            body = {"code": "idempotency_key_in_progress", "detail": "The first try is at work."}
            return await JSONResponse(body, 409)(scope, receive, send)
        if number in self.busy:
            return await JSONResponse({"code": "busy"}, 503)(scope, receive, send)
        return await self.app(scope, receive, send)


async def _nowhere(message: Any) -> None:
    return None


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The address of a running app on loopback; it stops with the block."""
    with closing(socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="error", ws="none", lifespan="off")
        server = uvicorn.Server(config)
        running = threading.Thread(target=server.run, args=([listening],))
        running.start()
        try:
            until = time.monotonic() + 20
            while not server.started and time.monotonic() < until:
                time.sleep(0.02)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            running.join(timeout=20)


def by_text(row: Row) -> Prediction:
    if "leak" not in str(row["text"]):
        return Prediction(None, None, "unsure")
    return Prediction("defective_on_arrival", 0.9, None)


@pytest.fixture
def house(house_with: MakeHouse) -> House:
    return house_with(reason=SmallModel("reason", by_text))


@pytest.fixture
def door(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fickle]:
    """The served house; the examples find it by their environment."""
    fickle = Fickle(house.app)
    with served(fickle) as url:
        monkeypatch.setenv("RETURNS_URL", url)
        monkeypatch.setenv("RETURNS_KEY", house.keys["service"])
        monkeypatch.syspath_prepend(str(ENGINES))
        yield fickle


@pytest.fixture
def dbos(door: Fickle, tmp_path: Path) -> Iterator[ModuleType]:
    """The example of DBOS, launched over a database of its own."""
    example = import_module("dbos_return")
    url = f"sqlite:///{tmp_path / 'engine.sqlite'}"
    example.DBOS(config={"name": "returns", "system_database_url": url, "log_level": "ERROR"})
    example.DBOS.launch()
    try:
        yield example
    finally:
        example.DBOS.destroy(destroy_registry=True)
        del sys.modules["dbos_return"]


def test_a_diagram_asks_a_person_only_where_the_model_abstains(door: Fickle) -> None:
    """SpiffWorkflow: sure words end the process; others wait for a person, whose word it takes."""
    spiff = import_module("spiff_reason")
    sure = spiff.start("It leaks")
    assert sure.is_completed() and sure.data["reason"] == "defective_on_arrival"
    unsure = spiff.start("Hm")
    assert [task.task_spec.name for task in spiff.waiting(unsure)] == ["name_reason"]
    spiff.name_reason(unsure, "expired")
    assert unsure.is_completed() and unsure.data["reason"] == "expired"
    assert door.asked == ["/v1/score/return-reason"] * 2


def test_an_engine_asks_for_a_return_once(house: House, door: Fickle, dbos: ModuleType) -> None:
    """DBOS: busy is tried again, a lost answer makes no second return, a finished workflow asks
    nothing, and a refusal is final."""
    door.busy, door.lost = {0, 2}, {3}
    body = request_body(None)
    body["lines"][0]["reason_text"] = "It leaks"
    said = dbos.run("order-77", body)
    assert house.case(said["return"])["id"] == said["return"] and not said["unsure"]
    assert door.asked == ["/v1/score/return-reason"] * 2 + ["/v1/returns"] * 3
    assert len(house.get("/v1/returns").json()["items"]) == 1
    assert dbos.run("order-77", body) == said and len(door.asked) == 5
    with pytest.raises(dbos.Problem) as refused:
        dbos.run("order-78", body | {"customer": "C-9999"})
    assert refused.value.code == "unknown_customer" and len(door.asked) == 7
