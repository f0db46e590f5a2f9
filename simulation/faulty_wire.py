"""A bad network before a system of ours or others: real sockets, faults by seed.

``faulty_wire(host, port, rates, seed)`` listens on loopback and passes every POST on, except what
its dice say. The same seed throws the same dice in the same order of requests.
"""

import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HEADERS = ("Authorization", "Content-Type", "Accept")
UPSTREAM_SECONDS = 120


class WireFault(StrEnum):
    """What may happen to one request and its answer."""

    DROP_BEFORE = "drop_before"
    """The request is lost and the connection with it."""
    DROP_AFTER = "drop_after"
    """It is done, and the answer is lost."""
    DELAY = "delay"
    """The answer comes late."""
    DUPLICATE = "duplicate"
    """The request arrives twice; the second answer is the one that comes."""
    BUSY = "busy"
    """503: refused by something before the system."""
    RESET = "reset"
    """It is done, and the connection is reset instead of an answer."""
    HALF = "half"
    """It is done, and half of the answer comes."""


@dataclass(slots=True)
class Wire:
    """A listening wire. ``met`` counts the faults thrown; ``rates`` may be changed at any time."""

    url: str
    rates: dict[WireFault, float]
    seed: int
    delay_seconds: float
    upstream: tuple[str, int]
    met: Counter[WireFault] = field(default_factory=Counter)
    _dice: random.Random = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def throw(self) -> WireFault | None:
        """The fault of the next request, if any."""
        with self._lock:
            thrown = self._dice.random()
            for fault, rate in self.rates.items():
                thrown -= rate
                if thrown < 0:
                    self.met[fault] += 1
                    return fault
        return None


@contextmanager
def faulty_wire(
    upstream: str, rates: Mapping[WireFault, float], seed: int, delay_seconds: float = 0.2
) -> Iterator[Wire]:
    """A wire to ``upstream`` (``http://host:port``), closed at the end."""
    host, _, port = upstream.removeprefix("http://").partition(":")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    wire = Wire(url, dict(rates), seed, delay_seconds, (host, int(port)))
    server.daemon_threads = True
    server.wire = wire  # type: ignore[attr-defined]
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    running.start()
    try:
        yield wire
    finally:
        server.shutdown()
        server.server_close()
        running.join()


class _Handler(BaseHTTPRequestHandler):
    """One request: read whole, passed on as the dice say, answered or not."""

    def do_POST(self) -> None:
        wire: Wire = self.server.wire  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.close_connection = True
        fault = wire.throw()
        match fault:
            case WireFault.DROP_BEFORE:
                return
            case WireFault.BUSY:
                self._answer(503, b"busy")
                return
            case WireFault.DUPLICATE:
                self._pass_on(wire, body)
        status, said = self._pass_on(wire, body)
        match fault:
            case WireFault.DROP_AFTER:
                return
            case WireFault.RESET:
                self._reset()
                return
            case WireFault.HALF:
                self._answer(status, said, len(said) // 2)
                return
            case WireFault.DELAY:
                time.sleep(wire.delay_seconds)
        self._answer(status, said)

    def _pass_on(self, wire: Wire, body: bytes) -> tuple[int, bytes]:
        upstream = http.client.HTTPConnection(*wire.upstream, timeout=UPSTREAM_SECONDS)
        try:
            kept = {name: self.headers[name] for name in HEADERS if name in self.headers}
            upstream.request("POST", self.path, body, kept)
            answer = upstream.getresponse()
            return answer.status, answer.read()
        finally:
            upstream.close()

    def _answer(self, status: int, said: bytes, sent: int | None = None) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said[:sent])
        except OSError:
            return  # the caller has gone

    def _reset(self) -> None:
        """Close with a reset: what a killed process or a firewall does."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
