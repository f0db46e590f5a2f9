"""The challenger answers what the champion answered: afterwards, in private, with no effect.

The champion's answer was recorded with the row it saw, so the challenger is asked the same row
by a worker, minutes later. No request waits for it and no failure of it reaches one; the case
never hears of it. What it said is kept beside what the champion said, with the lane that the
rollout policy makes of either, and ``comparison.py`` sums it up.
"""

import time
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection, RowMapping

from journal import automation, lookups
from journal.answers import Answer, answers_after, last_of
from journal.entries import Append, Conflict
from models.masking import mask
from models.protocol import Model, Prediction
from serving.assessor import situation
from serving.shelf import Champion, OnShelf
from serving.wiring import Services
from serving.would_be import Lane, lane_of
from workflow.actor import Actor
from workflow.assessment import Assessment
from workflow.events import AssessmentRecorded
from workflow.evolve import fold
from workflow.facts import ChallengerAnswered
from workflow.promoting import MODELS

log = structlog.get_logger("serving.shadow")
SHADOW = Actor("challenger", frozenset(), "model")
BATCH = 100
MOST_SECONDS = 40.0
"""A run of one model ends about here; the next goes on where it ended."""


@dataclass
class Shadow:
    """Keeps the challengers of one worker loaded; ``faults`` says why one cannot answer."""

    services: Services
    faults: dict[str, str] = field(default_factory=dict)
    _held: dict[str, OnShelf] = field(default_factory=dict)

    def run(self) -> int:
        """Ask every challenger what it has not been asked yet; answers how many answers."""
        return sum(self._run(name) for name in MODELS)

    def _run(self, name: str) -> int:
        with self.services.engine.connect() as conn:
            challenger = lookups.champion(conn, name, "challenger")
            champion = lookups.champion(conn, name)
        if challenger is None or (champion and _same(challenger, champion)):
            self._held.pop(name, None)
            self.faults.pop(name, None)
            return 0
        held = self._loaded(challenger)
        if held is None:
            return 0
        done, end = 0, time.monotonic() + MOST_SECONDS
        while time.monotonic() < end:
            answered = self._batch(held, challenger)
            done += answered
            if answered < BATCH:
                break
        return done

    def _loaded(self, row: RowMapping) -> OnShelf | None:
        name = row["name"]
        held = self._held.get(name)
        if held is not None and held.digest == row["bundle_digest"]:
            return held
        promoted = Champion(name, row["version"], row["bundle_digest"], "challenger")
        try:
            self._held[name] = self.services.shelf.load(promoted)
        except Exception as error:
            # As on the shelf: a store raises errors of its own kinds, and others must go on.
            log.error("challenger refused", model=name, version=row["version"], why=str(error))
            self.faults[name] = str(error)
            self._held.pop(name, None)
            return None
        self.faults.pop(name, None)
        return self._held[name]

    def _batch(self, held: OnShelf, challenger: RowMapping) -> int:
        """Answers of the champion from where the last run ended, shadowed in one transaction."""
        name, stream = held.ref.name, f"shadow/{held.ref.name}"
        with self.services.engine.begin() as conn:
            last = last_of(conn, stream)
            version = last[0].version if last else 0
            after = max(challenger["position"], last[0].payload["of_position"] if last else 0)
            until = self.services.journal.settled(conn)
            asked = answers_after(conn, name, after, until, BATCH)
            events = tuple(self._shadowed(conn, held, answer) for answer in asked)
            if events:
                now = self.services.clock()
                try:
                    append = Append(stream, events, SHADOW, now, expected_version=version)
                    self.services.journal.append(conn, [append])
                except Conflict:
                    conn.rollback()
                    log.info("another worker shadows", model=name)
                    return 0
        return len(events)

    def _shadowed(self, conn: Connection, held: OnShelf, answer: Answer) -> ChallengerAnswered:
        said, fault, took_ms = _ask(held.model, answer)
        champion = answer.entry.event.assessment
        mine = Assessment(
            held.ref, said.value, said.confidence, said.abstained, said.candidates, said.set
        )
        theirs, ours = self._lanes(conn, answer, champion, mine)
        return ChallengerAnswered(
            name=held.ref.name,
            version=held.ref.version,
            champion_version=answer.version,
            subject=answer.subject,
            of_position=answer.entry.position,
            amount_minor=theirs.amount_minor,
            currency=theirs.currency,
            value=said.value,
            confidence=said.confidence,
            abstained=said.abstained,
            lane=ours.lane,
            champion_value=champion.value,
            champion_confidence=champion.confidence,
            champion_lane=theirs.lane,
            took_ms=took_ms,
            fault=fault,
        )

    def _lanes(
        self, conn: Connection, answer: Answer, champion: Assessment, mine: Assessment
    ) -> tuple[Lane, Lane]:
        """Both lanes as the policies of that day see them, the case as it then was."""
        if answer.entry.type != "assessment_recorded":
            row = champion.row
            amount = row.get("exception_exposure_minor") or row.get("credit_amount_minor") or 0
            outside = Lane(None, int(amount), "")
            return outside, outside
        event = answer.entry.event
        history = self.services.cases.history(conn, event.return_id)[: answer.entry.version]
        state = situation(fold(entry.event for entry in history), event.return_id)
        at = answer.entry.recorded_at
        policies = self.services.policies.of_case(state, at)
        # The challenger has no guarantee of its own yet: it is held to the champion's threshold.
        least = self._least(conn, event)
        first = lane_of(state, event, champion, policies, least, at)
        return first, lane_of(state, event, mine, policies, least, at)

    def _least(self, conn: Connection, asked: AssessmentRecorded) -> float | None:
        """How sure an answer had to be when this one entered, by the clearance that it was then
        compared with: the lane may have narrowed or opened since. ``None``: none passed."""
        number = asked.clearing.clearance if asked.clearing else None
        told = automation.history(self.services.journal, conn, asked.point)
        return next((fact.threshold for fact in told if fact.clearance_id == number), None)


def _same(one: RowMapping, other: RowMapping) -> bool:
    return bool(one["bundle_digest"] == other["bundle_digest"])


def _ask(model: Model, answer: Answer) -> tuple[Prediction, str, float]:
    """The challenger's answer among what the rules left then, a fault, and its milliseconds."""
    start = time.perf_counter()
    try:
        (said,) = model.predict([answer.assessment["row"]])
        removed = {one["value"] for one in answer.assessment["masked"]}
        if removed:
            said, _ = mask(said, [c.value for c in said.candidates if c.value not in removed])
        fault = ""
    except Exception as error:
        # Whatever it raises is what we are here to learn; the next row is asked all the same.
        said, fault = Prediction(None, None, "no_model"), f"{type(error).__name__}: {error}"[:500]
        log.error("challenger failed", model=model.card.name, subject=answer.subject, why=fault)
    return said, fault, round((time.perf_counter() - start) * 1000, 3)
