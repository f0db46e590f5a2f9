"""Gates: the same questions for both, noise told from gain, and nothing promised is broken."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import bundle
from tests.training.small_world import SmallWorld
from training import disposition, judging
from training.gates import NEEDED, Version, contest, failed, thresholds, weigh
from training.made import Made
from training.rows import Example, Rows, gather
from training.split import Boundary
from training.train import background_of, card_of, seal
from training.trained_on import trained_on
from workflow.facts import GateResult

Make = Callable[[Rows, str], Version]
NAME = "disposition"


@pytest.fixture(scope="module")
def rows() -> Rows:
    return gather(SmallWorld(3).facts(600))


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Fits a disposition model on rows and seals it, as training does."""

    def made(rows: Rows, version: str) -> Version:
        fitted: Made = disposition.fit(rows.of(NAME), seed=1)
        folder = tmp_path_factory.mktemp(f"bundle-{version}")
        when = "2026-11-02T12:00:00+00:00"
        seal(fitted, card_of(fitted, version, when), folder, background_of(fitted, rows, when, 1))
        return Version(folder)

    return made


def part(rows: Rows, share: float, **changed: Any) -> Rows:
    """The first part of the rows, as the journal was when they were all there was."""
    examples = rows.of(NAME)
    some = [replace(e, **changed) for e in examples[: round(share * len(examples))]]
    return Rows({NAME: some}, [], len(some), some[-1].position)


@pytest.fixture(scope="module")
def champion(rows: Rows, make: Make) -> Version:
    return make(part(rows, 0.8), "1")


@pytest.fixture(scope="module")
def misled(rows: Rows, make: Make) -> Version:
    """Learned from labels that have nothing to do with the goods."""
    chance = np.random.default_rng(5)
    some = part(rows, 1.0)
    wrong = [
        replace(e, label=str(chance.choice(["restock", "scrap", "return_to_vendor"])))
        for e in some.of(NAME)
    ]
    return make(Rows({NAME: wrong}, [], some.facts, some.last_position), "3")


def named(gates: tuple[GateResult, ...]) -> dict[str, GateResult]:
    return {gate.name: gate for gate in gates}


def test_both_answer_what_neither_was_trained_on(rows: Rows, champion: Version, make: Make) -> None:
    """Questions begin where the later of the two was kept from learning, and people answered."""
    candidate = make(rows, "2")
    met = contest(NAME, candidate, champion, rows)
    starts = [version.held_from for version in (candidate, champion)]
    assert all(isinstance(start, Boundary) for start in starts)
    first = max(start.at for start in starts if start)
    asked = [question for question in met.asked if isinstance(question, Example)]
    assert 50 < len(asked) < len(rows.of(NAME)) / 4
    assert all(e.at >= first and e.weight > 0.5 for e in asked)


def test_the_same_model_is_no_better_than_noise(rows: Rows, champion: Version) -> None:
    """It is told apart from a worse one: this may be excused, and only this."""
    gates = weigh(NAME, champion, champion, rows)
    assert [gate.name for gate in gates] == list(NEEDED["champion"])
    (noise,) = failed(gates, "champion")
    assert (noise.name, noise.excusable) == ("noise", True)
    assert dict(noise.figures) == {"gain": 0.0, "gain_low": 0.0, "gain_high": 0.0}
    assert failed(gates, "challenger") == []


def test_a_better_model_passes(rows: Rows, champion: Version, misled: Version) -> None:
    """Beyond noise, against a champion that knows nothing."""
    gates = named(weigh(NAME, champion, misled, rows))
    assert gates["noise"].passed, gates["noise"].says
    assert gates["slices"].passed


def test_a_worse_model_is_refused_whatever_is_said(
    rows: Rows, champion: Version, misled: Version
) -> None:
    """Worse beyond noise, and the parts of the business that lose are named."""
    gates = named(weigh(NAME, misled, champion, rows))
    assert not gates["noise"].passed and not gates["noise"].excusable
    assert not gates["slices"].passed
    assert "business_unit=industrial changes by -0." in gates["slices"].says


