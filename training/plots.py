"""The pictures of a run: calibration, confusion, importance, slices; as PNG bytes."""

from io import BytesIO
from typing import Any

import numpy as np

from training.judging import Report
from training.made import Array, Judgement

MOST_BARS = 25


def draw(judged: Judgement) -> dict[str, bytes]:
    """PNG bytes by file name; only what the judgement has the figures for."""
    pictures: dict[str, bytes] = {}
    if judged.confidence is not None and judged.right is not None and len(judged.right):
        pictures["calibration.png"] = _png(_calibration, judged.confidence, judged.right)
    if judged.confusion is not None:
        pictures["confusion.png"] = _png(_confusion, judged.confusion, judged.classes)
    if judged.importance:
        pictures["importance.png"] = _png(_importance, judged.importance)
    return pictures


def draw_slices(report: Report) -> dict[str, bytes]:
    """The figure by business unit and reason with its intervals; nothing without slices."""
    return {"slices.png": _png(_slices, report)} if report.slices else {}


def _png(paint: Any, *figures: Any) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained")
    FigureCanvasAgg(figure)
    paint(figure.add_subplot(), *figures)
    data = BytesIO()
    figure.savefig(data, format="png", dpi=80)
    return data.getvalue()


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


def _slices(axes: Any, report: Report) -> None:
    names = list(report.slices)[::-1]
    for place, name in enumerate(names):
        found = report.slices[name]
        axes.plot([found.low, found.high], [place, place], color="grey", linewidth=2)
        axes.plot([found.value], [place], marker="o", color="black")
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelsize=7)
    if report.overall is not None:
        axes.axvline(report.overall.value, color="grey", linewidth=1)
    axes.set(xlabel=report.figure, title="By part, with 95 % intervals; the line is all together")
