"""``triage erp``: a real ERP on this machine, to test and to try against."""

import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer

from commands.setup import fail

app = typer.Typer(help="A real ERP on this machine, for tests and demonstrations.")


@app.command()
def build() -> None:
    """Build the ERP's environment and prepared databases, SQLite and PostgreSQL, once a month."""
    from simulation.erp_lab import lab, on_postgresql

    if lab.find() is None or on_postgresql.find() is None:
        typer.echo("Building the ERP and its databases (three minutes) ...")
    try:
        lab.install()
        with ThreadPoolExecutor() as pool:
            for made in [pool.submit(lab.build), pool.submit(on_postgresql.build)]:
                typer.echo(f"Ready in {made.result().folder}")
    except lab.LabError as error:
        fail(str(error))


@app.command()
def start(
    port: Annotated[int, typer.Option(help="Port of its API.")] = 8310,
) -> None:
    """Serve a copy of the prepared database until Ctrl-C; built first where it is missing."""
    from simulation.erp_lab import lab

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if lab.find() is None:
        typer.echo("Building the ERP and its database (two minutes) ...")
    try:
        prepared = lab.build()
        with lab.serving(prepared, port) as running:
            login, password = running.users["service"]
            typer.echo(f"The ERP answers at {running.url}, database {running.database}.")
            typer.echo(f"TRIAGE_ERP_URL={running.url}")
            typer.echo(f"TRIAGE_ERP_LOGIN={login} TRIAGE_ERP_PASSWORD={password}")
            running.process.wait()
    except KeyboardInterrupt:
        typer.echo("Stopped.")
    except lab.LabError as error:
        fail(str(error))
