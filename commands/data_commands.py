"""``simulate``, ``import``, ``reconcile``: history in, findings out."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands.setup import fail, progress, services, show

if TYPE_CHECKING:
    from serving.wiring import Services

app = typer.Typer()
Format = Literal["canonical", "csv", "online-retail", "x12"]
Json = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]


@app.command()
def simulate(
    seed: Annotated[int, typer.Option(help="The same seed gives the same history.")] = 8123,
    days: Annotated[int, typer.Option(min=1, max=1000, help="Days of history.")] = 180,
    scale: Annotated[float, typer.Option(help="1 is about 2,100 returns in 180 days.")] = 1.0,
    faults: Annotated[
        bool, typer.Option(help="Facts and effects come twice, late, or never.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write files (with the truth) instead of playing.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a distributor's history: into files with --out, else through the real house."""
    from simulation.world import World

    try:
        world = World(seed, days, scale)
    except ValueError as error:
        fail(str(error))
    if out is not None:
        from simulation.write_out import write_out

        write_out(world, out)
        files = sorted(path.name for path in out.iterdir())
        show({"out": str(out), "files": files}, as_json, f"Wrote {', '.join(files)} to {out}.")
        return
    from simulation.faults import FaultyDesk
    from simulation.play import play
    from simulation.wired import WiredDesk

    with services(models=True) as wired, progress("simulate") as told:
        _refuse_mixing(wired)
        desk = WiredDesk(wired)
        report = play(world, FaultyDesk(desk, seed) if faults else desk, progress=told)
    summary = {
        name: dict(value) if isinstance(value, dict) else value
        for name in report.__dataclass_fields__
        for value in [getattr(report, name)]
    }
    show(summary, as_json, "\n".join(f"{name}: {value}" for name, value in summary.items()))


def _refuse_mixing(wired: "Services") -> None:
    """A second history in one journal would reuse the first one's numbers."""
    with wired.engine.connect() as conn:
        if wired.journal.known_streams(conn, ["case/R-2001"]):
            fail("A history was simulated here already; use another TRIAGE_DATABASE_URL.")


@app.command(name="import")
def import_(
    path: Path,
    format: Annotated[Format, typer.Option(help="What the file holds.")],
    as_json: Json = False,
) -> None:
    """Bring a file of real history in; the same file twice changes nothing."""
    from reconciliation.errors import UnreadableFile
    from serving.errors import Invalid

    if not path.is_file():
        fail(f"There is no file {path}.")
    with services(models=True) as wired, progress("import") as told:
        try:
            summary = _import(wired, path, format, told)
        except UnreadableFile as error:
            fail(str(error))
        except Invalid as error:
            fail(error.message)
    text = "\n".join(f"{name}: {value}" for name, value in summary.items())
    show(summary, as_json, text)


def _import(
    wired: "Services", path: Path, format: str, told: Callable[[int, int, str], None]
) -> dict[str, object]:
    """Run the importer of a format; its summary as plain values."""
    from reconciliation.canonical import FactReader, import_canonical
    from reconciliation.online_retail import import_online_retail
    from serving.errors import Invalid
    from serving.facts_in import ONCE_ONLY, STREAM_OF, read_fact, snake, stream_of
    from workflow.actor import Actor

    actor = Actor("import", frozenset({"service"}), "service")
    if format == "x12":
        from serving.edi import edi_text, take_edi

        return take_edi(wired, actor, edi_text(path.read_bytes()))
    if format == "csv":
        from serving.drops import take_file

        return asdict(take_file(wired, path.name, path.read_bytes()))
    if format == "online-retail":
        summary = import_online_retail(
            path,
            wired.journal,
            wired.engine,
            anomaly=wired.shelf.get("credit_anomaly").model,
            rank=wired.shelf.get("exception_rank").model,
            actor=actor,
            at=wired.clock(),
            progress=told,
        )
        return _plain(summary) | {"lines_per_second": round(summary.lines_per_second)}
    reader = FactReader(
        kinds={snake(cls): cls for cls in STREAM_OF},
        once_only=ONCE_ONLY,
        read=read_fact,
        stream_of=stream_of,
        refusal=Invalid,
    )
    return _plain(
        import_canonical(
            path,
            wired.journal,
            wired.engine,
            reader=reader,
            actor=actor,
            at=wired.clock(),
            progress=told,
        )
    )


def _plain(summary: object) -> dict[str, object]:
    if not is_dataclass(summary) or isinstance(summary, type):
        raise AssertionError(f"{summary!r} is no summary")
    return {
        name: dict(value) if isinstance(value, Counter) else value
        for name, value in asdict(summary).items()
    }


@app.command()
def reconcile(as_json: Json = False) -> None:
    """Compare our journal with the ERP's ledgers; raise what does not agree, ranked."""
    from reconciliation.reconcile import reconcile as compare

    with services(models=True) as wired, wired.engine.begin() as conn:
        ranker = wired.shelf.get("exception_rank")
        found = compare(
            wired.journal, conn, wired.clock(), rank=ranker.model, ref=ranker.ref,
            erp=wired.erp_side,
        )  # fmt: skip
    lines = [f"{x.code} {x.exception_id}: {x.says}" for x in found]
    show(
        [x.exception_id for x in found],
        as_json,
        "\n".join(lines) or "Nothing new: the ledgers agree.",
    )
