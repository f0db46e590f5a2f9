"""The bad network does to a request what it says, and nothing else."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from simulation.faulty_wire import WireFault, faulty_wire

SAID = b'{"result": "a whole answer"}'


class _Counting(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.arrived += 1  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(SAID)))
        self.end_headers()
        self.wfile.write(SAID)

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def system() -> Iterator[Any]:
    """A system that counts what arrives."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Counting)
    server.arrived = 0  # type: ignore[attr-defined]
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    running.start()
    yield server
    server.shutdown()
    server.server_close()
    running.join()


def url(system: Any) -> str:
    return f"http://127.0.0.1:{system.server_address[1]}"


def test_no_fault_passes_all(system: Any) -> None:
    """Without a fault the answer is the system's."""
    with faulty_wire(url(system), {}, 1) as wire, httpx.Client(trust_env=False) as client:
        assert client.post(wire.url, content=b"x").content == SAID
    assert (system.arrived, wire.met.total()) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "arrived"),
    [
        (WireFault.DROP_BEFORE, 0),
        (WireFault.DROP_AFTER, 1),
        (WireFault.RESET, 1),
        (WireFault.HALF, 1),
    ],
)
def test_lost(system: Any, fault: WireFault, arrived: int) -> None:
    """A lost request does not arrive, a lost, reset or cut answer belongs to one that did."""
    with faulty_wire(url(system), {fault: 1.0}, 1) as wire, httpx.Client(trust_env=False) as client:
        with pytest.raises(httpx.TransportError):
            client.post(wire.url, content=b"x")
        assert wire.met == {fault: 1}
    assert system.arrived == arrived


@pytest.mark.parametrize(
    ("fault", "status", "arrived"),
    [(WireFault.BUSY, 503, 0), (WireFault.DUPLICATE, 200, 2), (WireFault.DELAY, 200, 1)],
)
def test_answered(system: Any, fault: WireFault, status: int, arrived: int) -> None:
    """Busy is answered before the system; a duplicate arrives twice; a delay arrives once."""
    rates = {fault: 1.0}
    with faulty_wire(url(system), rates, 1, 0.01) as wire, httpx.Client(trust_env=False) as client:
        assert client.post(wire.url, content=b"x").status_code == status
    assert system.arrived == arrived


def test_same_seed_same_faults(system: Any) -> None:
    """The same seed throws the same faults."""
    rates = dict.fromkeys(WireFault, 0.1)
    thrown = []
    for _ in range(2):
        with faulty_wire(url(system), rates, 7) as wire:
            thrown.append([wire.throw() for _ in range(40)])
    assert thrown[0] == thrown[1] and set(thrown[0]) > {None}
