"""Up to where the public feed was handed to somebody who keeps no position of their own."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from journal import tables

BROKER = "broker"
"""The name of the feed that a broker is given."""


def published_up_to(conn: Connection, name: str) -> int:
    """The last position that was handed on; 0 at first."""
    table = tables.feed_position
    query = select(table.c.position).where(table.c.name == name)
    return int(conn.execute(query).scalar() or 0)


def save_published(conn: Connection, name: str, position: int) -> None:
    """Go on after this position from here on."""
    made = insert(tables.feed_position).values(name=name, position=position)
    conn.execute(made.on_conflict_do_update(index_elements=["name"], set_={"position": position}))
