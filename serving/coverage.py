"""Who is there to decide: people present with what is delegated to them, and who is away.

People are known by their accounts; where they come by single sign-on we do not know who else
there is, and nothing is called uncovered.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from journal import absences, accounts, delegations, worklists
from serving.wiring import Services
from workflow.actor import Actor, Mandate
from workflow.approvals import ESCALATES_TO, apart_from, in_whose_name


@dataclass(frozen=True, slots=True)
class Coverage:
    """``known`` is false where people come by single sign-on."""

    known: bool
    present: tuple[Actor, ...] = ()
    absent: tuple[Actor, ...] = ()

    def of(self, role: str, involved: frozenset[str]) -> dict[str, object]:
        """``uncovered``: nobody present may decide (``None``: not known); ``waits_for``: those
        away who could."""
        if not self.known:
            return {"uncovered": None, "waits_for": []}
        uncovered = not any(_may(self.present, role, involved))
        waits_for = list(_may(self.absent, role, involved)) if uncovered else []
        return {"uncovered": uncovered, "waits_for": waits_for}

    def unmanned(self) -> frozenset[str]:
        """The roles of the hierarchy in which nobody is present; none where we do not know."""
        roles = {*ESCALATES_TO, *ESCALATES_TO.values()}
        nobody = frozenset[str]()
        return frozenset(r for r in roles if self.known and not any(_may(self.present, r, nobody)))


def _may(people: Iterable[Actor], role: str, involved: frozenset[str]) -> Iterable[str]:
    apart = (apart_from(person, involved) for person in people if person.id not in involved)
    return (person.id for person in apart if in_whose_name(person, role) is not None)


def coverage(services: Services, conn: Connection, at: datetime) -> Coverage:
    """Who is there at a moment."""
    if services.settings.oidc_issuer is not None:
        return Coverage(known=False)
    lent: dict[str, list[Mandate]] = {}
    for loan in delegations.in_force(conn, at):
        mandates = [Mandate(r, loan["delegator"], loan["delegation_id"]) for r in loan["roles"]]
        lent.setdefault(loan["delegate"], []).extend(mandates)
    away = absences.away(conn, at)
    people = [
        replace(account.actor, mandates=tuple(lent.get(account.account_id, ())))
        for account in accounts.all_accounts(conn)
        if account.active and account.kind == "person"
    ]
    return Coverage(
        True,
        tuple(person for person in people if person.id not in away),
        tuple(person for person in people if person.id in away),
    )


def covered(
    services: Services, conn: Connection, rows: Sequence[Mapping[Any, Any]], at: datetime
) -> list[dict[str, Any]]:
    """Rows of the queue with ``uncovered`` and ``waits_for``."""
    there = coverage(services, conn, at)
    involved = worklists.involved(conn, rows)
    return [dict(row) | there.of(row["role"], involved[row["task_id"]]) for row in rows]
