"""The encoder tuned: better where that shows on held-out texts, in the time that was given."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from commands.main import app
from models import bundle
from models.reason.model import ReasonModel
from training.encoder import NoEncoder, weights
from training.enough import TooLittle
from training.reason import Options, make

# Looked for and not imported: it takes seconds, in every process that collects tests.
pytestmark = pytest.mark.skipif(not find_spec("torch"), reason="needs pip install '.[training]'")

# Names that mean nothing to the frozen encoder: only tuning can tell the two kinds apart.
STEMS, ENDS = ("zor", "bli", "kem", "vat", "ru"), ("pex", "dal", "mog", "tin")
NAMES = [stem + end for stem in STEMS for end in ENDS]
PAIRS = [
    (f"please send {name} {word} again", "red" if i % 2 else "blue")
    for i, name in enumerate(NAMES)
    for word in ("soon", "today", "now")
]


@pytest.fixture(scope="module", autouse=True)
def _encoder() -> None:
    try:
        weights()
    except NoEncoder as missing:
        pytest.skip(str(missing))


@pytest.mark.slow
def test_tuning_pulls_classes_apart_and_can_be_taken_back() -> None:
    """Texts of one class point one way when tuned; mixed to nothing, vectors are as they were."""
    from training.finetune import Tuner

    texts = [text for text, _ in PAIRS]
    truth = np.array([label == "red" for _, label in PAIRS], dtype=np.intp)
    tuner = Tuner(seed=1)
    before = tuner.sentences(texts)
    assert np.allclose(np.linalg.norm(before, axis=1), 1.0, atol=1e-5)
    assert tuner.learn(texts, truth, 2, minutes=60.0) >= 3
    apart = [_apart(vectors, truth) for vectors in (before, tuner.sentences(texts))]
    assert apart[1] > apart[0] + 0.1
    tuner.mix(0.0)
    assert np.allclose(tuner.sentences(texts), before, atol=1e-5)


@pytest.mark.slow
def test_the_time_given_is_kept() -> None:
    """With next to no time there is next to no tuning, and it still ends in good order."""
    from training.finetune import EPOCHS, Tuner

    texts, labels = [text for text, _ in PAIRS] * 5, [i % 2 for i in range(len(PAIRS) * 5)]
    tuner = Tuner(seed=1)
    assert tuner.learn(texts, np.array(labels), 2, minutes=0.02) < EPOCHS / 2


@pytest.mark.slow
def test_a_tuned_model_is_a_bundle_like_any_other(tmp_path: Path) -> None:
    """Its own graph, sealed; it answers, and its explanations add up."""
    texts, labels = [text for text, _ in PAIRS], [label for _, label in PAIRS]
    model, metrics = make(
        (texts, labels),
        ([], []),
        seed=1,
        prototypes=False,
        options=Options(encoder=tmp_path, english_only=False, finetune_minutes=30.0),
    )
    assert {"tuned_share", "tuned_epochs"} <= set(metrics)
    model.save(tmp_path)
    bundle.write(tmp_path, model.card)
    del model
    loaded = bundle.load(tmp_path)
    assert isinstance(loaded, ReasonModel)
    rows = [{"text": text} for text in texts[:5]]
    for prediction, said in zip(loaded.predict(rows), loaded.explain(rows), strict=True):
        assert prediction.candidates
        assert said is not None
        assert abs(said.base + sum(p.push for p in said.pushes) - said.total) < 1e-6


def test_the_command_hands_on_the_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the command line to the fit, 20 unless named, and none without the option."""
    asked: list[float] = []

    def fit(*_: object, finetune_minutes: float, **__: object) -> None:
        asked.append(finetune_minutes)
        raise TooLittle("that is all this test asks for")

    monkeypatch.setattr("training.reason_model.fit_head", fit)
    table = tmp_path / "own.csv"
    lines = [f"{text},recall,2026-03-{i % 28 + 1:02}" for i, (text, _) in enumerate(PAIRS)]
    table.write_text("\n".join(["text,reason,at", *lines]))
    train = ("train", "reason", "--data", str(table))
    for options in ((), ("--finetune",), ("--finetune", "--minutes", "0.5")):
        said = CliRunner().invoke(app, [*train, *options])
        assert said.exit_code == 1 and "all this test asks for" in said.output
    assert asked == [0.0, 20.0, 0.5]


def _apart(vectors: np.ndarray, truth: np.ndarray) -> float:
    middles = [vectors[truth == kind].mean(axis=0) for kind in (0, 1)]
    return float(np.linalg.norm(middles[0] - middles[1]))
