"""A real NATS JetStream and a real RabbitMQ on loopback: once, whatever is delivered how often."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from faststream.nats import NatsBroker
from nats.errors import Error as NatsError

from integrations.broker.messages import FACTS
from integrations.broker.wires import QUEUE, broker_of
from serving.broker import publish_feed, take
from serving.errors import Unavailable
from tests.serving.conftest import empty_house
from tests.serving.house import STORY, House, cloud_event

__all__ = ["empty_house"]
pytestmark = pytest.mark.slow


def _missing(program: str, package: str) -> pytest.MarkDecorator:
    absent = shutil.which(program) is None and os.environ.get("CI") != "true"
    return pytest.mark.skipif(absent, reason=f"no {program} here: apt-get install {package}")


def _port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        number: int = listening.getsockname()[1]
        return number


@contextmanager
def _running(
    command: list[str], port: int, log: Path, env: dict[str, str] | None = None
) -> Iterator[None]:
    """A server in a session of its own, answering at its port; ended with all it started."""
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, stdout=out, stderr=out, start_new_session=True, env=os.environ | (env or {})
        )
    try:
        until = time.monotonic() + 50
        while not _answers(port):
            assert server.poll() is None, log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < until, log.read_text(errors="replace")[-2000:]
            time.sleep(0.1)
        yield
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(10)


def _answers(port: int) -> bool:
    with closing(socket.socket()) as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[str]:
    port = _port()
    command = [
        shutil.which("nats-server") or "nats-server", "-a", "127.0.0.1", "-p", str(port), "-js",
        "-sd", str(tmp_path / "nats"),
    ]  # fmt: skip
    with _running(command, port, tmp_path / "nats.log"):
        yield f"nats://127.0.0.1:{port}"


@pytest.fixture
def rabbit(tmp_path: Path) -> Iterator[str]:
    port, other = _port(), _port()
    home = tmp_path / "rabbit"
    home.mkdir()
    plugins = home / "enabled_plugins"
    plugins.write_text("[].\n")
    env = {
        "HOME": str(home),
        "RABBITMQ_NODENAME": f"triage-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(other),
        "RABBITMQ_MNESIA_BASE": str(home / "data"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
        "RABBITMQ_CONF_ENV_FILE": str(home / "none"),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(_port()),
    }
    command = ["/usr/lib/rabbitmq/bin/rabbitmq-server"]
    with _running(command, port, tmp_path / "rabbit.log", env):
        yield f"amqp://guest:guest@127.0.0.1:{port}/"
    # Erlang's own name server, at a port of this test, outlives the node that started it.
    subprocess.run(["epmd", "-kill"], env=os.environ | env, check=False, capture_output=True)


async def _play(house: House, url: str) -> list[str]:
    """Facts in the wrong order through the broker; the first message dies after its commit."""
    seen: list[str] = []

    def dies_once(body: bytes, headers: Any) -> None:
        items = take(house.services, body, headers)
        seen.extend(str(item["status"]) for item in items)
        if len(seen) == 1:
            raise Unavailable("The program ended between commit and acknowledgement.")

    broker, publish = broker_of(url, dies_once, pause=0.1)
    bodies = [orjson.dumps(cloud_event(fact, f"r-{n}")) for n, fact in enumerate(STORY.facts())]
    await broker.start()
    try:
        for body in [*reversed(bodies), bodies[0]]:
            if isinstance(broker, NatsBroker):
                await broker.publish(body, FACTS, stream="TRIAGE")
            else:
                await broker.publish(body, FACTS)
        await _until(lambda: len(seen) >= len(bodies) + 2)
        sent = await publish_feed(house.services, publish)
        assert sent > len(bodies)
    finally:
        await broker.stop()
    return seen


async def _until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not done() and time.monotonic() < until:
        await asyncio.sleep(0.05)
    assert done()


def _check(house: House, url: str) -> None:
    seen = asyncio.run(_play(house, url))
    facts = len(STORY.facts())
    assert seen.count("repeated") + seen.count("parked") >= 2
    assert house.rows("SELECT count(*) FROM invoice") == [(1,)]
    assert house.rows("SELECT count(*) FROM parked_fact WHERE status = 'waiting'") == [(0,)]
    assert len(seen) == facts + 2
    assert house.differences() == []


def _check_killed(house: House, url: str, folder: Path) -> None:
    fact = STORY.facts()[0]
    body = orjson.dumps(cloud_event(fact, "killed-1"))
    with _child(house, url, folder, "hang") as first:
        asyncio.run(_publish(url, body))
        assert _line(first) == "recorded"  # committed, and never acknowledged
        os.kill(first.pid, signal.SIGKILL)
        assert first.wait(10) == -signal.SIGKILL
    count = "SELECT count(*) FROM event WHERE stream NOT LIKE 'policy%'"
    events = house.rows(count)
    with _child(house, url, folder) as second:
        assert _line(second) == "repeated"
    assert house.rows(count) == events
    assert house.differences() == []


@contextmanager
def _child(house: House, url: str, folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.contracts.broker_child", url]
    command += [house.services.database_url, str(folder), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    killer = threading.Timer(60, child.kill)
    killer.start()
    try:
        said = next((line for line in child.stdout if line.startswith("took: ")), "nothing")
    finally:
        killer.cancel()
    return said.removeprefix("took: ").strip()


async def _publish(url: str, body: bytes) -> None:
    """As another system does, once the queue is there."""
    broker, _ = broker_of(url, lambda body, headers: None)
    await broker.connect()
    try:
        if not isinstance(broker, NatsBroker):
            await broker.declare_queue(QUEUE)
            await broker.publish(body, FACTS, persist=True)
            return
        for _ in range(100):
            try:
                await broker.publish(body, FACTS, stream="TRIAGE")
                return
            except NatsError:  # the program that makes the stream is still starting
                await asyncio.sleep(0.3)
        raise AssertionError("nobody made the stream")
    finally:
        await broker.stop()


@_missing("nats-server", "nats-server")
def test_a_program_killed_before_it_acknowledged_to_jetstream(
    empty_house: House, nats: str, tmp_path: Path
) -> None:
    """SIGKILL after the commit: the message comes again to the next program, which knows it; the
    journal has it once."""
    _check_killed(empty_house, nats, tmp_path)


@_missing("rabbitmq-server", "rabbitmq-server")
def test_a_program_killed_before_it_acknowledged_to_rabbitmq(
    empty_house: House, rabbit: str, tmp_path: Path
) -> None:
    """The same by AMQP 0-9-1."""
    _check_killed(empty_house, rabbit, tmp_path)


@_missing("nats-server", "nats-server")
def test_jetstream_delivers_again_and_the_fact_is_taken_once(empty_house: House, nats: str) -> None:
    """Out of order, twice, and once more after a death: each fact stands once."""
    _check(empty_house, nats)


@_missing("rabbitmq-server", "rabbitmq-server")
def test_rabbitmq_delivers_again_and_the_fact_is_taken_once(
    empty_house: House, rabbit: str
) -> None:
    """The same by AMQP 0-9-1."""
    _check(empty_house, rabbit)
