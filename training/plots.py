"""The three pictures of a run: calibration, confusion, importance; as PNG bytes."""

from io import BytesIO
from typing import Any

import numpy as np

from training.made import Array, Judgement

MOST_BARS = 25


def draw(judged: Judgement) -> dict[str, bytes]:
    """PNG bytes by file name; only what the judgement has the figures for."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pictures: dict[str, bytes] = {}

    def keep(name: str, paint: Any, *figures: Any) -> None:
        figure = Figure(figsize=(7, 5), layout="constrained")
        FigureCanvasAgg(figure)
        paint(figure.add_subplot(), *figures)
        data = BytesIO()
        figure.savefig(data, format="png", dpi=80)
        pictures[name] = data.getvalue()

    if judged.confidence is not None and judged.right is not None and len(judged.right):
        keep("calibration.png", _calibration, judged.confidence, judged.right)
    if judged.confusion is not None:
        keep("confusion.png", _confusion, judged.confusion, judged.classes)
    if judged.importance:
        keep("importance.png", _importance, judged.importance)
    return pictures


def _calibration(axes: Any, confidence: Array, right: Array) -> None:
    parts = np.array_split(np.argsort(confidence, kind="stable"), min(10, len(confidence)))
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.plot([confidence[p].mean() for p in parts], [right[p].mean() for p in parts], marker="o")
    axes.set(xlabel="said", ylabel="was right", title="Calibration on the test part")


def _confusion(axes: Any, confusion: Any, classes: tuple[str, ...]) -> None:
    axes.imshow(confusion, cmap="Blues")
    axes.set_xticks(range(len(classes)), classes, rotation=40, ha="right")
    axes.set_yticks(range(len(classes)), classes)
    for i, row in enumerate(confusion):
        for j, count in enumerate(row):
            if count:
                axes.text(j, i, str(count), ha="center", va="center", fontsize=8)
    axes.set(xlabel="said", ylabel="was", title="Test part")


def _importance(axes: Any, importance: dict[str, float]) -> None:
    first = sorted(importance.items(), key=lambda item: (-item[1], item[0]))[:MOST_BARS]
    names, values = [n for n, _ in reversed(first)], [v for _, v in reversed(first)]
    axes.barh(names, values)
    axes.tick_params(axis="y", labelsize=7)
    axes.set(title="What the model leans on")
