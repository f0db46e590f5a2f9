"""Our bundles as ``mlflow.pyfunc`` models: the same answers from a data frame, or from Spark."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from models.bundle import load
from models.protocol import Model
from workflow.assessment import Value


class Frames:
    """Answers data frames with the columns ``value``, ``confidence`` and ``abstained``."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._kinds = {column.name: column.kind for column in model.card.reads}

    def predict(self, frame: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """One answer a row, in the order of the frame."""
        records: Sequence[Mapping[Any, Any]] = frame.to_dict("records")
        rows = [{name: self._cell(name, row.get(name)) for name in self._kinds} for row in records]
        said = self._model.predict(rows)
        return pd.DataFrame(
            {
                "value": [answer.value for answer in said],
                "confidence": [answer.confidence for answer in said],
                "abstained": [answer.abstained for answer in said],
            },
            index=frame.index,
        )

    def _cell(self, name: str, cell: Any) -> Value:
        if cell is None or pd.isna(cell):
            return None
        kind = self._kinds[name]
        if kind in ("category", "text"):
            return str(cell)
        return bool(cell) if kind == "flag" else float(cell)


def _load_pyfunc(path: str) -> Frames:
    """What MLflow calls with the folder of the bundle."""
    return Frames(load(Path(path)))
