"""A case replayed from what was recorded: old and new answer of every rule and every model."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from journal.entries import Recorded
from serving.policy_replay import said_json
from serving.present import time
from serving.rescoring import Rescored, Rescorer
from serving.wiring import Services
from workflow.policy import Policies
from workflow.refused import Refused
from workflow.replaying import Rejudged, rejudged

BY_PEOPLE = ("task_decided", "second_review_given", "credit_released", "goods_received",
             "line_inspected", "portion_reinspected")  # fmt: skip
"""What people said or saw is recorded and never asked again."""


@dataclass(frozen=True, slots=True)
class CaseReplay:
    """``words`` counts what people said, which stands as it is."""

    return_id: str
    verdicts: tuple[Rejudged, ...]
    answers: tuple[Rescored, ...]
    words: int

    @property
    def differing(self) -> int:
        verdicts = sum(one.differs for one in self.verdicts)
        return verdicts + sum(one.differs for one in self.answers)

    @property
    def missing(self) -> tuple[str, ...]:
        """What can be asked no more, each once: texts that nobody kept, bundles that are gone."""
        texts = [f"the text of {v.ref} was not kept" for v in self.verdicts if v.now is None]
        gone = [
            f"the bundle of {a.asked.assessment.model.name} {a.asked.assessment.model.version}"
            f" {f'({a.digest[:19]}) ' if a.digest else ''}is missing: {a.missing}"
            for a in self.answers
            if a.now is None
        ]
        return tuple(dict.fromkeys((*texts, *gone)))


def judged_again(known: Policies, history: list[Recorded]) -> list[Rejudged]:
    """Every verdict of a case asked again of the text that gave it."""
    return list(rejudged(known, [(entry.event, entry.recorded_at) for entry in history]))


def replay_case(services: Services, conn: Connection, return_id: str) -> CaseReplay:
    """Ask every rule and every model of a case again; reads only.

    Refused: ``unknown_return``.
    """
    history = services.cases.history(conn, return_id)
    if not history:
        raise Refused("unknown_return", f"There is no return {return_id}.")
    rescorer = Rescorer(conn, services.journal, services.shelf)
    return CaseReplay(
        return_id,
        tuple(judged_again(services.policies.known, history)),
        tuple(rescorer.rescored(history)),
        sum(entry.type in BY_PEOPLE for entry in history),
    )


def replay_json(found: CaseReplay) -> dict[str, Any]:
    """The replay as plain JSON; ``result`` is ``same``, ``differs`` or ``missing``."""
    return {
        "return_id": found.return_id,
        "verdicts": [_verdict(one) for one in found.verdicts],
        "answers": [_answer(one) for one in found.answers],
        "by_people": found.words,
        "differing": found.differing,
        "missing": list(found.missing),
    }


def _result(differs: bool, gone: bool) -> str:
    return "missing" if gone else "differs" if differs else "same"


def _verdict(one: Rejudged) -> dict[str, Any]:
    asked = one.asked
    return {
        "policy": asked.policy,
        "text": one.ref,
        "line": asked.line,
        "part": asked.part,
        "at": time(asked.at),
        "then": said_json(asked.said),
        "now": said_json(one.now) if one.now else None,
        "result": _result(one.differs, one.now is None),
    }


def _answer(one: Rescored) -> dict[str, Any]:
    said, now = one.asked.assessment, one.now
    then = {"value": said.value, "confidence": said.confidence, "abstained": said.abstained}
    return {
        "point": one.asked.point,
        "line": one.asked.line,
        "part": one.asked.portion,
        "model": said.model.name,
        "version": said.model.version,
        "bundle": one.digest or None,
        "then": then,
        "now": {"value": now.value, "confidence": now.confidence, "abstained": now.abstained}
        if now
        else None,
        "result": _result(one.differs, now is None),
    }
