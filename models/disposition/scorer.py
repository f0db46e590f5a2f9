"""Everything between a row and its raw margins: trees, a linear model, and words where there are.

The margin is a weighted sum of the three, so the explanation is the weighted sum of exact ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models import blended, terms
from models.blended import Blended, mixed
from models.folder import read_json, write_json
from models.protocol import Column
from models.spread import Spread
from models.tabular import Layout
from models.terms import Place, Reading, Terms
from workflow.assessment import Row

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Share:
    """What made one margin: ``base``, and what each column and each place in a row added."""

    base: float
    columns: Mapping[str, float]
    places: Mapping[Place, float]


@dataclass(frozen=True)
class Scorer:
    """``margin = (1 - terms_share) x tabular + terms_share x terms``; the share is in [0, 1].

    ``layout`` is of the columns that ``spread`` makes of those on the card; ``terms`` is there
    for rows with text or lists.
    """

    spread: Spread
    layout: Layout
    tabular: Blended
    terms: Terms | None = None
    terms_share: float = 0.0

    def margins(self, rows: Sequence[Row]) -> Array:
        """Raw margins, rows x classes."""
        plain = self.tabular.margins(self.layout.matrix(self.spread.rows(rows)))
        if self.terms is None:
            return plain
        return mixed(plain, self.terms.margins(rows), self.terms_share)

    def shares(
        self, rows: Sequence[Row], chosen: Sequence[int], names: Sequence[str]
    ) -> list[Share]:
        """Per row, for the class ``chosen`` for it; ``names`` the source of each layout column."""
        matrix = self.layout.matrix(self.spread.rows(rows))
        pushes, bases = self.tabular.pushes(matrix, chosen)
        found = [
            Share(float(base), _by_name(names, own.tolist()), {})
            for own, base in zip(pushes, bases, strict=True)
        ]
        if self.terms is None:
            return found
        return [
            self._with_terms(share, row, k)
            for share, row, k in zip(found, rows, chosen, strict=True)
        ]

    def _with_terms(self, plain: Share, row: Row, chosen: int) -> Share:
        assert self.terms is not None
        less, more = 1.0 - self.terms_share, self.terms_share
        return Share(
            less * plain.base + more * float(self.terms.bias[chosen]),
            {name: less * push for name, push in plain.columns.items()},
            {place: more * push for place, push in self.terms.pushes(row, chosen).items()},
        )

    def save(self, folder: Path) -> None:
        """Writes the trees, the weights, and ``layout.json``."""
        self.tabular.save(folder)
        data = {"layout": self.layout.to_json(), "spread": self.spread.to_json()}
        write_json(folder / "layout.json", {**data, "terms_share": self.terms_share})
        if self.terms is not None:
            self.terms.save(folder)


def load(folder: Path, columns: Sequence[Column]) -> Scorer:
    """What ``Scorer.save`` wrote; ``columns`` are those on the card."""
    data = read_json(folder / "layout.json")
    spread = Spread.from_json(data["spread"])
    layout = Layout.from_json(data["layout"], spread.columns(columns))
    words = None
    if (folder / terms.WEIGHTS).is_file():
        words = terms.load(folder, Reading.of(columns, spread))
    return Scorer(spread, layout, blended.load(folder), words, float(data["terms_share"]))


def _by_name(names: Sequence[str], pushes: Sequence[float]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for name, push in zip(names, pushes, strict=True):
        sums[name] = sums.get(name, 0.0) + push
    return sums
