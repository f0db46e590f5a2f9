"""Every kind of model is held to every promise, and the checks do find broken ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from models import bundle, checks
from models.bundle import KINDS
from models.house import CODES, every_code_of_the_house
from models.prior import Prior
from models.protocol import Card, Model, Prediction
from workflow.assessment import Candidate, Explanation, Push, Row

TABULAR = ("disposition", "credit_anomaly", "exception_rank")
CHECKED = ("reason", *TABULAR)


@dataclass(frozen=True)
class Sample:
    """A loaded model, rows to ask it, and the sealed bundle it came from."""

    model: Model
    rows: Sequence[Row]
    folder: Path


@pytest.fixture(scope="session")
def samples(
    sealed: Path,
    notes: list[dict[str, str | None]],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Sample]:
    """One trained model of every kind, as serving loads it."""
    from tests.training.small_world import SmallWorld
    from training.rows import gather
    from training.train import FITS

    found = {"reason": Sample(bundle.load(sealed), notes, sealed)}
    world = gather(SmallWorld(3).facts(500, 100))
    for name in TABULAR:
        made = FITS[name](world, 1)
        folder = tmp_path_factory.mktemp(name)
        card = Card(
            made.name, "1", made.columns, made.says, made.output, made.feature_set, None, "", {}
        )
        made.build(card).save(folder)
        bundle.write(folder, card)
        found[name] = Sample(bundle.load(folder), made.sample[:12], folder)
    return found


def test_every_kind_is_in_the_parametrisation() -> None:
    """No kind of model can be registered without being held to the promises here."""
    assert set(CHECKED) == set(KINDS)


@pytest.mark.parametrize("promise", checks.PROMISES)
@pytest.mark.parametrize("kind", CHECKED)
def test_every_model_keeps(kind: str, promise: str, samples: dict[str, Sample]) -> None:
    """Each kind of model, trained and loaded from its bundle, keeps each promise."""
    sample = samples[kind]
    assert list(checks.PROMISES[promise](sample.model, sample.rows)) == []


@pytest.mark.parametrize("kind", CHECKED)
def test_every_model_reloads_the_same(kind: str, samples: dict[str, Sample]) -> None:
    """Loaded again from its bundle it gives identical answers."""
    sample = samples[kind]
    assert list(checks.reload_answers_the_same(sample.model, sample.rows, sample.folder)) == []


def test_the_light_model_keeps_all(light: Path, notes: list[dict[str, str | None]]) -> None:
    """Without an encoder the n-grams keep every promise alone."""
    assert checks.run(bundle.load(light), notes, light) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_prior_keeps_all(kind: str, notes: list[dict[str, str | None]]) -> None:
    """The model that stands in for a missing one keeps the same promises."""
    checks.check_all(Prior(kind), notes)


class Wrong:
    """A model that keeps its promises until ``spoil`` makes it break one."""

    def __init__(
        self,
        say: Callable[[int, Row], Prediction] | None = None,
        why: Callable[[int | None], Explanation] | None = None,
    ) -> None:
        self._say, self._why = say or _fine, why or _told
        self.card: Card = replace(Prior("made up").card, says=("a", "b"))

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        return [self._say(len(rows), row) for row in rows]

    def explain(
        self,
        rows: Sequence[Row],
        top: int | None = None,
        of: Sequence[str | None] | None = None,
    ) -> list[Explanation | None]:
        named = of or [None] * len(rows)
        return [self._why(top) if value in (None, "a") else None for value in named]


def _fine(count: int, row: Row) -> Prediction:
    return Prediction("a", 0.7, None, (Candidate("a", 0.7), Candidate("b", 0.3)), ("a",))


def _told(top: int | None) -> Explanation:
    return Explanation("exact_additive", "log_odds:a", 1.0, 2.0, 0.0, (Push("x", 1, 1.0),))


class Fickle(Wrong):
    """Explains something else when its own first choice is named."""

    def explain(
        self,
        rows: Sequence[Row],
        top: int | None = None,
        of: Sequence[str | None] | None = None,
    ) -> list[Explanation | None]:
        told = _told(top) if of is None else replace(_told(top), total=3.0, base=2.0)
        return [told for _ in rows]


WRONG: dict[str, Wrong] = {
    "value_or_abstention": Wrong(lambda n, r: Prediction("a", 0.7, "too_uncertain")),
    "probabilities_sum_to_one": Wrong(
        lambda n, r: Prediction("a", 0.7, None, (Candidate("a", 0.7),), ("a",))
    ),
    "batch_equals_one_by_one": Wrong(lambda n, r: replace(_fine(n, r), confidence=0.7 / n)),
    "column_order_is_irrelevant": Wrong(
        lambda n, r: _fine(n, r) if next(iter(r), "text") == "text" else Prediction(None, None, "x")
    ),
    "nulls_are_answered": Wrong(lambda n, r: replace(_fine(n, r), confidence=len(str(r["text"])))),
    "explanation_adds_up": Wrong(why=lambda top: replace(_told(top), total=2.1)),
    "top_keeps_the_sum": Wrong(
        why=lambda top: _told(top) if top is None else replace(_told(top), pushes=())
    ),
    "explanation_is_of_the_answer": Fickle(),
}


@pytest.mark.parametrize(
    ("method", "residual", "fault"),
    [
        ("tree_shap", 1e-9, ""),
        ("tree_shap", 1e-3, "the residual is 0.001"),
        ("sampled_shap", 1e-9, "is not exact and does not say how far it may miss"),
        ("sampled_shap within 0.05", 0.01, ""),
        ("sampled_shap within 0.05", 0.1, "the residual is 0.1, above 0.05"),
    ],
)
def test_an_explanation_is_exact_or_says_by_how_much_it_is_not(
    method: str, residual: float, fault: str, notes: list[dict[str, str | None]]
) -> None:
    """A method's residual is held to 1e-6, or to the bound that its own name states."""

    def why(top: int | None) -> Explanation:
        told = _told(top)
        return replace(told, method=method, total=told.total + residual, residual=residual)

    found = list(checks.explanation_adds_up(Wrong(why=why), notes[:1]))
    assert bool(found) == bool(fault) and all(fault in one for one in found)


