"""A real NATS JetStream and a real RabbitMQ on loopback: once, whatever is delivered how often."""

import asyncio
import gc
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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from faststream.nats import NatsBroker
from nats.errors import Error as NatsError

from integrations.broker.messages import FACTS
from integrations.broker.wires import QUEUE, broker_of
from serving.broker import publish_feed, run, take
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


@dataclass
class Server:
    """A broker in a session of its own on loopback, that can be killed and started again."""

    url: str
    command: list[str]
    port: int
    log: Path
    env: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Started, and answering at its port."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command, stdout=out, stderr=out, start_new_session=True,
                env=os.environ | self.env,
            )  # fmt: skip
        until = time.monotonic() + 50
        while not _answers(self.port):
            said = self.log.read_text(errors="replace")[-2000:]
            assert self.process.poll() is None and time.monotonic() < until, said
            time.sleep(0.1)

    def end(self, how: int = signal.SIGTERM) -> None:
        """Ended with all it started."""
        assert self.process is not None
        for number in (how, signal.SIGKILL):
            os.killpg(self.process.pid, number)
            try:
                self.process.wait(20)
                return
            except subprocess.TimeoutExpired:
                pass


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.end()


def _answers(port: int) -> bool:
    with closing(socket.socket()) as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Server]:
    port = _port()
    command = [
        shutil.which("nats-server") or "nats-server", "-a", "127.0.0.1", "-p", str(port), "-js",
        "-sd", str(tmp_path / "nats"),
    ]  # fmt: skip
    with _running(
        Server(f"nats://127.0.0.1:{port}", command, port, tmp_path / "nats.log")
    ) as server:
        yield server


@pytest.fixture
def rabbit(tmp_path: Path) -> Iterator[Server]:
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
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": str(home / "data"),
        "ERL_CRASH_DUMP": str(home / "crash.dump"),  # else beside whoever runs the tests
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
        "RABBITMQ_CONF_ENV_FILE": str(home / "none"),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(_port()),
    }
    command = ["/usr/lib/rabbitmq/bin/rabbitmq-server"]
    url = f"amqp://guest:guest@127.0.0.1:{port}/"
    with _running(Server(url, command, port, tmp_path / "rabbit.log", env)) as server:
        yield server
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


async def _until(done: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
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


async def _publish(url: str, *bodies: bytes) -> None:
    """As another system does, once the queue is there."""
    broker, _ = broker_of(url, lambda body, headers: None)
    await broker.connect()
    try:
        if not isinstance(broker, NatsBroker):
            await broker.declare_queue(QUEUE)
            for body in bodies:
                await broker.publish(body, FACTS, persist=True)
            return
        for _ in range(100):
            try:
                for body in bodies:
                    await broker.publish(body, FACTS, stream="TRIAGE")
                return
            except NatsError:  # the program that makes the stream is still starting
                await asyncio.sleep(0.3)
        raise AssertionError("nobody made the stream")
    finally:
        await broker.stop()


@_missing("nats-server", "nats-server")
def test_a_program_killed_before_it_acknowledged_to_jetstream(
    empty_house: House, nats: Server, tmp_path: Path
) -> None:
    """SIGKILL after the commit: the message comes again to the next program, which knows it; the
    journal has it once."""
    _check_killed(empty_house, nats.url, tmp_path)


@_missing("rabbitmq-server", "rabbitmq-server")
def test_a_program_killed_before_it_acknowledged_to_rabbitmq(
    empty_house: House, rabbit: Server, tmp_path: Path
) -> None:
    """The same by AMQP 0-9-1."""
    _check_killed(empty_house, rabbit.url, tmp_path)


@_missing("nats-server", "nats-server")
def test_jetstream_delivers_again_and_the_fact_is_taken_once(
    empty_house: House, nats: Server
) -> None:
    """Out of order, twice, and once more after a death: each fact stands once."""
    _check(empty_house, nats.url)


@_missing("rabbitmq-server", "rabbitmq-server")
def test_rabbitmq_delivers_again_and_the_fact_is_taken_once(
    empty_house: House, rabbit: Server
) -> None:
    """The same by AMQP 0-9-1."""
    _check(empty_house, rabbit.url)


MANY = 60


def _check_broker_killed(house: House, server: Server) -> None:
    """Facts are under way and the feed has more to send, when the broker is killed."""
    house.services.settings.broker_url = server.url
    first = STORY.facts()[0]
    facts = [replace(first, customer_id=f"C-{n}") for n in range(MANY)]  # type: ignore[type-var]
    bodies = [orjson.dumps(cloud_event(fact, f"k-{n}")) for n, fact in enumerate(facts)]

    async def play() -> None:
        stop = asyncio.Event()
        program = asyncio.create_task(run(house.services, stop))
        await _publish(server.url, *bodies)
        await _until(lambda: house.rows("SELECT count(*) FROM customer") > [(0,)], 60)
        await asyncio.to_thread(server.end, signal.SIGKILL)
        assert house.tell(first).status_code == 200  # the feed meets a broker that is away
        await asyncio.sleep(2)
        await asyncio.to_thread(server.start)
        await _until(lambda: house.rows("SELECT count(*) FROM customer") == [(MANY + 1,)], 60)
        await _until(lambda: _published(house) == house.rows("SELECT max(position) FROM event"), 60)
        assert not program.done()
        stop.set()
        await asyncio.wait_for(program, 30)

    asyncio.run(play())
    count = "SELECT count(*) FROM event WHERE type = 'customer_registered'"
    assert house.rows(count) == [(MANY + 1,)]
    assert house.differences() == []


def _published(house: House) -> list[tuple[Any, ...]]:
    return house.rows("SELECT position FROM feed_position WHERE name = 'broker'")


@_missing("rabbitmq-server", "rabbitmq-server")
def test_rabbitmq_killed_in_between(empty_house: House, rabbit: Server) -> None:
    """SIGKILL of the broker while facts are under way, and its start again: the same program goes
    on by itself, every fact is taken once, and the feed is sent to its end."""
    _check_broker_killed(empty_house, rabbit)


@_missing("nats-server", "nats-server")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_jetstream_killed_in_between(empty_house: House, nats: Server) -> None:
    """The same by JetStream."""
    _check_broker_killed(empty_house, nats)
    gc.collect()  # the client leaves the socket of a lost connection to the collector
