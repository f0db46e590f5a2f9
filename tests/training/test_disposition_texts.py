"""The disposition model reads notes and lists, and its explanation says which words did it."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from models import bundle
from models.checks import check_all
from models.disposition.model import DispositionModel
from models.house import CODES
from models.protocol import Card, Column
from training.disposition import Decided, learn
from workflow.assessment import Row

pytestmark = pytest.mark.slow

COLUMNS = (
    Column("note", "text", "", "The word “{value}”"),
    Column("hazards", "text", "", "Hazard: {value}"),
    Column("sent_to", "category", "", "Sent to {value}"),
    Column("kind", "category", "", "Kind: {value}"),
    Column("weight", "number", "kg", "{value} kg"),
)
CLASSES = ("restock", "return_to_vendor", "scrap")
WORDS = (("sealed", "carton", "untouched"), ("motor", "dead"), ("crushed", "mouldy", "rotten"))
COUNTRIES = ("Poland", "Germany", "France")


def rows(count: int, seed: int) -> tuple[list[Row], np.ndarray]:
    """Notes that mostly tell, a list that decides half of the rest, and a number that helps."""
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, 3, count)
    made: list[Row] = []
    for label in labels.tolist():
        told = label if chance.random() < 0.8 else int(chance.integers(0, 3))
        countries = {COUNTRIES[label if chance.random() < 0.5 else int(chance.integers(0, 3))]}
        countries.add(COUNTRIES[int(chance.integers(0, 3))])
        made.append(
            {
                "note": f"No. {chance.integers(1000, 9999)}: {chance.choice(WORDS[told])} goods!",
                "hazards": ["lead", "lead,mercury", "mercury", None][int(chance.integers(0, 4))],
                "sent_to": ",".join(sorted(countries)),
                "kind": str(chance.choice(["a", "b"])),
                "weight": float(label + chance.normal()),
            }
        )
    return made, labels


@cache
def model() -> DispositionModel:
    made, labels = rows(400, 1)
    decided = Decided(
        COLUMNS, made, labels, np.ones(400), np.ones(400, dtype=np.bool_), np.arange(400) // 80
    )
    learned = learn(decided, CLASSES, len(CODES["disposition"]), ("kind",), seed=1)
    card = Card("disposition", "1", COLUMNS, CODES["disposition"], "log_odds", "", None, "", {})
    return DispositionModel(card, learned.scorer, CLASSES, learned.certainty)


def test_words_decide_where_they_tell() -> None:
    """Far above a third on rows it never saw; sets hold the truth about as often as promised."""
    made, labels = rows(300, 2)
    chances = model().probabilities(made)
    assert (chances.argmax(axis=1) == labels).mean() > 0.75
    inside = model().certainty.conformal.sets(chances, made)
    assert 0.90 < inside[np.arange(300), labels].mean() <= 1.0
    assert model().scorer.terms_share > 0


def test_every_promise_is_kept_by_the_saved_bundle(tmp_path: Path) -> None:
    """Sums, spans, batches, nulls, unknown categories, and a reload from plain files."""
    model().save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".txt", ".json", ".npz"}
    bundle.write(tmp_path, model().card)
    check_all(model(), rows(12, 3)[0], tmp_path)


def test_a_word_is_told_by_its_place() -> None:
    """The span holds the word, and what speaks for scrapping is the word that says so."""
    row: Row = {"note": "No. 1: mouldy goods!", "kind": "a", "sent_to": "Poland", "weight": 2.0}
    (told,) = model().explain([row], None, ["scrap"])
    assert told is not None
    words = [push for push in told.pushes if push.start is not None]
    assert all(row["note"][p.start : p.end] == p.value for p in words)  # type: ignore[index]
    assert max(words, key=lambda push: push.push).value == "mouldy"
    cells = [push.feature for push in told.pushes if push.start is None]
    assert len(set(cells)) == len(cells) <= len(COLUMNS)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap colours its plots on import
def test_the_trees_part_is_what_shap_says() -> None:
    """On the same model and rows, to nine digits."""
    import lightgbm as lgb
    import shap

    scorer = model().scorer
    made = rows(20, 4)[0]
    matrix = scorer.layout.matrix(scorer.spread.rows(made))
    explainer = shap.TreeExplainer(lgb.Booster(model_str=scorer.tabular.trees.text))
    theirs = np.asarray(explainer.shap_values(matrix))
    for k in range(3):
        ours, base = scorer.tabular.trees.pushes(matrix, [k] * len(made))
        np.testing.assert_allclose(ours, theirs[:, :, k], atol=1e-9)
        np.testing.assert_allclose(base, explainer.expected_value[k], atol=1e-9)


def test_the_same_seed_makes_the_same_model(tmp_path: Path) -> None:
    """Byte for byte, words included."""
    model.cache_clear()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        model().save(tmp_path / name)
        model.cache_clear()
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name