def test_exchanged_labels_keep_a_version_even_from_the_shadow(rows: Rows, make: Make) -> None:
    """Learned as well as any, but saying one disposition where it means the other: a challenger,
    whom no comparison with a champion holds back, is refused too, and told which codes."""
    exchanged = {"restock": "scrap", "scrap": "restock"}
    some = [
        replace(e, label=exchanged.get(str(e.label), e.label) if e.label else None)
        for e in rows.of(NAME)
    ]
    version = make(Rows({NAME: some}, [], rows.facts, rows.last_position), "4")
    (gate,) = failed(weigh(NAME, version, None, rows), "challenger")
    assert gate.name == "conformance" and not gate.excusable
    assert "read restock as scrap, scrap as restock" in gate.says


def test_the_first_version_has_nothing_to_be_better_than(rows: Rows, champion: Version) -> None:
    """The other gates hold for it too."""
    gates = weigh(NAME, champion, None, rows)
    assert failed(gates, "champion") == []


def test_a_slow_model_is_refused(rows: Rows, champion: Version) -> None:
    """By the budget in the file of thresholds; the measured times are said."""
    limits = thresholds()
    limits["latency"]["one_ms"][NAME] = 0.001
    slow = named(weigh(NAME, champion, None, rows, limits))["latency"]
    assert not slow.passed and not slow.excusable
    assert dict(slow.figures)["one_ms"] > 0.001


def test_a_model_too_sure_of_itself_is_refused(
    rows: Rows, champion: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Confidences that are not borne out, beyond what chance makes of a true one, are no use.

    Nothing excuses them in a champion's place; where nothing answers yet, a stated reason does.
    """
    told = named(weigh(NAME, champion, None, rows))["calibration"]
    assert told.passed, told.says
    honest = judging.answers_of

    def boasting(*asked: Any) -> judging.Answers:
        said = honest(*asked)
        assert said.confidence is not None
        return replace(said, confidence=np.minimum(said.confidence + 0.2, 1.0))

    monkeypatch.setattr(judging, "answers_of", boasting)
    told = named(weigh(NAME, champion, champion, rows))["calibration"]
    assert not told.passed and not told.excusable
    first = named(weigh(NAME, champion, None, rows))["calibration"]
    assert not first.passed and first.excusable


def test_a_broken_bundle_fails_at_once(rows: Rows, champion: Version, tmp_path: Path) -> None:
    """One changed byte: nothing else is tried, and nothing can be proposed."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in champion.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "layout.json").write_text("{}")
    (gate,) = weigh(NAME, Version(folder), None, rows)
    assert (gate.name, gate.passed) == ("conformance", False)
    assert "layout.json" in gate.says
    assert len(failed((gate,), "champion")) == len(NEEDED["champion"])


def test_a_bundle_that_does_not_say_what_it_learned_from_proves_nothing(
    rows: Rows, champion: Version, tmp_path: Path
) -> None:
    """No question is safe to ask, so nothing is beyond noise."""
    for path in champion.folder.iterdir():
        if path.name not in ("training.json", "SHA256SUMS"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    bundle.write(tmp_path, bundle.read_card(tmp_path))
    silent = Version(tmp_path)
    assert trained_on(tmp_path) is None
    assert named(weigh(NAME, silent, champion, rows))["noise"].says.startswith("0 questions")


def test_a_report_has_intervals_for_every_part(rows: Rows, champion: Version) -> None:
    """The value lies inside its interval; names are what MLflow takes."""
    assert champion.held_from is not None
    asked = judging.held_out(NAME, rows, champion.held_from)
    told = judging.report(champion.model, asked, 1)
    assert told.overall is not None and told.error is not None
    assert told.overall.low <= told.overall.value <= told.overall.high
    assert set(told.slices) >= {"business_unit=industrial", "reason=no_longer_needed"}
    assert "slice/business_unit/industrial_low" in told.metrics()


def test_the_bundle_carries_its_own_story(champion: Version) -> None:
    """A card for people, and the reference that drift is measured against; both are sealed."""
    listed = bundle.verify(champion.folder)
    assert {"model_card.md", "drift_reference.json", "training.json"} <= set(listed)
    page = (champion.folder / "model_card.md").read_text()
    for said in ("95 % interval", "data_fingerprint", "| line_condition |", "model approver"):
        assert said in page
