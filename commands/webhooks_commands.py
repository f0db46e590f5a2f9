"""``triage webhooks``: who is told of the feed, how they are doing, and what is to become of it."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from commands.acting import in_name_of, refused, table
from commands.model_commands import By, Json
from commands.setup import services, show

app = typer.Typer(
    help="Receivers of webhooks: see, send again, replace a secret.", no_args_is_help=True
)
Webhook = Annotated[str, typer.Argument(help="Its number, wh-...")]


@app.command(name="list")
def list_webhooks(as_json: Json = False) -> None:
    """List receivers: how they are, what waits, and when they last took a message."""
    from journal import webhooks
    from serving.webhooks import readable

    with services() as wired, wired.engine.connect() as conn:
        items = [readable(row) for row in webhooks.listed(conn)]
    rows = [
        (
            x["webhook_id"],
            "paused" if x["status"] == "active" and x["paused_until"] else x["status"],
            x["waiting"],
            x["failed"],
            str(x["last_success_at"] or "never")[:16],
            x["because"] or x["url"],
        )
        for x in items
    ]
    heads = ("webhook", "is", "waiting", "failed", "last taken", "where, or why not")
    text = table(heads, rows) if rows else "Nobody subscribed: POST /v1/webhooks, or the desk."
    show({"items": items}, as_json, text)


@app.command(name="show")
def show_webhook(
    webhook_id: Webhook,
    status: Annotated[str, typer.Option(help="waiting, sending, done or failed.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    as_json: Json = False,
) -> None:
    """Show a receiver's messages, the newest first, with how each attempt ended."""
    from journal import deliveries
    from serving.webhooks import shown
    from workflow.refused import Refused

    with services() as wired, wired.engine.connect() as conn:
        try:
            hook = shown(conn, webhook_id)
        except Refused as no:
            refused(no)
        items = deliveries.listed(conn, webhook_id, status=status or None, limit=limit)
    rows = [
        (f"evt_{x['position']}", x["type"], x["subject"], x["status"], x["attempts"], _last(x))
        for x in items
    ]
    heads = ("message", "tells of", "of", "is", "tries", "last answer")
    lines = [f"{hook['webhook_id']} is {hook['status']} {hook['because'] or ''}".rstrip()]
    lines.append(table(heads, rows) if rows else "No such message of the last 30 days.")
    if hook["status"] == "disabled":
        lines.append(f"When it is mended: triage webhooks activate {webhook_id} --by WHO")
    show(hook | {"deliveries": items}, as_json, "\n".join(lines))


def _last(message: dict[str, object]) -> str:
    """When and how the last attempt ended: by a status, or for want of one."""
    tries = message["tries"]
    if not isinstance(tries, list) or not tries:
        return ""
    last = tries[-1]
    return f"{last['at']:%Y-%m-%d %H:%M:%S} {last['status'] or last['error']}"


@app.command()
def activate(webhook_id: Webhook, by: By, as_json: Json = False) -> None:
    """Send again to a receiver that was disabled, from where it stopped."""
    found = in_name_of(
        by, lambda wired, conn, actor: wired.courier.activate(conn, actor, webhook_id)
    )
    show(found, as_json, f"{webhook_id} is sent to again; messages waiting: {found['waiting']}.")


@app.command()
def replay(
    webhook_id: Webhook,
    by: By,
    since: Annotated[datetime, typer.Option(help="From when on, in UTC; at most 30 days back.")],
    as_json: Json = False,
) -> None:
    """Send again what was recorded from a moment on, under the same ids."""
    moment = since.replace(tzinfo=UTC)
    found = in_name_of(
        by, lambda wired, conn, actor: wired.courier.replay(conn, actor, webhook_id, moment)
    )
    show(found, as_json, f"{webhook_id} is told again what was recorded since {since}.")


@app.command()
def rotate(
    webhook_id: Webhook,
    by: By,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=168, help="So long the secret before signs, too.")
    ] = 24,
    as_json: Json = False,
) -> None:
    """Make a new secret and print it, this once; the one before ends after the overlap."""
    from integrations.webhooks.signing import new_secret

    secret = new_secret()
    found = in_name_of(
        by,
        lambda wired, conn, actor: wired.courier.rotate(
            conn, actor, webhook_id, secret, overlap_hours
        ),
    )
    text = f"{secret}\nGive it to the receiver; the one before ends in {overlap_hours} hours."
    show(found | {"secret": secret}, as_json, text)
