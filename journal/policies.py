"""The ledger of policies in the journal: proposed, published, withdrawn, and read back."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, func, select

from journal import tables
from journal.database import raw
from journal.entries import Append
from journal.journal import COLUMNS, Journal, recorded
from workflow import policy_ledger
from workflow.actor import Actor
from workflow.facts import PolicyProposed, PolicyPublished, PolicyWithdrawn
from workflow.policy import Policies
from workflow.policy_ledger import Draft, Entry, entries_of, stream_of
from workflow.policy_reading import read_policy

TYPES = ["policy_proposed", "policy_published", "policy_withdrawn"]


def propose(
    journal: Journal, conn: Connection, known: Policies, draft: Draft, by: Actor, at: datetime
) -> PolicyProposed:
    """Record a draft that checks; see ``policy_ledger.proposed`` for the codes.

    Errors: ``journal.entries.Conflict`` (somebody was faster: roll back and repeat).
    """
    policy, _ = read_policy(draft.text, "draft", draft.unit)
    stream = stream_of(policy.name if policy else "")
    history = _history(journal, conn, stream)
    fact = policy_ledger.proposed(known, history, draft, by, at)
    journal.append(conn, [Append(stream, (fact,), by, at, len(history))])
    return fact


def publish(
    journal: Journal,
    conn: Connection,
    known: Policies,
    proposal_id: str,
    by: Actor,
    at: datetime,
    effective: date | None = None,
) -> PolicyPublished:
    """Let a proposed version decide; see ``policy_ledger.published`` for the codes."""
    stream = stream_of(proposal_id.rpartition(":")[0])
    history = _history(journal, conn, stream)
    fact = policy_ledger.published(known, history, proposal_id, by, at, effective)
    journal.append(conn, [Append(stream, (fact,), by, at, len(history))])
    return fact


def withdraw(
    journal: Journal, conn: Connection, proposal_id: str, by: Actor, at: datetime, because: str
) -> PolicyWithdrawn:
    """Take a proposal or a published version back; see ``policy_ledger.withdrawn``."""
    stream = stream_of(proposal_id.rpartition(":")[0])
    history = _history(journal, conn, stream)
    fact = policy_ledger.withdrawn(history, proposal_id, by, at, because)
    journal.append(conn, [Append(stream, (fact,), by, at, len(history))])
    return fact


def newest(conn: Connection) -> int:
    """The position of the last thing said about any policy, 0 where nothing was."""
    table = tables.policy_proposal
    return int(conn.execute(select(func.coalesce(func.max(table.c.position), 0))).scalar_one())


def entries(conn: Connection) -> list[Entry]:
    """Every proposal as the log tells it, which nobody can write behind the journal's back."""
    query = f"SELECT {COLUMNS} FROM event WHERE type = ANY (%s) ORDER BY position"
    rows = raw(conn).execute(query.encode(), (TYPES,))
    return entries_of(recorded(row).event for row in rows)


def proposal(conn: Connection, proposal_id: str) -> RowMapping | None:
    """One proposal: who said what, and its status."""
    table = tables.policy_proposal
    query = select(table).where(table.c.proposal_id == proposal_id)
    return conn.execute(query).mappings().one_or_none()


def proposals(conn: Connection) -> Sequence[RowMapping]:
    """Every proposal, the newest first."""
    table = tables.policy_proposal
    query = select(table).order_by(table.c.proposed_at.desc(), table.c.proposal_id.desc())
    return conn.execute(query).mappings().all()


def _history(journal: Journal, conn: Connection, stream: str) -> list[object]:
    return [entry.event for entry in journal.read_stream(conn, stream)]
