"""From facts to registered versions: judged, gated, sealed, repeatable."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from models import bundle
from tests.training.small_world import SmallWorld
from training.enough import TooLittle
from training.pyfunc import Frames
from training.registry import Registry
from training.rows import Rows, gather
from training.train import Trained, train, train_all
from training.truth import Truth, read_truth
from workflow.refused import Refused

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
TABULAR = ("disposition", "credit_anomaly", "exception_rank")


@pytest.fixture(scope="module")
def rows() -> Rows:
    return gather(SmallWorld(3).facts(500, 100))


@pytest.fixture(scope="module")
def drawer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drawer")


@pytest.fixture(scope="module")
def trained(rows: Rows, drawer: Path) -> dict[str, Trained]:
    said: list[str] = []
    done = train_all(rows, out=drawer, at=AT, models=TABULAR, say=said.append)
    assert said[0].startswith(f"{rows.facts} facts replayed")
    assert [line.split(":")[0] for line in said[1:]] == [f"{name} 1" for name in TABULAR]
    return {name: made for name, made in done.items() if isinstance(made, Trained)}


@pytest.mark.parametrize("name", TABULAR)
def test_a_registered_version_is_a_sealed_bundle(
    name: str, trained: dict[str, Trained], drawer: Path
) -> None:
    """It loads as serving loads it, and its card carries version, figures and features."""
    made = trained[name]
    model = bundle.load(made.bundle)
    assert made.digest == bundle.digest(made.bundle)
    assert (model.card.name, model.card.version) == (name, "1")
    assert model.card.trained_at == AT.isoformat()
    assert model.card.feature_set.startswith("sha256:")
    assert dict(model.card.metrics) == dict(made.metrics)
    assert Registry(drawer).metrics(name, "1") == pytest.approx(dict(made.metrics))


def test_the_same_rows_and_seed_make_the_same_bundle(
    rows: Rows, trained: dict[str, Trained], tmp_path: Path
) -> None:
    """The digest is equal, in another drawer too."""
    again = train("disposition", rows, out=tmp_path, at=AT)
    assert again.digest == trained["disposition"].digest


def test_one_model_without_data_does_not_stop_the_others(drawer: Path) -> None:
    """What is missing is said; nobody sees a stack trace."""
    said: list[str] = []
    few = gather(SmallWorld(4).facts(10))
    done = train_all(few, out=drawer, at=AT, models=TABULAR, say=said.append)
    assert all(isinstance(made, TooLittle) for made in done.values())
    assert "disposition cannot be trained yet: 10 confirmed dispositions, and at least 120" in (
        "\n".join(said)
    )


def test_an_unknown_model_is_refused(rows: Rows, drawer: Path) -> None:
    """By the code that every edge knows."""
    with pytest.raises(Refused) as refused:
        train("oracle", rows, out=drawer)
    assert refused.value.code == "unknown_model"


def test_data_frames_get_the_same_answers(rows: Rows, trained: dict[str, Trained]) -> None:
    """The pyfunc flavour answers what the bundle answers, missing cells included."""
    model = bundle.load(trained["disposition"].bundle)
    asked = [dict(example.row) for example in rows.of("disposition")[-20:]]
    frame = pd.DataFrame(asked, dtype=object)
    said = Frames(model).predict(frame)
    assert said["value"].tolist() == [answer.value for answer in model.predict(asked)]


def test_the_truth_of_a_simulator_says_how_close_a_model_comes(rows: Rows, tmp_path: Path) -> None:
    """Against the true probabilities, on the options the rules left open."""
    usual = {"sealed": "restock", "damaged": "scrap", "defective": "return_to_vendor"}
    truth = Truth()
    for example in rows.of("disposition"):
        right = usual[str(example.row["line_condition"])]
        truth.dispositions[example.subject] = {right: 0.9, "quarantine": 0.1}
    made = train("disposition", rows, out=tmp_path, truth=truth)
    assert made.metrics["truth_best_accuracy"] > 0.85
    assert made.metrics["truth_share_of_best_accuracy"] > 0.95


def test_a_truth_file_is_read_line_by_line(tmp_path: Path) -> None:
    """Kinds nobody knows pass by; a damaged line is named."""
    path = tmp_path / "truth.jsonl"
    path.write_text(
        '{"truth":"return","return_id":"R-1","request":{"deny_probability":0.2},'
        '"inspections":{"1.1":{"probabilities":[["scrap",1.0]]}}}\n'
        '{"truth":"credit_note","note":{"credit_note_id":"N-1","wrong":true}}\n'
        '{"truth":"something_else"}\n'
    )
    truth = read_truth(path)
    assert truth.dispositions == {"R-1/1.1": {"scrap": 1.0}}
    assert truth.denial == {"R-1": 0.2}
    assert truth.wrong_notes == {"N-1": True}
    path.write_text("{\n")
    with pytest.raises(ValueError, match=r"truth\.jsonl line 1 is not JSON"):
        read_truth(path)
