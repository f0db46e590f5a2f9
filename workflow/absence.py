"""Absence: a person takes no tasks from a day to a day. Why is nobody's business here.

Each absence is a stream of its own; ``workflow.delegation`` says who acts meanwhile, if anybody.
"""

from collections.abc import Sequence
from datetime import date, datetime

from workflow.actor import Actor
from workflow.delegation import check_days, require_self_or_admin
from workflow.facts import AbsenceEnded, AbsenceRecorded
from workflow.refused import Refused

AbsenceFact = AbsenceRecorded | AbsenceEnded


def stream_of(absence_id: str) -> str:
    return f"absence/{absence_id}"


def recorded(
    absence_id: str, person: str, first_day: date, last_day: date, actor: Actor, at: datetime
) -> AbsenceRecorded:
    """The fact to record. Refused: ``wrong_role`` (neither they nor an admin),
    ``invalid_period``."""
    require_self_or_admin(actor, person, "Recording the absence of")
    check_days(first_day, last_day, at)
    return AbsenceRecorded(absence_id, person, first_day, last_day, actor.id, at)


def ended(history: Sequence[AbsenceFact], actor: Actor, at: datetime) -> AbsenceEnded:
    """The fact that somebody is back, or never went.

    Refused: ``unknown_absence``, ``already_decided``, ``wrong_role``.
    """
    if not history or not isinstance(history[0], AbsenceRecorded):
        raise Refused("unknown_absence", "There is no such absence.")
    away = history[0]
    if len(history) > 1:
        raise Refused("already_decided", f"{away.absence_id} is ended already.")
    require_self_or_admin(actor, away.person, "Ending the absence of")
    return AbsenceEnded(away.absence_id, actor.id, at)
