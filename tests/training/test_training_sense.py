"""Exchanged labels and scores upside down are found; an honest version is left alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.house import CODES
from models.prior import Prior
from models.protocol import Card, Prediction
from training import sense
from training.judging import Question
from training.labels import NORMAL, SUSPECT
from training.rows import Example, Rows, TextExample
from workflow.assessment import Candidate, Explanation, Row

AT = datetime(2026, 11, 2, tzinfo=UTC)
REASONS = CODES["reason"]


class Says:
    """Answers each row by a table: column ``told`` -> a code, or a score."""

    def __init__(self, name: str, names: Mapping[str, str] | None = None, sign: int = 1) -> None:
        self.card: Card = replace(Prior(name).card, says=CODES[name])
        self._names, self._sign = names or {}, sign

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        return [self._answer(row) for row in rows]

    def explain(
        self, rows: Sequence[Row], top: int | None = None, of: Sequence[str | None] | None = None
    ) -> list[Explanation | None]:
        return [None for _ in rows]

    def _answer(self, row: Row) -> Prediction:
        if self.card.name in ("credit_anomaly", "exception_rank"):
            score = float(str(row["told"]))
            return Prediction("normal", score if self._sign > 0 else 1 - score, None)
        told = str(row.get("told", row.get("text")))
        said = self._names.get(told, told)
        others = [code for code in CODES[self.card.name] if code != said]
        shares = tuple(Candidate(code, 0.2 / len(others)) for code in others)
        return Prediction(said, 0.8, None, (Candidate(said, 0.8), *shares), (said,))


def texts(count: int, right: float = 0.8) -> list[Question]:
    """Texts that say a reason; people settled on it in that share of them."""
    chance = np.random.default_rng(3)
    found: list[Question] = []
    for i in range(count):
        told = str(chance.choice(REASONS))
        settled = told if chance.random() < right else str(chance.choice(REASONS))
        at = AT + timedelta(hours=i)
        found.append(TextExample(f"R-{i}/1", told, settled, at, i, "C-1", "unit"))
    return found


def scored(name: str, count: int = 120) -> list[Question]:
    """Rows with a score, and what people found: the higher, the more often wrong or lost."""
    chance = np.random.default_rng(4)
    found: list[Question] = []
    for i in range(count):
        score = float(chance.random())
        bad = chance.random() < score
        about = Example(f"X-{i}", {"told": score}, AT, i, f"X-{i}", "C-1", "unit", "recall")
        found.append(
            replace(about, loss_minor=int(bad) * 5000)
            if name == "exception_rank"
            else replace(about, label=SUSPECT if bad else NORMAL)
        )
    return found


def test_an_honest_version_is_left_alone() -> None:
    """Right or wrong now and then: no other naming of its codes would be better."""
    assert sense.faults(Says("reason"), texts(300)) == []
    assert sense.faults(Says("reason"), texts(300, right=0.1)) == []


def test_two_exchanged_labels_are_found_and_named() -> None:
    """Though all others are right, and though a fifth of the answers is wrong anyway."""
    one, other = REASONS[:2]
    asked = [q for q in texts(600) if isinstance(q, TextExample) and q.text in REASONS[:4]]
    (told,) = sense.faults(Says("reason", {one: other, other: one}), asked)
    assert told.startswith("its labels are exchanged")
    assert told.endswith(f"if one read {one} as {other}, {other} as {one}")


def test_labels_all_moved_on_by_one_are_found() -> None:
    """Every answer is the next code of the list."""
    names = dict(zip(REASONS, (*REASONS[1:], REASONS[0]), strict=True))
    (told,) = sense.faults(Says("reason", names), texts(300))
    first = REASONS[: sense.MOST_NAMED]
    expected = [f"{said} as {ours}" for ours, said in names.items() if said in first]
    assert all(one in told for one in expected) and told.endswith("13 more")


def test_a_wrong_answer_by_chance_is_no_exchange() -> None:
    """A version that guesses is bad, which other gates say; its labels are not exchanged."""
    chance = np.random.default_rng(9)
    names = dict(zip(REASONS, chance.permutation(REASONS).tolist(), strict=True))
    assert sense.faults(Says("reason", names), texts(12)) == []


@pytest.mark.parametrize("name", ["credit_anomaly", "exception_rank"])
def test_scores_upside_down_are_found(name: str) -> None:
    """High where people found nothing, low where they did; the right way round passes."""
    assert sense.faults(Says(name), scored(name)) == []
    (told,) = sense.faults(Says(name, sign=-1), scored(name))
    assert told.startswith("its scores are upside down") and "120 answers" in told


@pytest.mark.parametrize("name", CODES)
def test_nothing_is_said_of_nothing(name: str) -> None:
    """Without an answer of people, or of one kind only, nothing can be told."""
    assert sense.faults(Says(name), []) == []
    assert sense.faults(Prior(name), scored(name)[:1]) == []
    if name in ("credit_anomaly", "exception_rank"):
        assert sense.faults(Says(name, sign=-1), scored(name)[:1]) == []


def test_the_newest_answers_of_people_are_asked() -> None:
    """As many as are needed, the newest of the journal."""
    rows = Rows(texts=[q for q in texts(400, 1.0) if isinstance(q, TextExample)])
    unique = [replace(text, text=f"{text.text} {i}") for i, text in enumerate(rows.texts)]
    asked = sense.answered_by_people("reason", Rows(texts=unique))
    assert [q.subject for q in asked] == [q.subject for q in unique[-sense.MOST_ASKED :]]
