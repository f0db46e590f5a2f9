"""One tiny protocol that every model keeps; ``checks.py`` holds it to its promises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from workflow.assessment import Candidate, Explanation, Row


@dataclass(frozen=True, slots=True)
class Column:
    """One input of a model. ``kind``: ``number``, ``category``, ``flag`` or ``text``."""

    name: str
    kind: str
    unit: str
    says: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a model is: printed for people, checked by serving.

    ``name`` is ``reason``, ``disposition``, ``credit_anomaly`` or ``exception_rank``;
    ``reads`` the columns of a row; ``says`` the values it may answer; ``output`` the unit of
    its explanations; ``limits`` what it should not be used for.
    """

    name: str
    version: str
    reads: tuple[Column, ...]
    says: tuple[str, ...]
    output: str
    feature_set: str
    trained_at: str | None
    limits: str
    metrics: Mapping[str, float]
    conformal_level: float = 0.95


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer. ``value`` is ``None`` exactly where ``abstained`` carries a reason code."""

    value: str | None
    confidence: float | None
    abstained: str | None
    candidates: tuple[Candidate, ...] = ()
    set: tuple[str, ...] = ()


class Model(Protocol):
    """Always a batch; one answer a row, in the order of the rows."""

    @property
    def card(self) -> Card: ...
    def predict(self, rows: Sequence[Row]) -> list[Prediction]: ...
    def explain(
        self,
        rows: Sequence[Row],
        top: int | None = None,
        of: Sequence[str | None] | None = None,
    ) -> list[Explanation | None]:
        """Why, for the predicted value; ``None`` where there is nothing to explain.

        ``of`` names, row by row, the value to explain instead of the model's own first choice
        (after rules removed some, the chosen one is another); ``None`` keeps the model's own.
        ``top`` keeps the strongest pushes and gathers the rest into one named ``others``,
        so that the sum still holds.
        """
        ...
