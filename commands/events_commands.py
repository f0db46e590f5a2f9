"""``triage events``: facts of other systems that wait until they can be recorded."""

from typing import Annotated

import typer

from commands.acting import refused
from commands.model_commands import By, Json, actor_of
from commands.setup import fail, services, show

app = typer.Typer(help="Facts that wait: list, retry, give up.")


@app.command()
def parked(
    status: Annotated[str, typer.Option(help="waiting, taken or abandoned.")] = "waiting",
    reason: Annotated[str | None, typer.Option(help="Only those with this reason.")] = None,
    as_json: Json = False,
) -> None:
    """What could not be recorded when it was told, the longest waiting first (at most 200)."""
    from journal.parked import listed

    with services() as wired, wired.engine.connect() as conn:
        rows = [dict(row) for row in listed(conn, status=status, reason=reason)]
    lines = [
        f"{row['parked_id']}  {row['reason']}  {row['event_type']} {row['event_id']} of"
        f" {row['source']}: {row['says']}"
        for row in rows
    ]
    show(rows, as_json, "\n".join(lines) or "Nothing waits.")


@app.command()
def retry(parked_id: str, by: By, as_json: Json = False) -> None:
    """Try to record a parked fact now; exit 1 where it still waits."""
    from serving.http import retrying
    from serving.intake import outcome_json
    from serving.parking import replay
    from serving.parking import retry as once_more
    from workflow.refused import Refused

    with services() as wired:
        with wired.engine.connect() as conn:
            actor = actor_of(conn, by)
        try:
            outcome = retrying(wired.engine, lambda conn: once_more(wired, conn, parked_id, actor))
        except Refused as no:
            refused(no)
        replay(wired, outcome.supplied)
    if outcome.parked is not None:
        fail(f"{parked_id} still waits: {outcome.parked.says}")
    show(outcome_json(outcome), as_json, f"{parked_id} is {outcome.status}.")


@app.command()
def abandon(
    parked_id: str,
    by: By,
    because: Annotated[str, typer.Option(help="Why it will never be recorded.")],
    as_json: Json = False,
) -> None:
    """Give a parked fact up; it stays readable."""
    from serving.http import retrying
    from serving.parking import abandon as give_up
    from workflow.refused import Refused

    with services() as wired:
        with wired.engine.connect() as conn:
            actor = actor_of(conn, by)
        try:
            retrying(wired.engine, lambda conn: give_up(wired, conn, parked_id, actor, because))
        except Refused as no:
            refused(no)
    show({"parked_id": parked_id, "status": "abandoned"}, as_json, f"{parked_id} is given up.")
