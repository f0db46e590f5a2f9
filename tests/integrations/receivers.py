"""Receivers of webhooks on loopback."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer


@dataclass(frozen=True)
class Heard:
    """A request as it came in."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@contextmanager
def receiver(status: int, body: bytes, **headers: str) -> Iterator[tuple[str, list[Heard]]]:
    """A server that answers every POST alike; its URL, and what it heard."""
    heard: list[Heard] = []

    def answer(request: Heard) -> tuple[int, bytes, Mapping[str, str]]:
        heard.append(request)
        return status, body, headers

    with answering(answer) as url:
        yield url, heard


@contextmanager
def answering(
    answer: Callable[[Heard], tuple[int, bytes, Mapping[str, str]]],
) -> Iterator[str]:
    """A server whose answers a function gives; its URL."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            status, body, headers = answer(Heard(self.path, dict(self.headers), sent))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        running = threading.Thread(target=server.serve_forever, args=(0.01,))
        running.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/in?x=1"
        finally:
            server.shutdown()
            running.join()
