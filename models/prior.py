"""The model that knows nothing and says so: the default in tests, the fallback in production."""

from collections.abc import Sequence

from models.protocol import Card, Prediction
from workflow.assessment import Explanation, Row


class Prior:
    """Always abstains with ``no_model``, so that people decide. ``name`` as in ``Card``."""

    def __init__(self, name: str) -> None:
        self._card = Card(
            name=name,
            version="0",
            reads=(),
            says=(),
            output="none",
            feature_set="",
            trained_at=None,
            limits="No model is promoted; every answer is left to people.",
            metrics={},
        )

    @property
    def card(self) -> Card:
        return self._card

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        return [Prediction(None, None, "no_model") for _ in rows]

    def explain(
        self,
        rows: Sequence[Row],
        top: int | None = None,
        of: Sequence[str | None] | None = None,
    ) -> list[Explanation | None]:
        return [None for _ in rows]
