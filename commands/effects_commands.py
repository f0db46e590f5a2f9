"""``triage effects``: what other systems have not done, and what is to become of it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from commands.acting import in_name_of, refused, table
from commands.model_commands import By, Json
from commands.setup import fail, services, show

app = typer.Typer(
    help="Effects on other systems: see, try again, correct, give up.", no_args_is_help=True
)


class Status(StrEnum):
    """How far an effect is."""

    PENDING = "pending"
    DOING = "doing"
    PARKED = "parked"
    ABANDONED = "abandoned"
    DONE = "done"


@app.command(name="list")
def list_effects(
    status: Annotated[Status, typer.Option(help="How far they are.")] = Status.PARKED,
    cause: Annotated[str, typer.Option(help="Only those that failed for it.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    as_json: Json = False,
) -> None:
    """List effects of a status, the oldest first, and how many there are for each cause."""
    from journal import systems
    from serving import repairs
    from serving.http import plain

    with services() as wired, wired.engine.connect() as conn:
        items = repairs.listed(conn, status, cause or None, limit)
        down = [plain(row) for row in systems.down(conn).values()]
    causes = repairs.causes(items)
    document = {"items": items, "causes": causes, "down": down}
    lines = [f"{row['system']} is down since {row['opened_at']}: {row['error']}" for row in down]
    if status == Status.PARKED:
        lines += [f"{many} {name}: {_todo(name)}" for name, many in causes.items()]
    lines.append(_rows(items) if items else f"No effect is {status}.")
    if len(items) == limit:
        lines.append(f"These are the first {limit}; more with --limit.")
    if items and status == Status.PARKED:
        lines.append(
            "Next: triage effects show EFFECT; retry, correct or abandon it with --by WHO."
        )
    show(document, as_json, "\n".join(lines))


def _rows(items: Sequence[Mapping[str, Any]]) -> str:
    from workflow.money import money_text

    rows = [
        (
            x["key"],
            x["kind"],
            "" if x["money_minor"] is None else money_text(x["money_minor"], x["currency"]),
            x["attempts"],
            str(x["updated_at"])[:16],
            x["error"] or x["reference"] or "",
        )
        for x in items
    ]
    return table(("effect", "kind", "money", "tries", "since", "what was said"), rows)


def _todo(cause: str) -> str:
    from integrations.erp.port import REJECTIONS

    return REJECTIONS.get(cause, "read what was said, mend it there or here, and retry.")


@app.command(name="show")
def show_effect(key: str, as_json: Json = False) -> None:
    """Show an effect, what it asks, what was answered at each attempt, and what can be done."""
    from serving import repairs
    from workflow.refused import Refused

    with services() as wired, wired.engine.connect() as conn:
        try:
            found = repairs.one(conn, key)
        except Refused as no:
            refused(no)
    show(found, as_json, "\n".join(_whole(found)))


def _whole(found: Mapping[str, Any]) -> list[str]:
    from serving.repairs import flat

    said = f": {found['error']}" if found["error"] else ""
    lines = [f"{found['key']} ({found['kind']}) is {found['status']}{said}", "", "It asks:"]
    asked = [(f"  {path}", value) for path, value in flat(found["payload"]).items()]
    lines += [table(("  field", "value"), asked)]
    if found["tries"]:
        tries = [
            (f"  {t['at']:%Y-%m-%d %H:%M:%S}", f"{t['took_ms']} ms", t["outcome"], t["answer"])
            for t in found["tries"]
        ]
        lines += ["", "Attempts:", table(("  at", "took", "ended", "answer"), tries)]
    if found["status"] == "parked":
        lines += ["", *_choices(found)]
    return lines


def _choices(found: Mapping[str, Any]) -> list[str]:
    """What a person may do with a parked effect."""
    key, asked = found["key"], found["giving_up"]
    lines = [f"To do: {_todo(found['cause'] or '')}", f"  triage effects retry {key} --by WHO"]
    for one in found["correctable"]:
        what = f"--set {one['path']}=VALUE"
        lines.append(f"  triage effects correct {key} {what} --because WHY --by WHO")
    reason = asked["reason"] if asked else "REASON"
    lines.append(f"  triage effects abandon {key} --reason {reason} --note WHY --by WHO")
    if asked:
        lines.append(
            f"{asked['proposed_by']} asked to give it up ({reason}): somebody else must agree."
        )
    return lines


@app.command()
def retry(
    by: By,
    key: Annotated[str, typer.Argument(help="One effect; without it all, or all of a cause.")] = "",
    cause: Annotated[str, typer.Option(help="Only those that failed for it.")] = "",
    as_json: Json = False,
) -> None:
    """Try parked effects again."""
    from serving import repairs

    def work(wired: Any, conn: Any, actor: Any) -> list[str]:
        if not key:
            return repairs.retry_all(conn, actor, cause or None)
        repairs.retry(conn, actor, key)
        return [key]

    queued = in_name_of(by, work)
    text = "\n".join(f"queued again: {key}" for key in queued)
    show({"queued": queued}, as_json, text or "Nothing is parked for that.")


@app.command()
def correct(
    key: str,
    by: By,
    because: Annotated[str, typer.Option(help="Why, in words.")],
    change: Annotated[
        list[str],
        typer.Option("--set", help="FIELD=VALUE (lines.1.lot=L7); FIELD= empties."),
    ],
    as_json: Json = False,
) -> None:
    """Correct codes of a parked effect that the other system did not take, and try it again."""
    from serving import repairs

    pairs = [one.partition("=") for one in change]
    bare = [path for path, equals, _ in pairs if not equals]
    if bare:
        fail(f"--set {bare[0]} names no value: say FIELD=VALUE, or FIELD= to empty it.")
    told = {path: value or None for path, _, value in pairs}
    found = in_name_of(
        by, lambda wired, conn, actor: repairs.correct(wired, conn, actor, key, told, because)
    )
    show(found, as_json, f"{key} is corrected and {found['status']}.")


@app.command()
def abandon(
    key: str,
    by: By,
    reason: Annotated[str, typer.Option(help="Reason code, such as posted_by_hand.")],
    note: Annotated[str, typer.Option(help="Why, in words.")],
    as_json: Json = False,
) -> None:
    """Ask that a parked effect is given up, or agree as the second person to the same reason."""
    from serving import repairs

    found = in_name_of(
        by, lambda wired, conn, actor: repairs.abandon(wired, conn, actor, key, reason, note)
    )
    given = found["status"] == "abandoned"
    again = f"triage effects abandon {key} --reason {reason} --note WHY --by WHO"
    asked = f"Asked. Somebody else must agree to the same reason: {again}"
    show(found, as_json, f"{key} is given up." if given else asked)
