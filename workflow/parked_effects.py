"""Parked effects are for people: who may touch one, and that it is one of this case."""

from typing import NamedTuple

from workflow.actor import Actor
from workflow.approvals import require_any_role
from workflow.refused import Refused
from workflow.run import Run

ROLES = ("finance_lead", "admin")


class Wording(NamedTuple):
    """What is done to an effect, as refusals say it: ``correct an effect``, ``Correcting``,
    ``corrected``."""

    act: str
    doing: str
    done: str


def check_parked(run: Run, actor: Actor, key: str, how: Wording) -> None:
    """Refused: ``wrong_role`` (also programs), ``unknown_effect``, ``not_parked``."""
    if actor.kind != "person":
        raise Refused("wrong_role", f"Only a person may {how.act}.")
    require_any_role(actor, ROLES, f"{how.doing} {key}")
    status = run.case.effects.get(key)
    if status is None:
        raise Refused("unknown_effect", f"{run.case.return_id} never asked for {key}.")
    if status != "parked":
        raise Refused("not_parked", f"{key} is not parked; it cannot be {how.done}.")
