"""Alarms: tasks that are about no return. At most one of a kind is open about a subject.

The stream of an alarm is that of its kind and subject, where raising and settling take turns;
so who appends at the version read keeps the promise without a lock.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from workflow.actor import Actor
from workflow.approvals import require_role
from workflow.facts import AlarmRaised, AlarmSettled
from workflow.refused import Refused

AlarmFact = AlarmRaised | AlarmSettled

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def stream_of(kind: str, subject: str) -> str:
    """The stream of a kind and subject, each a short name without slashes or colons."""
    for name in (kind, subject):
        if not _NAME.fullmatch(name):
            raise AssertionError(f"{name!r} is no name of an alarm's kind or subject")
    return f"alarm/{kind}/{subject}"


def open_of(history: Sequence[AlarmFact]) -> AlarmRaised | None:
    """The alarm of a stream that nobody has settled yet."""
    last = history[-1] if history else None
    return last if isinstance(last, AlarmRaised) else None


def raised(
    history: Sequence[AlarmFact],
    kind: str,
    subject: str,
    says: str,
    role: str,
    at: datetime,
    figures: tuple[tuple[str, float], ...] = (),
    report: str | None = None,
    due_at: datetime | None = None,
) -> AlarmRaised | None:
    """The alarm to record, or ``None`` where one of this kind and subject is open."""
    if open_of(history) is not None:
        return None
    number = 1 + sum(isinstance(fact, AlarmRaised) for fact in history)
    alarm_id = f"{kind}:{subject}:{number}"
    return AlarmRaised(alarm_id, kind, subject, says, role, at, figures, report, due_at)


def settled(
    history: Sequence[AlarmFact], alarm_id: str, actor: Actor, at: datetime, note: str
) -> AlarmSettled:
    """What a person says came of an alarm.

    Refused: ``already_decided``, ``wrong_role``, ``reason_required`` (an empty note).
    """
    alarm = open_of(history)
    if alarm is None or alarm.alarm_id != alarm_id:
        raise Refused("already_decided", f"{alarm_id} is settled already.")
    if actor.kind != "person":
        raise Refused("wrong_role", f"Only a person may settle {alarm_id}.")
    require_role(actor, alarm.role, f"Settling {alarm_id}")
    if not note.strip():
        raise Refused("reason_required", f"Say in a note what came of {alarm_id}.")
    return AlarmSettled(alarm_id, actor.id, at, note.strip())
