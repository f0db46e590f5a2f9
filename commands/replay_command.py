"""``replay``: a case asked again from what was recorded."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.acting import refused
from commands.setup import services, show

if TYPE_CHECKING:
    from serving.replaying import CaseReplay

app = typer.Typer()
Json = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]


@app.command()
def replay(
    return_id: Annotated[str, typer.Argument(help="A return, such as R-1001.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document for machines.")
    ] = False,
) -> None:
    """Ask every rule and every model of a return again, by the texts and bundles of then; exit 1
    where one answers otherwise."""
    from serving.replaying import replay_case, replay_json
    from workflow.refused import Refused

    with services() as wired, wired.engine.connect() as conn:
        try:
            found = replay_case(wired, conn, return_id)
        except Refused as no:
            refused(no)
    told = replay_json(found)
    show(told, as_json, "\n".join(_lines(found, told)))
    if found.differing:
        raise typer.Exit(1)


def _lines(found: "CaseReplay", told: dict[str, Any]) -> list[str]:
    lines = [
        f"{x['result']:8} {x['text']:32} {_place(x)}{_then_now(x, 'rule', 'outcome', 'net_minor')}"
        for x in told["verdicts"]
    ]
    lines += [
        f"{x['result']:8} {x['model'] + ' ' + x['version']:32} {_place(x)}"
        f"{_then_now(x, 'value', 'abstained', 'confidence')}"
        for x in told["answers"]
    ]
    asked = len(found.verdicts) + len(found.answers)
    same = asked - found.differing - sum(x["result"] == "missing" for x in _all(told))
    lines.append(
        f"{found.return_id}: {same} of {asked} answers are the same again, {found.differing}"
        f" differ; {found.words} things that people said or saw stand as recorded."
    )
    return lines + [f"Cannot be asked any more: {one}." for one in found.missing]


def _all(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [*told["verdicts"], *told["answers"]]


def _place(one: dict[str, Any]) -> str:
    where = "/".join(str(x) for x in (one["line"], one["part"]) if x is not None)
    return f"{where:8} "


def _then_now(one: dict[str, Any], *names: str) -> str:
    def words(said: dict[str, Any]) -> str:
        return " ".join(str(said[name]) for name in names if said[name] is not None)

    if one["now"] is None:
        return f"{words(one['then'])} -> not asked"
    if one["result"] == "same":
        return words(one["then"])
    return f"{words(one['then'])} -> {words(one['now'])}"
