"""The three tabular models keep their promises on a small world with a known pattern."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from models.credit_anomaly import model as anomaly_model
from models.credit_anomaly.model import CreditAnomaly
from models.disposition import model as disposition_model
from models.disposition.model import DispositionModel
from models.exception_rank import model as rank_model
from models.exception_rank.model import ExceptionRank
from models.protocol import Card
from tests.training.small_world import SmallWorld
from training import credit_anomaly, disposition, exception_rank
from training.enough import TooLittle
from training.made import Made, Savable
from training.rows import Example, Rows, gather
from workflow.assessment import Row

FITS = {
    "disposition": disposition.fit,
    "credit_anomaly": credit_anomaly.fit,
    "exception_rank": exception_rank.fit,
}
LOADS: dict[str, Callable[[Path, Card], Savable]] = {
    "disposition": disposition_model.load,
    "credit_anomaly": anomaly_model.load,
    "exception_rank": rank_model.load,
}
NAMES = tuple(FITS)


@cache
def rows() -> Rows:
    return gather(SmallWorld(3).facts(700, 100))


@cache
def made(name: str) -> Made:
    return FITS[name](rows().of(name), seed=1)


def card(of: Made) -> Card:
    return Card(of.name, "1", of.columns, of.says, of.output, of.feature_set, None, of.limits, {})


@cache
def model(name: str) -> Savable:
    return made(name).build(card(made(name)))


def some_rows(name: str) -> list[Row]:
    return [dict(example.row) for example in made(name).examples[:25]]


@pytest.mark.parametrize("name", NAMES)
def test_explanations_add_up_and_sentences_are_whole(name: str) -> None:
    """Base, pushes and residual are the total; the residual is under 1e-6; no brace is left."""
    for told in model(name).explain(some_rows(name)):
        assert told is not None
        together = told.base + sum(push.push for push in told.pushes) + told.residual
        assert abs(together - told.total) < 1e-9
        assert abs(told.residual) < 1e-6
        assert all(push.says and "{" not in push.says for push in told.pushes)
        assert len({push.feature for push in told.pushes}) == len(told.pushes)


@pytest.mark.parametrize("name", NAMES)
def test_top_gathers_the_rest_and_the_sum_still_holds(name: str) -> None:
    """``top=2`` leaves the two strongest and one push named ``others``."""
    asked = some_rows(name)
    for short, full in zip(model(name).explain(asked, 2), model(name).explain(asked), strict=True):
        assert short is not None
        assert full is not None
        assert [p.feature for p in short.pushes][-1] == "others"
        assert short.pushes[:2] == full.pushes[:2]
        together = sum(push.push for push in short.pushes)
        assert together == pytest.approx(sum(push.push for push in full.pushes), abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_of_nulls_is_answered_by_abstaining(name: str) -> None:
    """``missing_facts``, no value, nothing to explain; also where the columns are absent."""
    empty: Row = {column.name: None for column in model(name).card.reads}
    for answer in model(name).predict([empty, {}]):
        assert (answer.value, answer.abstained) == (None, "missing_facts")
    assert model(name).explain([empty]) == [None]
    assert model(name).predict([]) == []
    assert model(name).explain([]) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_its_rows_one_by_one(name: str) -> None:
    """And the order of a row's columns does not matter."""
    asked = some_rows(name)
    at_once = model(name).predict(asked)
    assert [model(name).predict([dict(reversed(list(r.items())))])[0] for r in asked] == at_once


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model_answers_the_same(name: str, tmp_path: Path) -> None:
    """From text files, JSON and plain arrays alone, to the last bit."""
    model(name).save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".txt", ".json", ".npz"}
    again = LOADS[name](tmp_path, model(name).card)
    asked = some_rows(name)
    assert again.predict(asked) == model(name).predict(asked)
    assert again.explain(asked) == model(name).explain(asked)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_makes_the_same_model(name: str, tmp_path: Path) -> None:
    """Byte for byte."""
    other = FITS[name](rows().of(name), seed=1)
    for folder, one in (("a", model(name)), ("b", other.build(card(other)))):
        (tmp_path / folder).mkdir()
        one.save(tmp_path / folder)
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_disposition_finds_the_pattern_and_beats_the_majority() -> None:
    """Nine in ten are decided by condition; always naming the commonest is right a third of
    the time."""
    judged = made("disposition").judged.known()
    assert judged["accuracy"] > 0.85
    assert judged["accuracy"] > judged["majority_accuracy"] + 0.3
    assert judged["set_coverage"] > 0.9
    assert judged["ece"] < 0.15


def test_disposition_gives_every_option_a_chance() -> None:
    """Also those training never met, so that a mask always leaves an answer; they sum to 1."""
    answer = model("disposition").predict(some_rows("disposition")[:1])[0]
    assert {c.value for c in answer.candidates} == set(disposition.SAYS)
    assert sum(c.probability for c in answer.candidates) == pytest.approx(1.0)
    assert all(c.probability > 0 for c in answer.candidates)
    assert answer.set[0] == answer.candidates[0].value


