"""The policies that decide here: those that ship, and what the ledger says was published.

The ledger's texts are read again when something new was said in it, so a published version is in
force on its day without a restart. The texts that ship are kept in the database as they are met,
so that a verdict can be asked again by the text that gave it after an upgrade replaced the file.
"""

import threading
from datetime import datetime

import structlog
from sqlalchemy import Engine

from journal import policies as ledger
from journal import policy_texts
from workflow.policy import Mismatch, Policies, Policy
from workflow.policy_choice import policies_for
from workflow.policy_ledger import Entry, read_entry
from workflow.policy_reading import Fault
from workflow.state import State

log = structlog.get_logger("serving.policies")


class PolicyShelf:
    """Safe to share between threads. ``faults`` says which published texts cannot be read."""

    def __init__(self, engine: Engine, shipped: Policies) -> None:
        self._engine, self._shipped = engine, shipped
        self._kept = False
        self._known: Policies | None = None
        self._position = 0
        self._looking = threading.Lock()
        self.faults: tuple[Fault, ...] = ()

    @property
    def known(self) -> Policies:
        """Every version and variant, past and to come; the first use reads the ledger.

        Errors: ``Mismatch`` where a published text cannot be read by this program.
        """
        if self._known is None:
            self.refresh()
        return self._known or self._shipped

    def at(self, moment: datetime) -> Policies:
        """What is in force at a moment, general ones and variants."""
        return self.known.at(moment)

    def of_case(self, state: State, at: datetime, unit: str = "") -> Policies:
        """What a case is judged by next; see ``policy_choice.policies_for``."""
        return policies_for(self.known, state, at, unit)

    def keep(self, at: datetime) -> None:
        """Keep the texts that ship, where they are not kept yet; once a program is enough."""
        if not self._kept:
            with self._engine.begin() as conn:
                policy_texts.keep(conn, self._shipped.versions, at)
            self._kept = True

    def refresh(self) -> bool:
        """Read the ledger where something new was said in it; whether that was so.

        What was known stays in use where a new text cannot be read. Errors: ``Mismatch`` for
        that at the first look, so that a program which does not understand refuses to start.
        """
        with self._looking:
            with self._engine.connect() as conn:
                position = ledger.newest(conn)
                if self._known is not None and position == self._position:
                    return False
                entries = ledger.entries(conn)
                kept, unread = policy_texts.kept(conn, self._shipped.versions)
            found, faults = _read(entries)
            if faults and self._known is None:
                raise Mismatch(faults)
            self.faults, self._position = tuple(faults), position
            if faults:
                log.error("published policy refused", why=[str(fault) for fault in faults])
                return False
            for fault in unread:  # nobody is judged by it; what it judged cannot be asked again
                log.warning("kept policy unread", why=str(fault))
            self._known = Policies((*self._shipped.versions, *found), tuple(kept))
            return True


def _read(entries: list[Entry]) -> tuple[list[Policy], list[Fault]]:
    """The policies of everything that was ever published."""
    found, faults = list[Policy](), list[Fault]()
    for entry in entries:
        if entry.published is None:
            continue
        policy, wrong = read_entry(entry)
        faults += wrong
        if policy is not None:
            found.append(policy)
    return found, faults
