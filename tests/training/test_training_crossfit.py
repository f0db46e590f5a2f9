"""Answers about the past come from models that did not know it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from models.calibration import softmax
from models.protocol import Column
from models.tabular import Layout
from training.boosting import leaves_for
from training.crossfit import STRETCHES, Past, crossfit, folds, own_columns, stretches
from training.rows import Example

START = datetime(2026, 1, 5, tzinfo=UTC)
LAYOUT = Layout((Column("line_x", "number", "", "{value}"), Column("hum", "number", "", "")), {})


def examples(count: int) -> list[Example]:
    """Two portions a case, in time order."""
    return [
        Example(
            f"R-{i // 2}/{i % 2}", {}, START + timedelta(hours=i), i, f"R-{i // 2}", "C", "", ""
        )
        for i in range(count)
    ]


def past(count: int = 300) -> Past:
    chance = np.random.default_rng(2)
    matrix = chance.normal(size=(count, 2))
    labels = (matrix[:, 0] + chance.normal(size=count) > 0).astype(np.float64)
    return Past(
        LAYOUT,
        matrix,
        labels,
        2,
        np.ones(count),
        np.ones(count, dtype=np.bool_),
        stretches(examples(count)),
        own_columns(LAYOUT, ("line_",)),
    )


def test_stretches_are_of_about_one_size_and_tear_no_case_apart() -> None:
    """In the order of time, five of them."""
    some = examples(101)
    found = stretches(some)
    assert (np.diff(found) >= 0).all()
    assert np.bincount(found).min() >= 18
    assert len(np.bincount(found)) == STRETCHES
    by_case = {example.case: set[int]() for example in some}
    for example, stretch in zip(some, found.tolist(), strict=True):
        by_case[example.case].add(stretch)
    assert all(len(where) == 1 for where in by_case.values())


def test_an_answer_does_not_know_its_own_stretch() -> None:
    """Labels turned round in one stretch change the answers to others, not to it."""
    usual = past()
    mine = usual.stretch == 2
    turned = replace(usual, labels=np.where(mine, 1 - usual.labels, usual.labels))
    one = crossfit(replace(usual, classes=1), seed=1)
    two = crossfit(replace(turned, classes=1), seed=1)
    mine_agree = np.corrcoef(one.answers[mine, 0], two.answers[mine, 0])[0, 1]
    others_agree = np.corrcoef(one.answers[~mine, 0], two.answers[~mine, 0])[0, 1]
    assert mine_agree > 0.9
    assert others_agree < mine_agree


def test_what_is_not_to_be_taught_is_only_answered() -> None:
    """Labels of held-out rows change nothing about the model."""
    usual = past()
    held = np.arange(300) % 7 == 0
    one = crossfit(replace(usual, taught=~held), seed=1)
    labels = np.where(held, 1 - usual.labels, usual.labels)
    two = crossfit(replace(usual, labels=labels, taught=~held), seed=1)
    np.testing.assert_array_equal(
        one.scorer.linear.margins(usual.matrix), two.scorer.linear.margins(usual.matrix)
    )


def test_answers_are_about_as_good_as_anybodys() -> None:
    """The signal is found, and confidence is near what is right: no answer was learned by heart."""
    learned = crossfit(past(), seed=1)
    chances = softmax(learned.answers)
    labels = past().labels.astype(np.intp)
    right = chances.argmax(axis=1) == labels
    assert 0.68 < right.mean() < 0.85
    assert abs(chances.max(axis=1).mean() - right.mean()) < 0.08
    assert 0.0 <= learned.scorer.linear_share <= 1.0


def test_trees_grow_with_the_rows() -> None:
    """Few rows say little of what interacts."""
    assert [leaves_for(rows) for rows in (100, 5_000, 20_000, 10**6)] == [4, 8, 16, 31]


def test_shares_are_learned_as_the_log_odds_of_their_mean() -> None:
    """All or next to nothing, as losses are; a column that must not lower them never does,
    whatever the linear half would like."""
    usual = past()
    chance = np.random.default_rng(3)
    odds = 1.5 * usual.matrix[:, 0] - 0.5
    all_of_it = chance.random(len(odds)) < 1 / (1 + np.exp(-odds))
    shares = np.where(all_of_it, 0.9, 0.02)
    rising = np.array([False, True])
    learned = crossfit(replace(usual, labels=shares, classes=1, shares=True, rising=rising), seed=1)
    assert np.corrcoef(learned.answers[:, 0], odds)[0, 1] > 0.9
    said = 1 / (1 + np.exp(-learned.answers[:, 0]))
    assert abs(said.mean() - shares.mean()) < 0.03
    steps = np.column_stack([np.zeros(50), np.linspace(-3, 3, 50)])
    assert (np.diff(learned.scorer.margins(steps)[:, 0]) >= -1e-12).all()


def test_every_row_is_answered_once() -> None:
    """By a turn that knows all rows but those of its own stretch."""
    turns = folds(past().stretch)
    assert (np.sum([out for _, out in turns], axis=0) == 1).all()
    assert all((known == ~out).all() for known, out in turns)


def test_a_column_may_have_any_name() -> None:
    """Columns made from items of a list are called what the item says; answers stay the same."""
    usual = replace(past(), classes=1)
    names = ('hazards={"lead": [Pb], total}', "hazards={lead total}")
    columns = tuple(
        replace(column, name=name) for column, name in zip(LAYOUT.columns, names, strict=True)
    )
    renamed = replace(usual, layout=Layout(columns, {}))
    np.testing.assert_array_equal(
        crossfit(renamed, seed=1).answers, crossfit(usual, seed=1).answers
    )