def test_disposition_explains_the_value_that_was_chosen() -> None:
    """``of`` names another value than the likeliest; one never met has no explanation."""
    asked = some_rows("disposition")[:2]
    told = model("disposition").explain(asked, None, ["scrap", "donate"])
    assert told[0] is not None
    assert told[0].output == "log_odds:scrap"
    assert told[1] is None


def test_disposition_abstains_where_it_is_too_uncertain() -> None:
    """Under the threshold there is no value, but candidates and a set still."""
    sure = model("disposition")
    assert isinstance(sure, DispositionModel)
    never = replace(sure.certainty, answer_least=0.9999)
    careful = DispositionModel(sure.card, sure.scorer, sure.classes, never)
    answer = careful.predict(some_rows("disposition")[:1])[0]
    assert (answer.value, answer.abstained) == (None, "too_uncertain")
    assert answer.candidates
    assert answer.set


def test_anomaly_uses_labels_once_there_are_enough_and_strangeness_before() -> None:
    """Denied credits teach; without labels the same credits are ranked by strangeness."""
    taught = made("credit_anomaly")
    assert taught.output == "log_odds:anomalous"
    assert taught.judged.known()["auc"] > 0.7
    bare = [example for example in rows().of("credit_anomaly") if example.label is None] + [
        _unlabelled(example) for example in rows().of("credit_anomaly") if example.label
    ]
    day_one = credit_anomaly.fit(bare, seed=1)
    assert day_one.output == "strangeness"
    assert "auc" not in day_one.judged.known()
    found = day_one.build(card(day_one))
    assert isinstance(found, CreditAnomaly)
    strange, usual = dict(bare[0].row), dict(bare[0].row)
    strange["credit_amount_minor"], usual["credit_amount_minor"] = 90_000_000, 9_000
    high, low = found.predict([strange, usual])
    assert (high.confidence or 0) > (low.confidence or 0)
    assert (high.confidence or 0) > 0.9


def test_a_rank_rises_strictly_with_the_score() -> None:
    """Worklists are ordered by confidence, so two scores never share one."""
    ranker = model("exception_rank")
    assert isinstance(ranker, ExceptionRank)
    scores = np.linspace(-3, 3, 200)
    assert (np.diff(ranker.curve.confidence(scores)) > 0).all()
    judged = made("exception_rank").judged.known()
    assert judged["ndcg_10"] > judged["ndcg_10_by_exposure"]
    assert judged["loss_captured_at_10pct"] > judged["loss_captured_at_10pct_by_exposure"]


@pytest.mark.parametrize("name", NAMES)
def test_too_little_data_is_said_plainly(name: str) -> None:
    """How many there are, how many are needed, and what to do; no stack trace of a library."""
    with pytest.raises(
        TooLittle, match=rf"{name} cannot be trained yet: \d+ .* are needed\. [A-Z]"
    ):
        FITS[name](rows().of(name)[:20], seed=1)
    with pytest.raises(TooLittle):
        FITS[name]([], seed=1)


def _unlabelled(example: Example) -> Example:
    return replace(example, label=None)


def test_a_rank_counts_from_what_is_at_stake() -> None:
    """The score is a log expected loss: more at stake, all else equal, never ranks lower."""
    ranker = model("exception_rank")
    assert isinstance(ranker, ExceptionRank)
    usual = some_rows("exception_rank")[0]
    staked = [{**usual, "exception_exposure_minor": 10**n} for n in range(2, 8)]
    assert (np.diff(ranker.scores(staked)) > 0).all()
    assert ranker.card.output == "log_expected_loss"


def test_a_rank_never_expects_more_than_is_at_stake() -> None:
    """The share lost is below one, and its reasons add up to its logarithm, each with the sign it
    has in log-odds."""
    ranker = model("exception_rank")
    assert isinstance(ranker, ExceptionRank)
    matrix = ranker.layout.matrix(some_rows("exception_rank"))
    scores = ranker.scores(some_rows("exception_rank"))
    assert (scores < rank_model.log_stakes(ranker.layout, matrix)).all()
    pushes, base = ranker.pushes(matrix)
    np.testing.assert_allclose(base + pushes.sum(axis=1), scores, atol=1e-9)
    odds, _ = ranker.scorer.pushes(matrix, [0] * len(matrix))
    others = [name != rank_model.STAKE for name in ranker.layout.names]
    np.testing.assert_array_equal(np.sign(pushes[:, others]), np.sign(odds[:, others]))


def test_a_stated_loss_is_about_what_came() -> None:
    """Predicted and real loss of the test part agree by tenths to a tenth of the scale."""
    assert made("exception_rank").judged.known()["expected_loss_error"] < 0.1


def test_a_rank_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    """Its margins mean something else: better no answer than a wrong one."""
    ranker = model("exception_rank")
    assert isinstance(ranker, ExceptionRank)
    ranker.save(tmp_path)
    file = tmp_path / "calibration.json"
    curve = json.loads(file.read_text())
    del curve["scorer"]
    file.write_text(json.dumps(curve))
    with pytest.raises(ValueError, match="train it again"):
        rank_model.load(tmp_path, ranker.card)
