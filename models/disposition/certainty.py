"""From raw margins to probabilities one may believe, and to what is too uncertain to say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import Affine
from models.conformal import Grouped

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Certainty:
    """Fitted on answers to past cases by models that did not know them.

    ``unseen`` is the probability of each disposition that training never met; under
    ``answer_least`` the model abstains.
    """

    scaling: Affine
    conformal: Grouped
    unseen: float
    answer_least: float

    def probabilities(self, margins: Array, unseen: int) -> Array:
        """Rows x (classes + unseen), each row summing to 1; ``unseen`` counts unmet classes."""
        met = self.scaling.probabilities(margins) * (1.0 - unseen * self.unseen)
        return np.hstack([met, np.full((len(met), unseen), self.unseen)])

    def to_json(self) -> dict[str, Any]:
        return {
            "scaling": self.scaling.to_json(),
            "conformal": self.conformal.to_json(),
            "unseen": self.unseen,
            "answer_least": self.answer_least,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Certainty":
        """What ``to_json`` wrote."""
        return cls(
            Affine.from_json(data["scaling"]),
            Grouped.from_json(data["conformal"]),
            float(data["unseen"]),
            float(data["answer_least"]),
        )
