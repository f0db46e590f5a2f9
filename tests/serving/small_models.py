"""Models for tests that answer at once: what they say is given, why is made to add up."""

from collections.abc import Callable, Mapping, Sequence

from features.catalogue import SETS
from models.protocol import Card, Column, Model, Prediction
from serving.shelf import OnShelf, Shelf, prior
from workflow.assessment import Candidate, Explanation, ModelRef, Push, Row
from workflow.promoting import MODELS

Answer = Callable[[Row], Prediction]


def says(*chances: tuple[str, float]) -> Answer:
    """The same candidates for every row, the likeliest first; that one is the answer."""
    candidates = tuple(Candidate(value, chance) for value, chance in chances)
    first = candidates[0]
    return lambda row: Prediction(first.value, first.probability, None, candidates, (first.value,))


def abstains(why: str) -> Answer:
    return lambda row: Prediction(None, None, why)


class SmallModel:
    """``models.protocol.Model`` with a given answer; its explanation names the value explained."""

    def __init__(self, name: str, answer: Answer, version: str = "7") -> None:
        feature_set = SETS.get(name)
        columns = feature_set.columns if feature_set else ()
        reads = tuple(Column(c.name, c.kind, c.unit, c.says) for c in columns)
        self._card = Card(
            name=name,
            version=version,
            reads=reads or (Column("text", "text", "characters", "What the customer wrote."),),
            says=(),
            output="log_odds",
            feature_set=feature_set.fingerprint if feature_set else "sha256:text",
            trained_at="2026-06-01T00:00:00Z",
            limits="Tests only.",
            metrics={"macro_f1": 0.9},
        )
        self._answer = answer

    @property
    def card(self) -> Card:
        return self._card

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        return [self._answer(row) for row in rows]

    def explain(
        self,
        rows: Sequence[Row],
        top: int | None = None,
        of: Sequence[str | None] | None = None,
    ) -> list[Explanation | None]:
        return [
            self._explain(row, top, of[i] if of is not None else None) for i, row in enumerate(rows)
        ]

    def _explain(self, row: Row, top: int | None, of: str | None) -> Explanation | None:
        said = of or self._answer(row).value
        if said is None:
            return None
        pushes = tuple(
            Push(name, value, 0.25, "days", f"{name} is {value}") for name, value in row.items()
        )
        if top is not None and len(pushes) > top:
            rest = sum(push.push for push in pushes[top:])
            pushes = (*pushes[:top], Push("others", None, rest))
        total = -1.0 + sum(push.push for push in pushes)
        return Explanation("exact_additive", f"log_odds:{said}", -1.0, total, 0.0, pushes)


class BrokenModel(SmallModel):
    """Raises whenever it is asked."""

    def __init__(self, name: str) -> None:
        super().__init__(name, abstains("no_model"))

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        raise RuntimeError("the model is broken")


def on_shelf(model: Model) -> OnShelf:
    card = model.card
    ref = ModelRef(card.name, card.version, "champion", card.feature_set, card.trained_at)
    return OnShelf(model, ref)


def shelf_of(models: Mapping[str, Model]) -> Shelf:
    """A shelf that holds these models, and priors beside them, whatever is promoted."""
    standing = {name: on_shelf(models[name]) if name in models else prior(name) for name in MODELS}

    def fetch(digest: str) -> object:
        raise AssertionError(f"nothing is fetched in this test, not even {digest}")

    return Shelf(lambda: (), fetch, standing)  # type: ignore[arg-type]
