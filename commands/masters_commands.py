"""``triage masters``: records checked against their contracts, customers against each other."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.model_commands import Json
from commands.setup import fail, services, show

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = typer.Typer(help="Check the records of items, customers, suppliers and codes.")


@app.callback()
def masters() -> None:
    """Check the records of items, customers, suppliers and codes."""


@app.command()
def check(
    duplicates: Annotated[
        bool, typer.Option(help="Compare customers too, which takes seconds.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Open what is wrong, close what is in order now, and say what is open, by owner."""
    from serving.masters import check as contracts
    from serving.masters import check_duplicates

    with services() as wired:
        changes = contracts(wired)
        opened, closed = len(changes.opened), len(changes.closed)
        basis = ""
        if duplicates:
            try:
                paired, found = check_duplicates(wired)
            except ImportError as missing:
                fail(f"Customers are compared by Splink: pip install '.[training]' ({missing}).")
            opened, closed = opened + len(paired.opened), closed + len(paired.closed)
            basis = found.basis
        with wired.engine.connect() as conn:
            rows = _open(conn)
    document = {"opened": opened, "closed": closed, "customers": basis, "findings": rows}
    head = f"{opened} opened, {closed} closed, {len(rows)} open."
    show(document, as_json, "\n".join([head, *([basis] if basis else []), *_lines(rows)]))


def _open(conn: "Connection") -> list[dict[str, Any]]:
    """Every open finding, by owner and then the gravest first."""
    from journal.worklists import findings

    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = findings(conn, limit=200, cursor=cursor)
        rows += [dict(row) for row in page.rows]
        cursor = page.cursor
        if cursor is None:
            return sorted(rows, key=lambda row: str(row["role"]))


def _lines(rows: list[dict[str, Any]]) -> list[str]:
    lines = []
    owner = ""
    for row in rows:
        if row["role"] != owner:
            owner = row["role"]
            lines.append(f"{owner}:")
        waits = f" Blocks {', '.join(row['blocks'])}." if row["blocks"] else ""
        lines.append(f"  {row['severity']:<6} {row['finding_id']}: {row['says']}{waits}")
        lines += [f"         {line}" for line in _weights(row["weights"])]
    return lines


def _weights(weights: list[dict[str, Any]]) -> list[str]:
    """The match weights of a pair, one a line; what is not known weighs nothing and is left out."""
    return [
        f"{one['weight']:+6.1f}  {one['column']}: {one['level']}"
        + (f" ({one['left']} | {one['right']})" if one["left"] or one["right"] else "")
        for one in weights
        if one["weight"]
    ]
