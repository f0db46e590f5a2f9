"""API servers and workers as real processes on one database, and a client that outlives them."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@dataclass
class Machine:
    """One ``triage`` process that can be killed and started again."""

    arguments: list[str]
    environment: dict[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "commands.main", *self.arguments],
                cwd=ROOT, env=os.environ | self.environment, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        """As a power cut would: no handler runs, nothing is flushed."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: int) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)


@dataclass
class Balanced:
    """Sends each request to the next server; one that is away or busy is asked again.

    Safe because every changing request carries its Idempotency-Key.
    """

    bases: list[str]
    _turns: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._client = httpx.Client(timeout=15)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            base = self.bases[next(self._turns) % len(self.bases)]
            try:
                answer = self._client.request(method, base + path, **more)
                if answer.status_code < 500 and "in_progress" not in answer.text[:300]:
                    return answer
            except httpx.TransportError:
                answer = None
            if time.monotonic() > end:
                raise AssertionError(f"{method} {path}: {answer.text if answer else 'no answer'}")
            time.sleep(0.1)

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)


@dataclass
class Fleet:
    machines: list[Machine]
    client: Balanced

    def logs(self) -> str:
        return "\n".join(f"{m.log.name}: {m.log.read_text()[-3000:]}" for m in self.machines)


@contextmanager
def fleet(url: str, folder: Path, servers: int = 2, workers: int = 2) -> Iterator[Fleet]:
    """Servers and workers, started and answering; stopped at the end."""
    environment = {
        "TRIAGE_DATABASE_URL": url,
        "TRIAGE_STATE_DIR": str(folder),
        "TRIAGE_POOL_SIZE": "3",
        "TRIAGE_WORKER_CONCURRENCY": "2",
    }
    ports = [free_port() for _ in range(servers)]
    wanted = [["serve", "--port", str(port)] for port in ports] + [["worker"]] * workers
    machines = [
        Machine(arguments, environment, folder / f"{number}-{arguments[0]}.log")
        for number, arguments in enumerate(wanted)
    ]
    bases = [f"http://127.0.0.1:{port}" for port in ports]
    try:
        for machine in machines:
            machine.start()
        for base in bases:
            with closing(Balanced([base])) as one:
                one.get("/readyz")
        with closing(Balanced(bases)) as client:
            yield Fleet(machines, client)
    finally:
        for machine in machines:
            machine.stop()


@contextmanager
def power_cuts(machines: list[Machine], pauses: Iterator[float], victims: Any) -> Iterator[None]:
    """Kill -9 one machine after another at the pauses given, each started again at once."""
    over = threading.Event()

    def cut() -> None:
        while not over.wait(next(pauses)):
            victim = victims(machines)
            victim.kill()
            victim.start()

    cutting = threading.Thread(target=cut)
    cutting.start()
    try:
        yield
    finally:
        over.set()
        cutting.join()
