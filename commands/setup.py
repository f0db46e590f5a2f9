"""What most commands need first: settings, a migrated database, wired services, output."""

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from journal.database import Database
    from serving.settings import Settings
    from serving.wiring import Services

# Nothing is fetched from a model hub at run time; said before any library could look.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters but for the line feed and the tab."""


def settings() -> "Settings":
    from serving.settings import Settings

    return Settings()


@contextmanager
def database(*, migrated: bool = True) -> Iterator["Database"]:
    """The database in use, brought up to date; an embedded server stops with its last user."""
    from journal.database import migrate, open_database
    from journal.embedded import EmbeddedError

    try:
        found = open_database(settings().database_url)
    except EmbeddedError as error:
        fail(str(error))
    try:
        if migrated:
            migrate(found.url)
        yield found
    finally:
        found.stop()


@contextmanager
def services(*, models: bool = False, quiet: bool = False) -> Iterator["Services"]:
    """Everything wired for this process; ``models`` puts the promoted ones on the shelf, ``quiet``
    keeps the log to itself, where a command says all of it."""
    from serving.logs import configure
    from serving.wiring import wire

    configure(quiet)

    with database() as found:
        wired = wire(settings(), found.url)
        bring_up_to_date(wired)
        if models:
            wired.shelf.refresh()
        try:
            yield wired
        finally:
            wired.engine.dispose()


def bring_up_to_date(wired: "Services") -> None:
    """What an older program left is made fit for this one: feature memories, and the texts of the
    policies that ship now are kept."""
    from journal.rebuild import ensure_memories

    for fold in ensure_memories(wired.engine, wired.journal.folds):
        typer.echo(f"  Feature memories of {fold} were made anew from the journal.", err=True)
    wired.policies.keep(wired.clock())


def fail(message: str) -> NoReturn:
    """Say what is wrong on stderr and exit with 1."""
    typer.echo(printable(message), err=True)
    raise typer.Exit(1)


def show(document: object, as_json: bool, text: str) -> None:
    """One JSON document for machines, or a sentence for people."""
    typer.echo(json.dumps(document, default=str, indent=2) if as_json else printable(text))


def printable(text: str) -> str:
    """The same, with what a terminal would obey shown as it is written in JSON: texts of others
    reach these lines, and an escape among them could clear or colour them."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def progress(label: str) -> "Progress":
    return Progress(label)


class Progress:
    """A bar on a terminal, a plain line every tenth elsewhere: ``progress(done, total, text)``."""

    def __init__(self, label: str) -> None:
        self._label, self._told = label, -1
        self._bar: Any = None
        if sys.stderr.isatty():
            from rich.progress import Progress as Bar

            self._bar = Bar(transient=True)
            self._bar.start()
            self._task = self._bar.add_task(label, total=None)

    def __call__(self, done: int, total: int, text: str = "") -> None:
        if self._bar is not None:
            said = f"{self._label} {text}".strip()
            self._bar.update(self._task, completed=done, total=total, description=said)
            return
        tenth = 10 * done // max(total, 1)
        if tenth != self._told:
            self._told = tenth
            typer.echo(f"  {self._label}: {10 * tenth} % {text}", err=True)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, never readable by others in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
