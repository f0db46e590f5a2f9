"""What drafts of policies would have changed, computed once and kept: it takes seconds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, or_, select
from sqlalchemy.dialects.postgresql import insert

from journal import tables

_replay, _proposal = tables.policy_replay, tables.policy_proposal


def one(conn: Connection, proposal_id: str) -> RowMapping | None:
    """The replay of a proposal as kept; its ``result`` is null until it was first computed."""
    query = select(_replay).where(_replay.c.proposal_id == proposal_id)
    return conn.execute(query).mappings().one_or_none()


def waiting(row: Mapping[Any, Any]) -> bool:
    """Whether a replay was asked for since it was computed."""
    return row["computed_at"] is None or row["wanted_at"] > row["computed_at"]


def want(conn: Connection, proposal_id: str, at: datetime) -> None:
    """Ask for a replay, or for one anew; what was computed before stays until then."""
    query = insert(_replay).values(proposal_id=proposal_id, wanted_at=at)
    again = query.on_conflict_do_update(
        index_elements=["proposal_id"], set_={"wanted_at": query.excluded.wanted_at}
    )
    conn.execute(again)


def wanted(conn: Connection) -> list[str]:
    """Proposals to compute: those asked for, and open ones that never were; oldest first."""
    asked = or_(_replay.c.computed_at.is_(None), _replay.c.wanted_at > _replay.c.computed_at)
    never = (_replay.c.proposal_id.is_(None)) & (_proposal.c.status == "proposed")
    query = (
        select(_proposal.c.proposal_id)
        .join(_replay, _replay.c.proposal_id == _proposal.c.proposal_id, isouter=True)
        .where(or_(never, _replay.c.proposal_id.is_not(None) & asked))
        .order_by(_proposal.c.proposed_at, _proposal.c.proposal_id)
    )
    return list(conn.execute(query).scalars())


def keep(
    conn: Connection, proposal_id: str, position: int, at: datetime, result: Mapping[str, Any]
) -> None:
    """Keep what was computed of the journal up to a position."""
    values = {"position": position, "computed_at": at, "result": dict(result)}
    query = insert(_replay).values(proposal_id=proposal_id, wanted_at=at, **values)
    conn.execute(query.on_conflict_do_update(index_elements=["proposal_id"], set_=values))
