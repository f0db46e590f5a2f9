"""Builds, keeps and runs the real ERP: an environment, a prepared database, a server.

Building takes one to two minutes and is kept under a key of everything it is made from and the
month: the fiscal year is made around the day of building, so an old one stops posting. Runs from
a checkout only; the wheel leaves the building script out.
"""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK, SCRIPT, WORLD = HERE / "requirements.lock", HERE / "build_tryton.py", HERE / "world.toml"
START_SECONDS = 90
STOP_SECONDS = 15
BUILD_SECONDS = 900
THREADS = 16
"""Requests that a server on PostgreSQL answers at a time. On SQLite it is one: nothing is locked
there, and two credit notes posted at once were seen to get the same number."""

NEVER_SECONDS = 10**9
"""A server on SQLite asks about other processes on the connection of all its transactions, and
leaves that in autocommit: the next transaction is none, and what it should roll back stays. So it
is not asked; there is no other process."""


class LabError(Exception):
    """The ERP cannot be built or started; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database that is ready to be copied and served, and the ERP's programs."""

    folder: Path
    environment: Path

    @property
    def file(self) -> Path:
        return self.folder / "lab.sqlite"

    def users(self) -> dict[str, tuple[str, str]]:
        """Role (``service``, ``approver``) -> (login, password)."""
        told = json.loads((self.folder / "lab.json").read_text())
        return {role: (login, told["passwords"][role]) for role, login in told["users"].items()}


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers at ``url`` for ``database``."""

    url: str
    database: str
    users: Mapping[str, tuple[str, str]]
    process: "subprocess.Popen[bytes]"


def home() -> Path:
    """Where environments and prepared databases are kept."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return Path(cache, "returns-triage", "erp") if cache else Path.cwd() / ".triage" / "erp"


def key(on: datetime | None = None) -> str:
    """The name of what would be built today."""
    digest = hashlib.sha256()
    for part in (LOCK, SCRIPT, WORLD):
        digest.update(part.read_bytes())
    return f"{(on or datetime.now(UTC)):%Y-%m}-{digest.hexdigest()[:12]}"


def find() -> Prepared | None:
    """What was built from the present files this month, if it was."""
    if not SCRIPT.is_file():
        return None
    found = Prepared(home() / key(), environment())
    return found if found.file.is_file() and is_installed() else None


def build() -> Prepared:
    """What ``find`` finds, built first where there is none. Raises ``LabError``."""
    found = find()
    if found is not None:
        return found
    install()
    target = home() / key()
    making = Path(tempfile.mkdtemp(prefix="making-", dir=home()))
    try:
        (making / "lab.sqlite").touch()
        prepare(
            making, {"TRYTOND_DATABASE__URI": "sqlite://", "TRYTOND_DATABASE__PATH": str(making)}
        )
        _fold_in_the_log(making / "lab.sqlite")
        if not target.exists():
            making.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return Prepared(target, environment())


@contextmanager
def serving(
    prepared: Prepared, port: int = 0, clean_seconds: int = NEVER_SECONDS
) -> Iterator[Running]:
    """A server on a copy of the prepared database, stopped at the end. ``clean_seconds``: how often
    it asks whether another process made its caches stale."""
    with tempfile.TemporaryDirectory(prefix="erp-") as folder:
        # A file of its own: a log left beside another copy would win over what is copied.
        shutil.copyfile(prepared.file, Path(folder, "lab.sqlite"))
        database = {
            "TRYTOND_DATABASE__URI": "sqlite://",
            "TRYTOND_DATABASE__PATH": folder,
            "TRYTOND_CACHE__CLEAN_TIMEOUT": str(clean_seconds),
        }
        with served(prepared, Path(folder), database, port, threads=1) as running:
            yield running


@contextmanager
def served(
    prepared: Prepared,
    folder: Path,
    database: Mapping[str, str],
    port: int = 0,
    threads: int = THREADS,
    name: str = "lab",
) -> Iterator[Running]:
    """A server for the database ``name`` where ``database`` says; its log is in ``folder``."""
    port = port or _free_port()
    command = [
        str(prepared.environment / "bin" / "waitress-serve"), f"--listen=127.0.0.1:{port}",
        f"--threads={threads}", "trytond.application:app",
    ]  # fmt: skip
    told = _quiet_environment() | dict(database) | {"TRYTOND_DATABASE_NAMES": name}
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=told, stdout=out, stderr=out, cwd=folder)
    try:
        _wait(process, port, log)
        yield Running(f"http://127.0.0.1:{port}", name, prepared.users(), process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


def environment() -> Path:
    """Where the ERP's own programs are, or would be."""
    return home() / f"environment-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"


def is_installed() -> bool:
    """Whether the ERP's programs are there, all of them."""
    return (environment() / ".ready").is_file()


def install() -> None:
    """The ERP's programs, where they are not there yet. Raises ``LabError``."""
    if is_installed():
        return
    if not SCRIPT.is_file():
        raise LabError(
            "The ERP is built from a checkout; an installed wheel leaves its script out."
        )
    target = environment()
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(target)], dict(os.environ))
    pip = [str(target / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    _run([*pip, "install", "--quiet", "-r", str(LOCK)], dict(os.environ))
    (target / ".ready").touch()


def prepare(folder: Path, database: Mapping[str, str]) -> None:
    """Build into the empty database ``lab`` where ``database`` says; its users into ``folder``."""
    python = str(environment() / "bin" / "python")
    out = folder / "lab.json"
    out.touch(mode=0o600)
    try:
        command = [python, str(SCRIPT), "lab", str(WORLD), str(out)]
        _run(command, _quiet_environment() | dict(database))
    except LabError:
        out.unlink()
        raise


def _quiet_environment() -> dict[str, str]:
    """Ours without any setting of another ERP; effects follow within the call, without a queue."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TRYTOND_")}
    return kept | {
        "TRYTOND_DATABASE__LIST": "False",
        "TRYTOND_QUEUE__WORKER": "False",
        "TRYTOND_SESSION__MAX_ATTEMPT": "1000",
        "TRYTOND_SESSION__MAX_ATTEMPT_IP_NETWORK": "100000",
    }


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
    )
    if done.returncode:
        words = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
        raise LabError(f"{' '.join(command[:4])} failed:\n{words}")


def _fold_in_the_log(file: Path) -> None:
    """One file that can be copied: what SQLite wrote beside it is taken in."""
    import sqlite3

    connection = sqlite3.connect(file)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise LabError(f"The ERP did not start:\n{log.read_text(errors='replace')[-2000:]}")
