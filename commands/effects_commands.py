"""``triage effects``: what other systems have not done, and what is to become of it."""

from typing import Annotated, Any

import typer

from commands.setup import fail, services, show

app = typer.Typer(
    help="Effects on other systems: see, try again, correct, give up.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]
By = Annotated[str, typer.Option(help="Account in whose name.")]


@app.command(name="list")
def listed(
    status: Annotated[str, typer.Option(help="pending, doing, parked or abandoned.")] = "parked",
    cause: Annotated[str, typer.Option(help="Only those that failed for it.")] = "",
    as_json: Json = False,
) -> None:
    """List effects of a status, the oldest first, and how many there are for each cause."""
    from journal import systems
    from serving import repairs
    from serving.http import plain

    with services() as wired, wired.engine.connect() as conn:
        items = repairs.listed(conn, status, cause or None)
        down = [plain(row) for row in systems.down(conn).values()]
    causes = repairs.causes(items)
    lines = [f"{row['system']} is down since {row['opened_at']}" for row in down]
    lines += [f"{many:6} {name}" for name, many in causes.items()]
    lines += [f"{x['status']:9} {x['key']} {x['error'] or ''}".rstrip() for x in items]
    document = {"items": items, "causes": causes, "down": down}
    show(document, as_json, "\n".join(lines) or f"No effect is {status}.")


@app.command(name="show")
def one(key: str, as_json: Json = False) -> None:
    """Show an effect and what was asked and answered at each attempt."""
    from serving import repairs
    from workflow.refused import Refused

    with services() as wired, wired.engine.connect() as conn:
        try:
            found = repairs.one(conn, key)
        except Refused as no:
            fail(no.message)
    lines = [f"{found['key']} is {found['status']} {found['error'] or ''}".rstrip()]
    lines += [
        f"  {t['at']:%Y-%m-%d %H:%M:%S} {t['outcome']}: {t['answer']}" for t in found["tries"]
    ]
    show(found, as_json, "\n".join(lines))


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

    queued = _as(by, work)
    show(
        {"queued": queued}, as_json, "\n".join(f"queued again: {key}" for key in queued) or "None."
    )


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
    told = {path: value or None for path, _, value in pairs}
    found = _as(
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

    found = _as(
        by, lambda wired, conn, actor: repairs.abandon(wired, conn, actor, key, reason, note)
    )
    given = found["status"] == "abandoned"
    text = f"{key} is given up." if given else "Asked; another person must agree to that reason."
    show(found, as_json, text)


def _as(account_id: str, work: Any) -> Any:
    """Do ``work(services, connection, actor)`` in somebody's name, in one transaction."""
    from journal import accounts
    from serving.http import retrying
    from workflow.refused import Refused

    with services() as wired:
        with wired.engine.connect() as conn:
            account = accounts.find_account(conn, account_id)
        if account is None:
            fail(f"There is no account {account_id!r}.")
        try:
            return retrying(wired.engine, lambda conn: work(wired, conn, account.actor))
        except Refused as no:
            fail(no.message)
