"""The embedded server keeps to its folder: what it opens, who gets in, what survives."""

import importlib.util
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from journal import embedded
from journal.embedded import HURRY, EmbeddedError, enterable_folder
from journal.postgres_programs import PACKAGE, TREE, server_owner

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: start pytest as root")


@pytest.fixture
def folder() -> Iterator[Path]:
    made = enterable_folder()
    made.chmod(0o711)
    yield made / "pg"
    shutil.rmtree(made)


def modes(*paths: Path) -> dict[Path, tuple[int, int, int]]:
    found = {}
    for path in paths:
        seen = path.stat()
        found[path] = (stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid)
    return found


def outside(folder: Path) -> list[Path]:
    """Every folder that the package's own server would have opened."""
    programs = Path(sys.prefix).resolve()
    checkout = Path(embedded.__file__).resolve()
    return [*folder.parents, programs, *programs.parents, *checkout.parents]


@pytest.mark.slow
def test_life_of_a_server(folder: Path) -> None:
    """Started once, reused, stopped only by who started it; data survives a kill and a restart;
    and no permission outside its folder changes meanwhile."""
    before = modes(*outside(folder))
    first = embedded.start(folder)
    again = embedded.start(folder)
    assert (first.started, again.started, again.url) == (True, False, first.url)
    again.stop()
    assert embedded.running(folder) is not None
    with psycopg.connect(first.url, autocommit=True) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    _nobody_gets_in(folder, first.url)
    pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    healed = embedded.start(folder)
    assert healed.started
    with psycopg.connect(healed.url) as conn:
        assert conn.execute("SELECT answer FROM kept").fetchone() == (42,)
    healed.stop()
    assert embedded.running(folder) is None
    lines = (str(os.getpid()), str(folder / "data"), "1", "5432", "", "", "", "ready")
    # A crash left its lock files, and the number in them is by now another program's: ours.
    (folder / "data" / "postmaster.pid").write_text("\n".join(lines))
    (folder / "run" / ".s.PGSQL.5432.lock").write_text("\n".join(lines))
    last = embedded.start(folder)
    last.stop()
    assert modes(*outside(folder)) == before


def _nobody_gets_in(folder: Path, url: str) -> None:
    """The password is needed, its file is closed, the socket is its owner's, no port is open."""
    host = url.split("?", 1)[1]
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(f"postgresql://triage@/triage?{host}")
    assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "run").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "run" / ".s.PGSQL.5432").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
    with psycopg.connect(url) as conn:
        assert conn.execute("SHOW listen_addresses").fetchone() == ("",)
        assert conn.execute("SHOW password_encryption").fetchone() == ("scram-sha-256",)
        rules = conn.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
    assert rules == [("scram-sha-256",)]
    assert "trust" not in (folder / "data" / "pg_hba.conf").read_text().split("# TYPE")[-1]
    if os.geteuid() == 0:
        looking = subprocess.run(["ls", str(folder / "run")], user="nobody", capture_output=True)
        assert looking.returncode != 0


@pytest.mark.slow
def test_two_at_once_start_one(folder: Path) -> None:
    """Of two that start the server of a folder at the same time, one starts it."""
    with ThreadPoolExecutor(2) as pool:
        servers = list(pool.map(lambda _: embedded.start(folder, HURRY), range(2)))
    assert sorted(server.started for server in servers) == [False, True]
    for server in servers:
        server.stop()


@pytest.mark.slow
@AS_ROOT
def test_a_checkout_nobody_may_enter(folder: Path) -> None:
    """Started by root from programs and code in a folder of mode 0700, the server runs, as
    another user, from its own copy; the folder stays closed."""
    closed = Path(tempfile.mkdtemp(prefix="closed-"))
    site = _site()
    checkout = Path(embedded.__file__).resolve().parents[1]
    try:
        closed.chmod(0o700)
        for name in ("journal", "workflow"):
            shutil.copytree(checkout / name, closed / name)
        shutil.copytree(site / PACKAGE / TREE, closed / PACKAGE / TREE)
        (closed / PACKAGE / "__init__.py").touch()
        if (site / f"{PACKAGE}.libs").exists():
            shutil.copytree(site / f"{PACKAGE}.libs", closed / f"{PACKAGE}.libs")
        script = (
            "import json, sys; from pathlib import Path; from journal import embedded;"
            "s = embedded.start(Path(sys.argv[1])); p = Path(embedded.__file__);"
            "pid = int((s.folder / 'data/postmaster.pid').read_text().split()[0]);"
            "print(json.dumps([str(p), Path(f'/proc/{pid}').stat().st_uid])); s.stop()"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(folder)],
            cwd=closed,
            env={**os.environ, "PYTHONPATH": str(closed)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        loaded, uid = json.loads(done.stdout)
        assert loaded.startswith(str(closed))
        assert uid == server_owner().uid != 0
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(closed)


def _site() -> Path:
    """Where the package is installed; found, not imported (see ``postgres_programs``)."""
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None and spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations))).parent


@AS_ROOT
def test_data_where_the_server_may_not_go(folder: Path) -> None:
    """A data folder below a closed one is refused in words, and the closed one stays closed."""
    closed = folder.parent / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedError, match=f"may not enter {closed}.*TRIAGE_DATA_DIR"):
        embedded.start(closed / "pg", HURRY)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@AS_ROOT
def test_a_folder_of_somebody_else(folder: Path) -> None:
    """A folder that another user made is not moved into."""
    folder.mkdir()
    os.chown(folder, server_owner().uid, -1)
    with pytest.raises(EmbeddedError, match="belongs to user"):
        embedded.start(folder, HURRY)


def test_a_path_too_long_for_a_socket(folder: Path) -> None:
    """A folder whose socket could not be opened is refused before anything is made there."""
    with pytest.raises(EmbeddedError, match="too long for a socket"):
        embedded.start(folder / ("x" * 100), HURRY)


def test_data_lie_outside_the_checkout() -> None:
    """Unless told otherwise, nothing of the server is kept inside the checkout."""
    checkout = Path(embedded.__file__).resolve().parents[1]
    assert not embedded.data_folder().is_relative_to(checkout)
