"""Asks models what a case waits for; each answer enters the case as a command.

Features are read at the moment of the question (and the journal position is kept with the
answer), options that rules remove are masked before anything is ranked, and a model that is
not there abstains: the case then goes to people.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from features.catalogue import CREDIT_ANOMALY, DISPOSITION
from features.questions import about_credit, about_portion, ask
from features.sets import Wanted as MemoryKey
from journal import lookups
from journal.journal import Journal
from models.masking import mask
from serving.automation import clearing
from serving.cases import Cases, Handled
from serving.policy_shelf import PolicyShelf
from serving.shelf import OnShelf, Shelf, prior
from workflow.actor import Actor
from workflow.asking import dispositions_left
from workflow.assessment import Assessment, Masked, Row
from workflow.commands import RecordAssessment
from workflow.refused import Refused
from workflow.state import Born, Line, State, Unborn
from workflow.wanted import Wanted, wanted

GetModel = Callable[[str], OnShelf]
Draw = Callable[[], int]
"""A number from 0 to 999, each as likely: decides which answers are audited."""

MODEL = Actor("models", frozenset(), "model")
MOST_ANSWERS = 2000
"""No case asks for more answers at once: lines are bounded at 500, each with three points."""

TOP_PUSHES = 8
"""How many pushes of an explanation are kept with a case; the rest are summed into one."""


class Assessor:
    """Answers what cases wait for. Safe to share between threads."""

    def __init__(
        self,
        cases: Cases,
        journal: Journal,
        shelf: Shelf,
        policies: PolicyShelf,
        draw: Draw,
    ) -> None:
        self._cases, self._journal, self._shelf = cases, journal, shelf
        self._policies, self._draw = policies, draw

    def answer_all(
        self, conn: Connection, return_id: str, at: datetime, get: GetModel | None = None
    ) -> Handled:
        """Ask every model that the case waits for, until none is wanted.

        ``get`` names other models than those on the shelf; see ``give_up``.
        """
        ask_of = get or self._shelf.get
        state, version = self._cases.state(conn, return_id)
        handled = Handled(state, version, ())
        for _ in range(MOST_ANSWERS):
            waiting = wanted(handled.state)
            if not waiting or isinstance(handled.state, Unborn):
                return handled
            want = waiting[0]
            said = self._assess(conn, handled.state, want, at, ask_of)
            line = _line(handled.state, want)
            command = RecordAssessment(
                want.point,
                want.line,
                said,
                MODEL,
                at,
                want.portion,
                clearing(conn, want.point, said, self._draw(), line),
                _too_little_left(conn, line, want),
            )
            handled = self._cases.handle(conn, return_id, command)
        raise AssertionError(f"{return_id} still waits for answers after {MOST_ANSWERS}")

    def give_up(self, conn: Connection, return_id: str, at: datetime) -> Handled:
        """Abstain in the name of models that keep failing, so that people decide."""
        return self.answer_all(conn, return_id, at, prior)

    def _assess(
        self, conn: Connection, state: Born, want: Wanted, at: datetime, get: GetModel
    ) -> Assessment:
        line = _line(state, want)
        if want.point == "reason":
            row: Row = {"text": line.requested.reason_text}
            return assess(get("reason"), row)
        row, position = self.row(conn, state, want, at)
        if want.point == "credit":
            return assess(get("credit_anomaly"), row, position=position)
        portion = state.case.portion(want.portion or "")
        if portion is None:
            raise AssertionError(f"{state.case.return_id} waits for portion {want.portion}")
        left = dispositions_left(state.case, portion, self._policies.of_case(state, at), at)
        return assess(get("disposition"), row, left.allowed, left.masked, position)

    def row(
        self, conn: Connection, state: Born, want: Wanted, at: datetime
    ) -> tuple[dict[str, str | int | float | bool | None], int]:
        """The features of a portion or credit as of now, and the journal position they know."""
        return_id = state.case.return_id
        if want.point == "credit":
            sequence = int(want.portion) if want.portion else None
            question = about_credit(return_id, want.line, sequence, at)
            feature_set = CREDIT_ANOMALY
        else:
            question = about_portion(return_id, want.line, want.portion, at)
            feature_set = DISPOSITION
        positions = [0]

        def read(keys: object) -> Mapping[MemoryKey, dict[str, object]]:
            memories, position = self._journal.memories(conn, keys)  # type: ignore[arg-type]
            positions.append(position)
            return memories

        _, row = ask(feature_set, question, read)
        return row, max(positions)


def _line(state: Born, want: Wanted) -> Line:
    line = state.case.line(want.line)
    if line is None:
        raise AssertionError(f"{state.case.return_id} waits for line {want.line}")
    return line


def assess(
    shelf: OnShelf,
    row: Row,
    allowed: tuple[str, ...] | None = None,
    removed: tuple[Masked, ...] = (),
    position: int = 0,
    top: int | None = TOP_PUSHES,
) -> Assessment:
    """One model's answer about one row, masked to what the rules allow, with its reasons."""
    prediction = shelf.model.predict([row])[0]
    masked = removed
    if allowed is not None:
        prediction, named = mask(prediction, allowed, removed)
        masked = tuple(named)
    # Why this value, which may not be the model's own first choice once rules removed some.
    explanation = shelf.model.explain([row], top, of=[prediction.value])[0]
    return Assessment(
        model=shelf.ref,
        value=prediction.value,
        confidence=prediction.confidence,
        abstained=prediction.abstained,
        candidates=prediction.candidates,
        set=prediction.set,
        masked=masked,
        explanation=explanation,
        row=dict(row),
        asked_at_position=position,
    )


def situation(state: State, return_id: str) -> Born:
    """The state of a case that exists, or ``Refused('unknown_return')``."""
    if isinstance(state, Unborn):
        raise Refused("unknown_return", f"There is no return {return_id}.")
    return state


def _too_little_left(conn: Connection, line: Line, want: Wanted) -> int | None:
    """Net that the invoice line of a credit has left, where that does not bear the credit."""
    source = line.requested.source
    if want.point != "credit" or source is None:
        return None
    known = lookups.source_line(conn, source.invoice_id, source.line)
    asked = [c.proposed.net_minor for c in line.credits if str(c.sequence) == want.portion]
    if known is None or not asked or asked[0] <= known.creditable_minor:
        return None
    return known.creditable_minor
