"""The same ERP on PostgreSQL, where it locks and runs as in production: built once, then restored.

Kept as a dump beside the file of SQLite, because a dump fits any server. Building takes two to
three minutes, restoring three seconds.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from journal import embedded
from journal.postgres_programs import client_programs
from simulation.erp_lab import lab
from simulation.erp_lab.lab import LabError, Prepared, Running

DUMP_SECONDS = 120


def find() -> Prepared | None:
    """What was built from the present files this month, if it was."""
    if not lab.SCRIPT.is_file():
        return None
    found = Prepared(_folder(), lab.environment())
    return found if _dump(found).is_file() and lab.is_installed() else None


def build() -> Prepared:
    """What ``find`` finds, built first where there is none. Raises ``LabError``."""
    found = find()
    if found is not None:
        return found
    lab.install()
    making = Path(tempfile.mkdtemp(prefix="making-", dir=lab.home()))
    try:
        with embedded.temporary(in_memory=True) as server:
            _create(server, "lab")
            lab.prepare(making, {"TRYTOND_DATABASE__URI": _of(server, "")})
            _run("pg_dump", "--format=custom", f"--file={making / 'lab.dump'}", _of(server, "lab"))
        if not _folder().exists():
            making.rename(_folder())
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return Prepared(_folder(), lab.environment())


@contextmanager
def serving(prepared: Prepared, server: str, port: int = 0) -> Iterator[Running]:
    """The ERP on a database of its own at a server of PostgreSQL (a URL of it), dropped at the
    end."""
    name = f"erp_{uuid4().hex}"
    _create(server, name)
    try:
        _run("pg_restore", "--no-owner", f"--dbname={_of(server, name)}", str(_dump(prepared)))
        database = {"TRYTOND_DATABASE__URI": _of(server, "")}
        with (
            tempfile.TemporaryDirectory(prefix="erp-") as folder,
            lab.served(prepared, Path(folder), database, port, name=name) as running,
        ):
            yield running
    finally:
        with psycopg.connect(_of(server, "postgres"), autocommit=True) as conn:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            conn.execute(drop.format(sql.Identifier(name)))


def _folder() -> Path:
    return lab.home() / f"{lab.key()}-postgresql"


def _dump(prepared: Prepared) -> Path:
    return prepared.folder / "lab.dump"


def _create(server: str, name: str) -> None:
    with psycopg.connect(_of(server, "postgres"), autocommit=True) as conn:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
        conn.execute(create.format(sql.Identifier(name)))


def _of(server: str, database: str) -> str:
    """A URL of a database of the server; of none where the name is empty, as the ERP wants it."""
    url = make_url(server).set(drivername="postgresql", database=database)
    return url.render_as_string(hide_password=False)


def _run(program: str, *words: str) -> None:
    done = subprocess.run(
        [str(client_programs() / program), *words],
        capture_output=True, text=True, timeout=DUMP_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        raise LabError(f"{program} failed:\n{done.stderr[-2000:]}")
