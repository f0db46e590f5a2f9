"""``triage erp``: ERPs on this machine, real and made up, to test and to try against."""

import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer

from commands.setup import fail

app = typer.Typer(help="ERPs on this machine, for tests and demonstrations.")


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


@app.command()
def stub(
    system: Annotated[str, typer.Argument(help="As in TRIAGE_ERP, such as mapped:sap-s4hana.")],
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8320,
) -> None:
    """Serve a made-up ERP that knows the addresses and fields of a mapping and nothing else."""
    import json

    import uvicorn

    from commands.made_up_erp import Stub
    from integrations.erp.mapping import load
    from serving.erp import FILE_OF

    name = system if system.startswith("mapped:") else f"mapped:{system}"
    if name not in FILE_OF:
        fail(f"There is no mapping for {system!r}; there is {', '.join(FILE_OF)}.")
    made = Stub(load(FILE_OF[name]))
    values = dict.fromkeys(sorted(made.mapping.settings), "10")
    typer.echo(f"A made-up {made.mapping.title}; what is posted is lost at its end. Start us with:")
    typer.echo(f"TRIAGE_ERP={name} TRIAGE_ERP_URL=http://127.0.0.1:{port} TRIAGE_ERP_TOKEN=any \\")
    typer.echo(f"TRIAGE_ERP_ALLOW_GUESSES=true TRIAGE_ERP_VALUES='{json.dumps(values)}'")
    uvicorn.run(made.app, host="127.0.0.1", port=port, log_level="warning")
