"""``triage demo``: from nothing to a working desk, with a history, four models and people."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from sqlalchemy import Engine, text

from commands.setup import bring_up_to_date, database, fail, progress, settings, write_private

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from serving.wiring import Services
    from simulation.world import World

app = typer.Typer()
SEED = 8123
DAYS = 180
MODEL_DAYS = 21
"""How long before today the models were promoted: what came later was assessed by them."""
PEOPLE = {
    "customer_service": "asha",
    "warehouse": "femi",
    "inspector": "jonas",
    "quality": "nadia",
    "returns_manager": "quentin",
    "finance_clerk": "tessa",
    "finance_lead": "xenia",
    "procurement": "abel",
    "data_scientist": "dana",
    "model_approver": "milo",
    "policy_author": "paula",
    "auditor": "otto",
    "admin": "ada",
}
"""One demo user a role, with an API key; the service account is ``connector``."""
SECOND = {
    "carla": "customer_service",
    "nils": "quality",
    "quinn": "returns_manager",
    "tom": "finance_clerk",
    "xavier": "finance_lead",
    "pavel": "policy_author",
}
"""Who can be the other one where two people must agree, or one judges blind after another."""
MARK = "import/demo-history"


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port of the desk and the API.")] = 8000,
    scale: Annotated[float, typer.Option(help="Size of the simulated distributor.")] = 0.5,
    erp: Annotated[
        Literal["reference", "tryton"],
        typer.Option(help="tryton: R-1001 alone, posted in a real ERP; begins new each time."),
    ] = "reference",
) -> None:
    """Set up, simulate, train, and serve; a second run keeps the data and starts in seconds."""
    started = time.monotonic()
    for stop in (signal.SIGTERM, signal.SIGINT):  # a shell's background jobs ignore the second
        signal.signal(stop, _interrupt)
    _check_port(port)
    if erp == "tryton":
        from commands.real_erp_demo import run

        run(port)
        return
    typer.echo("Starting the database ...")
    with database() as found:
        from serving.wiring import wire

        wired = wire(settings(), found.url)
        bring_up_to_date(wired)
        add_people(wired)
        if not _complete(wired):
            wired = _history(wired, found.url, embedded=found.server is not None, scale=scale)
        _say_what_is_gone(wired)
        wired.engine.dispose()
        serve_until_stopped(found.url, port, started)


def _say_what_is_gone(wired: "Services") -> None:
    """The data of a demo may outlive the folder of its models."""
    from serving.logs import configure

    configure(quiet=True)  # said here
    wired.shelf.refresh()
    if wired.shelf.faults:
        from journal.embedded import data_folder

        names = ", ".join(sorted(wired.shelf.faults))
        typer.echo(
            f"  Gone from {wired.settings.bundle_store}: {names}. People decide instead. To begin"
            f" anew, stop this and remove {data_folder()}."
        )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _check_port(port: int) -> None:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            fail(f"Port {port} is in use. Choose another: make demo PORT={port + 1}")


def add_people(wired: "Services") -> None:
    """Accounts, and API keys in a file that only its owner reads: one a role under the role's name,
    and those of ``SECOND`` under their own."""
    from journal import accounts
    from serving.pages.desk import DEMO_PASSWORD

    path = wired.settings.state_dir / "demo-keys.json"
    known = _keys_of(path)
    now = wired.clock()
    first = [(user, role, role) for role, user in {**PEOPLE, "service": "connector"}.items()]
    with wired.engine.begin() as conn:
        have = {account.account_id for account in accounts.all_accounts(conn)}
        for user, role, name in (*first, *((user, role, user) for user, role in SECOND.items())):
            kind = "service" if role == "service" else "person"
            if user not in have:
                password = DEMO_PASSWORD if kind == "person" else None
                accounts.save_account(
                    conn, user, user.capitalize(), [role], now, password=password, kind=kind
                )
            key = known.get(name)
            if key is None or accounts.account_of_key(conn, key) is None:
                accounts.revoke_api_keys(conn, user, "demo", now)
                known[name] = accounts.create_api_key(conn, user, "demo", now)
    write_private(path, json.dumps(known, indent=2) + "\n")


def _keys_of(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _complete(wired: "Services") -> bool:
    with wired.engine.connect() as conn:
        return bool(wired.journal.known_streams(conn, [MARK]))


def _history(wired: "Services", url: str, *, embedded: bool, scale: float) -> "Services":
    """Play the history, training on the way; a half-made one of an earlier run starts anew."""
    from serving.wiring import wire

    with wired.engine.connect() as conn:
        begun = wired.journal.settled(conn) > 0
    if begun and not embedded:
        fail("TRIAGE_DATABASE_URL holds data of another use: give the demo an empty database.")
    if begun:
        typer.echo("An earlier demo stopped half-way: starting its history again ...")
        _wipe(wired.engine)
        wired.engine.dispose()
        from journal.database import migrate

        migrate(url)
        wired = wire(settings(), url)
        add_people(wired)
    _play(wired, scale)
    return wired


def _wipe(engine: Engine) -> None:
    """Empty the embedded database of a demo; never done to a database somebody named."""
    with engine.begin() as conn:
        conn.execute(text("DROP SCHEMA IF EXISTS erp CASCADE"))
        conn.execute(text("DROP SCHEMA public CASCADE"))
        conn.execute(text("CREATE SCHEMA public"))


def _play(wired: "Services", scale: float) -> None:
    from journal.entries import Append
    from serving.facts_in import stream_of
    from simulation.play import play
    from simulation.story import Story
    from simulation.wired import WiredDesk
    from simulation.world import World
    from workflow.actor import SYSTEM
    from workflow.facts import FileImported

    today = datetime.now(UTC).date()
    world = World(SEED, DAYS, scale, start=today - timedelta(days=DAYS))
    training_day = today - timedelta(days=MODEL_DAYS)
    typer.echo(f"Simulating {DAYS} days of a distributor (about a minute) ...")
    with progress("simulate") as told, _exporting() as encoder:

        def on_day(on: date) -> None:
            if on == training_day:
                encoder.wait()
                _train(wired)

        desk = WiredDesk(wired, on_day)
        report = play(world, desk, progress=told)
        if not wired.shelf.get("disposition").digest:
            _train(wired)
    now = wired.clock()
    story = Story(now - timedelta(minutes=1))
    with wired.engine.begin() as conn:
        facts = [Append(stream_of(fact), (fact,), SYSTEM, now) for fact in story.facts()]
        counts = (("returns", report.requested), ("facts", report.facts))
        done = FileImported("simulation", "demo-history", "simulation", report.days, counts)
        wired.journal.append(conn, [*facts, Append(MARK, (done,), SYSTEM, now)])
    _masters(wired, world)
    typer.echo(f"  {report.requested} returns, {report.open_tasks} tasks wait in the queue.")


def _masters(wired: "Services", world: "World") -> None:
    """Records that are not as they must be, told after the history, and the first check of all."""
    from collections import Counter

    from journal.entries import Append
    from serving.facts_in import stream_of
    from serving.masters import check, check_duplicates
    from simulation.master_faults import broken_masters
    from simulation.streams import Streams
    from workflow.actor import SYSTEM

    with wired.engine.begin() as conn:
        waiting = Counter(_items_under_way(conn))
        products = sorted(world.masters.products, key=lambda p: -waiting[p.fact.sku])
        customers = [customer.fact for customer in world.masters.customers]
        broken = broken_masters(Streams(SEED), customers, [p.fact for p in products])
        now = wired.clock()
        told = [Append(stream_of(fact), (fact,), SYSTEM, now) for fact in broken.facts]
        wired.journal.append(conn, told)
    opened = len(check(wired).opened) + len(check_duplicates(wired)[0].opened)
    typer.echo(f"  {opened} findings about masters.")


def _items_under_way(conn: "Connection") -> list[str]:
    """The items of returns that are not closed, one for each line: gaps are shown where they
    matter."""
    query = (
        "SELECT line.sku FROM case_line AS line JOIN return_case AS found USING (return_id)"
        " WHERE found.situation IN ('under_review', 'authorised')"
    )
    return list(conn.execute(text(query)).scalars())


@contextmanager
def _exporting() -> Iterator["subprocess.Popen[bytes]"]:
    """Exports the encoder beside the simulation, which leaves a core half idle. Should it fail,
    training exports it itself and says why not."""
    command = ["nice", sys.executable, "-m", "training.encoder"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as running:
        try:
            yield running
        finally:
            running.terminate()


FIRST = "The demo's first version: nothing answers yet, and no lane opens on its confidence alone."
"""Why a first version may pass a gate that a reason excuses; it stands in the ledger."""


def _train(wired: "Services") -> None:
    """Train the four models, promote them by the recorded bootstrap actor, and use them."""
    from models.store import Store
    from serving.promoting import approve
    from training.gates import failed
    from training.journal_source import facts_of
    from training.promotion import (
        BOOTSTRAP,
        TRAINER,
        Proposal,
        project_aliases,
        propose,
        tried,
    )
    from training.registry import DRAWER, Registry
    from training.rows import gather
    from training.train import Trained, train_all
    from workflow.promoting import CHAMPION
    from workflow.refused import Refused

    typer.echo("Training four models (about a minute) ...")
    registry, chosen = Registry(DRAWER), wired.settings
    store = Store(chosen.bundle_store, chosen.state_dir / "shelf")
    with wired.engine.connect() as conn:
        rows = gather(facts_of(wired.journal, conn))
    made = train_all(rows, seed=SEED, say=_indented)
    now = wired.clock()

    def promote(conn: "Connection", name: str, version: str) -> None:
        gates = tried(wired.journal, conn, name, version, rows, registry=registry, store=store)
        despite = FIRST if failed(gates, CHAMPION) else ""
        asked = Proposal(name, version, gates, despite=despite)
        proposal = propose(wired.journal, conn, asked, TRAINER, now, registry=registry, store=store)
        approve(wired, conn, proposal, BOOTSTRAP, bootstrap=True)

    for trained in made.values():
        if not isinstance(trained, Trained):
            continue  # too little to learn from, which train_all has said: people decide
        try:
            with wired.engine.begin() as conn:
                promote(conn, trained.name, trained.version)
        except Refused as no:
            _indented(f"{no.message} People decide.")
    with wired.engine.connect() as conn:
        project_aliases(wired.journal, conn, registry)
    wired.shelf.refresh()
    for cleared in wired.clear_automation():
        _indented(f"{cleared.point}: {cleared.because}")


def _indented(line: str) -> None:
    typer.echo(f"  {line}")


def serve_until_stopped(
    url: str,
    port: int,
    started: float,
    when_ready: Callable[[], None] = lambda: None,
    afterwards: str = "the data stays",
) -> None:
    """Run API and worker as processes of their own until one ends or Ctrl-C is pressed."""
    import os

    env = os.environ | {"TRIAGE_DATABASE_URL": url, "TRIAGE_SHOW_SIGN_INS": "1"}
    triage = [sys.executable, "-m", "commands.main"]
    # The demo serves this machine alone, so receivers on it may be tried.
    env.setdefault("TRIAGE_WEBHOOK_NETWORKS", "127.0.0.0/8, ::1/128")
    # Their own sessions: Ctrl-C reaches this process only, which then stops them in order.
    running = [
        subprocess.Popen(
            [*triage, *what], env=env, start_new_session=True, preexec_fn=_end_with_parent
        )
        for what in (["serve", "--port", str(port)], ["worker"])
    ]
    try:
        _wait_ready(port, running)
        when_ready()
        _welcome(port, time.monotonic() - started)
        typer.echo(f"\nCtrl-C stops everything this started; {afterwards}.")
        while all(process.poll() is None for process in running):
            time.sleep(0.5)
        fail("The API or the worker ended by itself; see above.")
    except KeyboardInterrupt:
        typer.echo("\nStopping ...")
    finally:
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _end_with_parent() -> None:
    """In a child: ask the kernel for SIGTERM should the demo be killed (Linux only)."""
    import ctypes

    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG, linux/prctl.h
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


def _wait_ready(port: int, running: list[subprocess.Popen[bytes]]) -> None:
    for _ in range(300):
        if any(process.poll() is not None for process in running):
            fail("The API or the worker could not start; see above.")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    fail("The API did not become ready within 30 seconds.")


def _welcome(port: int, seconds: float) -> None:
    from serving.pages.desk import DEMO_PASSWORD

    keys = settings().state_dir / "demo-keys.json"
    typer.echo(f"\nReturns Triage is ready after {seconds:.0f} s.\n")
    typer.echo(f"  Desk       http://127.0.0.1:{port}/")
    typer.echo(f"  API        http://127.0.0.1:{port}/docs")
    typer.echo(f"  API keys   {keys} (one a role, and of every second person)")
    typer.echo(f"  Sign in    password {DEMO_PASSWORD}, as")
    for user, role in (*((user, role) for role, user in PEOPLE.items()), *SECOND.items()):
        typer.echo(f"               {user:<9} {role.replace('_', ' ')}")
