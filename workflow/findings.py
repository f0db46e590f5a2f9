"""Findings: records that are not as they must be. One task a fault, however often it is found.

The stream of a finding is that of its kind and subject, where opening, accepting and closing take
turns: found again it stays what it is, accepted included; gone it is closed by whoever looks next;
back after that it is open again under the same number.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from urllib.parse import quote

from workflow.actor import Actor
from workflow.approvals import require_role
from workflow.facts import FindingAccepted, FindingClosed, FindingOpened, MatchWeight
from workflow.refused import Refused

FindingFact = FindingOpened | FindingAccepted | FindingClosed
SEVERITIES = ("high", "medium", "low")
_KIND = re.compile(r"[a-z0-9_-]{1,32}\.[a-z0-9_-]{1,64}")
_SUBJECT = re.compile(r"[A-Za-z0-9._:~-]{1,1000}")


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found; the fields of ``FindingOpened`` without number and time."""

    kind: str
    subject: str
    records: tuple[str, ...]
    severity: str
    role: str
    says: str
    blocks: tuple[str, ...] = ()
    policy: str | None = None
    figures: tuple[tuple[str, float], ...] = ()
    weights: tuple[MatchWeight, ...] = ()

    @property
    def finding_id(self) -> str:
        """The same for the same fault, always: ``product.without-supplier:PMP-1001``."""
        return f"{self.kind}:{self.subject}"


def stream_of(finding_id: str) -> str:
    """The stream of a finding's number. Refused: ``unknown_finding`` for what is none."""
    kind, _, subject = finding_id.partition(":")
    if not (_KIND.fullmatch(kind) and _SUBJECT.fullmatch(subject)):
        raise Refused("unknown_finding", f"There is no finding {finding_id[:80]}.")
    return f"finding/{kind}/{subject}"


def named(text: str) -> str:
    """Any text as part of a subject: what is no letter, digit, ``.``, ``_`` or ``-`` is ``~XX``."""
    return quote(text, safe="").replace("~", "%7E").replace("%", "~")


def status_of(history: Sequence[FindingFact]) -> str:
    """``open``, ``accepted`` or ``closed``; a stream without facts is ``closed``."""
    match history[-1] if history else None:
        case FindingOpened():
            return "open"
        case FindingAccepted():
            return "accepted"
        case _:
            return "closed"


def opened(history: Sequence[FindingFact], found: Found, at: datetime) -> FindingOpened | None:
    """The task to record, or ``None`` where it is known as it is.

    What is open or accepted is told again only where its severity, its owner or what it blocks
    has changed: a person accepted what it was, not what it became.
    """
    before = next((fact for fact in reversed(history) if isinstance(fact, FindingOpened)), None)
    if before is not None and status_of(history) != "closed":
        weighs = (found.severity, found.role, found.blocks)
        if weighs == (before.severity, before.role, before.blocks):
            return None
    given = {field.name: getattr(found, field.name) for field in fields(found)}
    return FindingOpened(finding_id=found.finding_id, opened_at=at, **given)


def closed(
    history: Sequence[FindingFact], finding_id: str, at: datetime, because: str
) -> FindingClosed | None:
    """That it is gone; ``None`` where that was said."""
    if status_of(history) == "closed":
        return None
    return FindingClosed(finding_id, at, because)


def accepted(
    history: Sequence[FindingFact], finding_id: str, actor: Actor, at: datetime, note: str
) -> FindingAccepted:
    """That a person lets it be; what it blocks is free from then on.

    Refused: ``unknown_finding``, ``already_decided``, ``wrong_role``, ``reason_required``.
    """
    found = next((fact for fact in reversed(history) if isinstance(fact, FindingOpened)), None)
    if found is None:
        raise Refused("unknown_finding", f"There is no finding {finding_id[:80]}.")
    status = status_of(history)
    if status != "open":
        raise Refused("already_decided", f"{finding_id} is {status} already.")
    if actor.kind != "person":
        raise Refused("wrong_role", f"Only a person may accept {finding_id}.")
    require_role(actor, found.role, f"Accepting {finding_id}")
    if not note.strip():
        raise Refused("reason_required", f"Say in a note why {finding_id} may stay so.")
    return FindingAccepted(finding_id, actor.id, at, note.strip())
