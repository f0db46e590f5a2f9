"""What commands share that act in somebody's name, and how their answers look on a terminal."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeVar

from commands.model_commands import actor_of
from commands.setup import fail, services

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from serving.wiring import Services
    from workflow.actor import Actor
    from workflow.refused import Refused

Found = TypeVar("Found")


def in_name_of(
    account_id: str, work: Callable[["Services", "Connection", "Actor"], Found]
) -> Found:
    """Do ``work`` in somebody's name, in one transaction; a business no ends the command."""
    from serving.http import retrying
    from workflow.refused import Refused

    with services() as wired:
        with wired.engine.connect() as conn:
            actor = actor_of(conn, account_id)
        try:
            return retrying(wired.engine, lambda conn: work(wired, conn, actor))
        except Refused as no:
            refused(no)


def refused(no: "Refused") -> NoReturn:
    """Say a business no, and what to do next, on stderr and exit with 1."""
    from workflow.refused import CODES

    fail(f"{no.message} {CODES[no.code]}")


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as what stands in them; the last is as long as it is."""
    texts = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)][:-1]
    lines = (
        "  ".join([*(cell.ljust(wide) for cell, wide in zip(row, widths, strict=False)), row[-1]])
        for row in texts
    )
    return "\n".join(line.rstrip() for line in lines)