@pytest.mark.parametrize("promise", WRONG)
def test_a_broken_promise_is_found(promise: str, notes: list[dict[str, str | None]]) -> None:
    """A model that breaks one promise is reported under that promise's name, and not promoted."""
    rows = notes[:3]
    assert any(found.startswith(f"{promise}: ") for found in checks.run(WRONG[promise], rows))
    with pytest.raises(checks.Broken, match=promise):
        checks.check_all(WRONG[promise], rows)


def test_a_model_that_keeps_them_is_let_through(notes: list[dict[str, str | None]]) -> None:
    """The fake that the broken ones are made from breaks nothing itself."""
    assert checks.run(Wrong(), notes[:3]) == []


def test_one_answer_too_few_is_found(notes: list[dict[str, str | None]]) -> None:
    """A model that drops a row is reported."""

    class Short(Wrong):
        def predict(self, rows: Sequence[Row]) -> list[Prediction]:
            return super().predict(rows)[:1]

    assert list(checks.one_answer_a_row(Short(), notes[:3]))


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        (CODES["disposition"][:-1], "the card lacks keep_at_customer"),
        ((*CODES["disposition"], "burn"), "the card knows beyond it burn"),
    ],
)
def test_a_code_left_out_or_made_up_is_found(says: tuple[str, ...], fault: str) -> None:
    """A bundle that knows only a part of the house's codes, or others, is not let through."""
    model = Wrong()
    model.card = replace(model.card, name="disposition", says=says)
    assert next(every_code_of_the_house(model, [])) == fault


def test_a_code_that_the_card_names_and_no_answer_holds_is_found() -> None:
    """The card alone could claim every code."""
    model = Wrong()
    model.card = replace(model.card, says=("a", "b", "c"))
    told = list(every_code_of_the_house(model, [{}]))
    assert told == ["row 0 has candidates that differ from the card: it lacks c"]
