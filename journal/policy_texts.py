"""Texts of the policies that ship with the program, kept so that old verdicts can be asked again.

What is published is kept in the journal itself. A shipped file is replaced by an upgrade, and its
text would be gone; a text that is named by its own digest needs no event to vouch for it.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from journal import tables
from workflow.policy import Policy
from workflow.policy_reading import Fault, read_policy

_text = tables.policy_text


def keep(conn: Connection, policies: Iterable[Policy], at: datetime) -> int:
    """Keep the texts that are not kept yet; answers how many."""
    rows = [
        {"ref": p.ref, "unit": p.unit, "digest": p.digest, "text": p.text, "kept_at": at}
        for p in policies
        if p.text
    ]
    if not rows:
        return 0
    query = insert(_text).values(rows).on_conflict_do_nothing().returning(_text.c.ref)
    return len(conn.execute(query).all())


def kept(conn: Connection, known: Iterable[Policy] = ()) -> tuple[list[Policy], list[Fault]]:
    """Every text kept that is not ``known`` already, as a policy; a fault for one that this
    program cannot read, or that is not what its digest says."""
    found, faults = list[Policy](), list[Fault]()
    others = _text.c.ref.not_in([policy.ref for policy in known])
    for row in conn.execute(select(_text).where(others).order_by(_text.c.ref)).mappings():
        policy, wrong = read_policy(row["text"], f"kept {row['ref']}", row["unit"])
        faults += wrong
        if policy is not None and policy.digest == row["digest"] and policy.ref == row["ref"]:
            found.append(policy)
        elif policy is not None:
            faults.append(Fault(f"kept {row['ref']}", "", "is not the text that was kept"))
    return found, faults
