"""Whether a version's answers mean what they say: told by what people found right.

A bundle whose labels were exchanged, or whose scores are upside down, keeps every promise of
``models.checks``: it adds up, reloads and is quick. Here its answers are held against people's.
Old answers do as well as new ones, since knowing them by heart helps nobody to exchange them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr

from models.house import CODES
from models.masking import mask
from models.protocol import Model
from training import judging
from training.judging import Question
from training.labels import SUSPECT
from training.rows import Example, Rows
from training.split import Boundary

MOST_ASKED = 300
"""Newest questions that are asked."""
BEYOND_CHANCE = 3.0
"""Standard deviations; one version in a thousand is further off by chance."""
LEAST_GAIN = 0.05
"""Share of the answers that another naming must put right: less may be what has changed since."""
MOST_NAMED = 5
"""Codes that a sentence names."""
_EVER = Boundary(datetime.min.replace(tzinfo=UTC), "")

At = NDArray[np.intp]


def answered_by_people(name: str, rows: Rows) -> list[Question]:
    """The newest questions of the journal that a person answered, learned from or not."""
    return judging.held_out(name, rows, _EVER)[-MOST_ASKED:]


def faults(model: Model, asked: Sequence[Question]) -> list[str]:
    """What is the wrong way round, in sentences; nothing where that cannot be told from chance."""
    if not asked or not model.card.says:
        return []
    if model.card.name in ("reason", "disposition"):
        return _misnamed(model, asked)
    return _upside_down(model, asked)


def _misnamed(model: Model, asked: Sequence[Question]) -> list[str]:
    """Codes that would be right more often by each other's names.

    The other naming is chosen on one half of the questions and judged on the other half.
    """
    codes = CODES[model.card.name]
    pairs = _pairs(model, asked, codes)
    halves = pairs[::2], pairs[1::2]
    gained = lost = 0
    for chosen_on, judged_on in (halves, halves[::-1]):
        named = _best_names(chosen_on, len(codes))
        better = named[judged_on[:, 1]] == judged_on[:, 0]
        right = judged_on[:, 1] == judged_on[:, 0]
        gained += int((better & ~right).sum())
        lost += int((right & ~better).sum())
    most = max(BEYOND_CHANCE * float(np.sqrt(gained + lost)), LEAST_GAIN * len(pairs))
    if gained - lost <= most:
        return []
    named = _best_names(pairs, len(codes))
    moved = [f"{codes[i]} as {codes[k]}" for i, k in enumerate(named.tolist()) if i != k]
    more = [f"{len(moved) - MOST_NAMED} more"] if len(moved) > MOST_NAMED else []
    return [
        f"its labels are exchanged: of {len(pairs)} answers {gained - lost} more would be right"
        f" if one read {', '.join([*moved[:MOST_NAMED], *more])}"
    ]


def _pairs(model: Model, asked: Sequence[Question], codes: Sequence[str]) -> At:
    """Numbers of what people chose and of what the model says first, of what the rules left."""
    place = {code: i for i, code in enumerate(codes)}
    said = model.predict([judging.row_of(question) for question in asked])
    found = []
    for answer, question in zip(said, asked, strict=True):
        if isinstance(question, Example) and question.allowed:
            answer, _ = mask(answer, question.allowed)
        truth = place.get(judging.truth_of(question))
        first = place.get(answer.candidates[0].value) if answer.candidates else None
        if truth is not None and first is not None:
            found.append((truth, first))
    return np.array(found, dtype=np.intp).reshape(-1, 2)


def _best_names(pairs: At, codes: int) -> At:
    """For each code said, the one that would be right most often; its own where nothing is won."""
    counts = np.zeros((codes, codes))
    np.add.at(counts, (pairs[:, 1], pairs[:, 0]), 1.0)
    _, names = linear_sum_assignment(counts + 0.5 * np.eye(codes), maximize=True)
    return np.asarray(names, dtype=np.intp)


def _upside_down(model: Model, asked: Sequence[Question]) -> list[str]:
    """Scores that fall where what people found rises."""
    examples = [question for question in asked if isinstance(question, Example)]
    said = model.predict([example.row for example in examples])
    known = [
        (answer.confidence, float(e.loss_minor or 0) if _ranks(model) else e.label == SUSPECT)
        for answer, e in zip(said, examples, strict=True)
        if answer.confidence is not None
    ]
    scores, found = np.array(known, dtype=np.float64).reshape(-1, 2).T
    if len(set(scores.tolist())) < 2 or len(set(found.tolist())) < 2:
        return []
    rank = float(spearmanr(scores, found).statistic)
    if -rank * np.sqrt(len(scores) - 1) <= BEYOND_CHANCE:
        return []
    what = "the more was lost" if _ranks(model) else "the more people found wrong"
    return [
        f"its scores are upside down: the lower, {what} ({len(scores)} answers, rank correlation"
        f" {rank:.2f})"
    ]


def _ranks(model: Model) -> bool:
    return model.card.name == "exception_rank"
