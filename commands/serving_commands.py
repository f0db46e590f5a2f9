"""``serve``, ``worker``, ``migrate``, ``doctor``, ``verify``: running the house."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.setup import database, fail, progress, services, show

if TYPE_CHECKING:
    from serving.wiring import Services

app = typer.Typer()
Json = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 0,
) -> None:
    """Serve scoring, workflow and the desk. Start as many as you like on one database."""
    import uvicorn

    from serving import tracing
    from serving.app import create_app

    with services() as wired:
        chosen = wired.settings
        tracing.configure(chosen.otlp_endpoint)
        uvicorn.run(
            create_app(wired),
            host=host or chosen.host,
            port=port or chosen.port,
            log_level="warning",
            timeout_graceful_shutdown=10,
        )


@app.command()
def worker() -> None:
    """Perform effects and clock work. Start as many as you like on one database."""
    from journal.worker import run_worker, worker_app
    from serving import tracing
    from serving.chores import errands, recurring
    from serving.shelf import watched
    from serving.webhooks import QUEUE

    with (
        services() as wired,
        watched(wired, wired.settings.shelf_refresh_seconds),
    ):
        tracing.configure(wired.settings.otlp_endpoint)
        performing = worker_app(
            wired.database_url, wired.performer, recurring(wired), errands(wired)
        )
        chosen = wired.settings
        crews = {QUEUE: chosen.webhook_concurrency}
        run_worker(performing, concurrency=chosen.worker_concurrency, crews=crews)


@app.command()
def broker() -> None:
    """Take facts from the broker of TRIAGE_BROKER_URL and publish the feed to it, until stopped."""
    import asyncio
    import signal

    from serving.broker import build, run

    with services(models=True) as wired:
        try:
            build(wired)
        except ImportError as missing:
            fail(f"A broker needs the extra: pip install '.[broker]' ({missing}).")
        except ValueError as error:
            fail(str(error))

        async def until_stopped() -> None:
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            await run(wired, stop)

        asyncio.run(until_stopped())


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with database() as found:
        typer.echo("The database is up to date" + (" (embedded)." if found.server else "."))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check database, models, clock, queue and other systems: exit 1, and what to do, for a fault.

    Notes say what is unverified and are no faults.
    """
    from serving.checkup import checkup, erp_checkup

    with services(models=True, quiet=True) as wired:
        wrong, notes = erp_checkup(wired)
        faults = [*checkup(wired), *wrong, *_astray(wired)]
    said = [*(faults or ["Everything is in order."]), *(f"Note: {note}" for note in notes)]
    show({"faults": faults, "notes": notes}, as_json, "\n".join(said))
    if faults:
        raise typer.Exit(1)


def _astray(wired: "Services") -> list[str]:
    """MLflow's aliases that the ledger does not know, where there is a drawer to look into."""
    from importlib.util import find_spec

    if find_spec("mlflow") is None or not Path("mlruns", "mlflow.db").is_file():
        return []
    from training.promotion import strayed
    from training.registry import DRAWER, Registry

    with wired.engine.connect() as conn:
        return strayed(wired.journal, conn, Registry(DRAWER))


@app.command()
def verify(
    as_json: Json = False,
    verdicts: Annotated[bool, typer.Option(help="Ask every verdict again, too.")] = True,
) -> None:
    """Re-walk every hash, refold every state and feature, ask every verdict again by the text that
    gave it, and print every difference."""
    from journal.verify import verify as walk

    with services() as wired, progress("verify") as told:
        with wired.engine.connect() as conn:
            total = 2 * wired.journal.settled(conn)
        walked = walk(
            wired.engine,
            wired.journal.folds,
            progress=lambda n: told(n, total),
            policies=wired.policies.known if verdicts else None,
        )
        found = [str(difference) for difference in walked]
    text = "\n".join(found) or f"Nothing differs: {total // 2} positions walked."
    show({"differences": found, "positions": total // 2}, as_json, text)
    if found:
        raise typer.Exit(1)
