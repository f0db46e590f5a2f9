"""Asks models about what a batch of facts raised, each as of the moment it was recorded.

A batch is appended at once, but a question arises in the middle of it. So the memories that
the questions need are read before the append, and learn the batch again here, fact by fact:
each row is made right after its own fact, as training's replay makes it. Only those few
memories are walked; the journal itself learns all of them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from features.catalogue import FOLDS, SETS
from features.fold import Fact, Fold, Memory, Value
from features.questions import ask, questions_of, subjects
from features.sets import Wanted
from journal.codec import encode
from journal.entries import Recorded
from models.bundle import Mismatch
from models.protocol import Model
from workflow.assessment import Assessment, ModelRef
from workflow.facts import CreditMatched, CreditNoteAssessed, ExceptionAssessed, ExceptionRaised

TOP_PUSHES = 5
"""How many pushes of an explanation are kept; the rest are summed into one."""

_ASKING = (CreditMatched, ExceptionRaised)

_LISTENING: dict[str, tuple[Fold, ...]] = {
    type_name: tuple(fold for fold in FOLDS if type_name in fold.listens)
    for type_name in sorted({name for fold in FOLDS for name in fold.listens})
}


@dataclass(frozen=True, slots=True)
class Row:
    """One question with its row, and the position up to which its features had learned."""

    model: str
    subject: str
    cells: Mapping[str, Value]
    position: int


def check_fits(model: Model) -> None:
    """Refuse a model whose columns are not the features of this version.

    Errors: ``Mismatch``. A prior reads nothing and always fits.
    """
    card = model.card
    if card.reads and card.feature_set != SETS[card.name].fingerprint:
        raise Mismatch(
            f"{card.name} version {card.version} was trained on other features "
            f"({card.feature_set}); train it again."
        )


def wanted_by(events: Iterable[object], at: datetime) -> set[Wanted]:
    """The memories that the questions of these events will need."""
    wanted: set[Wanted] = set()
    for event in events:
        if isinstance(event, _ASKING):
            type_name, payload = encode(event)
            for asked in questions_of(Fact(0, at, type_name, payload)):
                wanted.update(subjects(asked.question))
                wanted.update(SETS[asked.model].needs(asked.question))
    return wanted


def rows_of(
    recorded: Iterable[Recorded], wanted: Collection[Wanted], before: Mapping[Wanted, Memory]
) -> list[Row]:
    """The row of every question, in the order the questions arose.

    ``before`` are the memories as they were before the first of ``recorded``.
    """
    memories: dict[Wanted, Memory] = dict(before)
    rows: list[Row] = []
    for entry in recorded:
        fact = Fact(entry.position, entry.recorded_at, entry.type, entry.payload)
        for fold in _LISTENING.get(entry.type, ()):
            for key in fold.keys(fact):
                name = (fold.name, key)
                if name in wanted:
                    memories[name] = fold.learn(memories.get(name, {}), key, fact)
        for asked in questions_of(fact):
            _, cells = ask(SETS[asked.model], asked.question, lambda _: memories)
            rows.append(Row(asked.model, asked.subject, cells, entry.position))
    return rows


def assessments(
    rows: Sequence[Row], anomaly: Model, rank: Model
) -> list[CreditNoteAssessed | ExceptionAssessed]:
    """The models' answers as facts; each model is asked once, for all its rows."""
    answers: list[CreditNoteAssessed | ExceptionAssessed] = []
    for row, said in _said(anomaly, [row for row in rows if row.model == "credit_anomaly"]):
        note, _, line = row.subject.rpartition("/")
        answers.append(CreditNoteAssessed(note, int(line), said))
    for row, said in _said(rank, [row for row in rows if row.model == "exception_rank"]):
        answers.append(ExceptionAssessed(row.subject, said))
    return answers


def _said(model: Model, rows: Sequence[Row]) -> list[tuple[Row, Assessment]]:
    if not rows:
        return []
    card = model.card
    feature_set = card.feature_set or SETS[card.name].fingerprint
    alias = "champion" if card.reads else None
    ref = ModelRef(card.name, card.version, alias, feature_set, card.trained_at)
    cells = [row.cells for row in rows]
    return [
        (
            row,
            Assessment(
                model=ref,
                value=prediction.value,
                confidence=prediction.confidence,
                abstained=prediction.abstained,
                candidates=prediction.candidates,
                set=prediction.set,
                explanation=explanation,
                row=row.cells,
                asked_at_position=row.position,
            ),
        )
        for row, prediction, explanation in zip(
            rows, model.predict(cells), model.explain(cells, TOP_PUSHES), strict=True
        )
    ]
