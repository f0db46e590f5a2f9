"""The pictures of a run, drawn from the model's overview; as PNG bytes for MLflow's page."""

from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from typing import Any

from models.overview import Dependence, Overview
from training.judging import Report

DARK = 0.6
"""From this share of the darkest cell on, black on blue cannot be read."""
MOST_BARS = 25
MOST_WORDS = 4
"""Words of one value in the picture of a text model."""


def draw(seen: Overview) -> dict[str, bytes]:
    """PNG bytes by file name; only what the overview has the figures for."""
    return {
        name: _png(partial(paint, seen), height)
        for name, (paint, known, height) in _pictures(seen).items()
        if known
    }


def draw_slices(report: Report) -> dict[str, bytes]:
    """The figure by business unit and reason with its intervals; nothing without slices."""
    if not report.slices:
        return {}
    return {"slices.png": _png(lambda figure: _slices(figure.add_subplot(), report), 5)}


def _png(paint: Callable[[Any], None], height: float) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, height), layout="constrained")
    FigureCanvasAgg(figure)
    paint(figure)
    data = BytesIO()
    figure.savefig(data, format="png", dpi=90)
    return data.getvalue()


def _pictures(seen: Overview) -> dict[str, tuple[Callable[[Overview, Any], None], Any, float]]:
    """What paints each file, what it needs, and how high it is in inches."""
    return {
        "importance.png": (_importance, seen.importance, 6),
        "words.png": (_words, seen.words, 14),
        "dependence.png": (_dependence, seen.dependence, 8),
        "calibration.png": (_calibration, seen.calibration, 6),
        "confusion.png": (_confusion, seen.confusion, 7),
        "scores.png": (_scores, seen.scores, 5),
    }


def _importance(seen: Overview, figure: Any) -> None:
    axes = figure.add_subplot()
    first = seen.importance[:MOST_BARS][::-1]
    axes.barh([weight.feature for weight in first], [weight.mean_push for weight in first])
    axes.tick_params(axis="y", labelsize=8)
    axes.set(title="What the model leans on", xlabel="mean size of the push")


def _words(seen: Overview, figure: Any) -> None:
    """What a text model leans on, and how far each word pushes: the strongest words a value."""
    shown = [
        word
        for value in dict.fromkeys(one.value for one in seen.words)
        for word in [one for one in seen.words if one.value == value][:MOST_WORDS]
    ][::-1]
    axes = figure.add_subplot()
    places = range(len(shown))
    axes.barh(places, [one.mean_push for one in shown])
    axes.set_yticks(places, [f"{one.word}: {one.value} ({one.texts})" for one in shown])
    axes.tick_params(axis="y", labelsize=7)
    axes.set(title="Words that speak for a value (in so many texts)", xlabel="mean push")


def _dependence(seen: Overview, figure: Any) -> None:
    features = list(dict.fromkeys(one.feature for one in seen.dependence))
    panels = figure.subplots(-(-len(features) // 2), 2, squeeze=False).ravel()
    for axes, feature in zip(panels, features, strict=False):
        _pushes(axes, [one for one in seen.dependence if one.feature == feature])
        axes.set_title(feature, fontsize=9)
    lines, answers = panels[0].get_legend_handles_labels()
    if answers:
        figure.legend(lines, answers, loc="outside upper center", ncols=len(answers), fontsize=8)
    figure.supylabel("mean push", fontsize=9)
    for axes in panels[len(features) :]:
        axes.set_visible(False)


def _pushes(axes: Any, ones: Sequence[Dependence]) -> None:
    """The mean push for each answer by the column's cell; a line only where cells have an order."""
    style = "-" if ones[0].kind == "number" else ""
    for one in ones:
        known = [part for part in one.parts if part.low is not None]
        names = [_range(part.low, part.high) for part in known]
        (drawn,) = axes.plot(
            names, [part.mean for part in known], marker="o", linestyle=style, label=one.of
        )
        gone = [part.mean for part in one.parts if part.low is None]
        axes.plot(["not known"] * len(gone), gone, marker="o", color=drawn.get_color())
    axes.axhline(0, color="grey", linewidth=0.8)
    axes.tick_params(axis="x", labelsize=6)
    for label in axes.get_xticklabels():
        label.set(rotation=30, ha="right", rotation_mode="anchor")


def _range(low: object, high: object) -> str:
    if low is None:
        return "not known"
    return str(low) if low == high else f"{low:,.6g} to {high:,.6g}"


def _calibration(seen: Overview, figure: Any) -> None:
    axes = figure.add_subplot()
    said, was = [one.said for one in seen.calibration], [one.was for one in seen.calibration]
    below = [one.was - min(one.low, one.was) for one in seen.calibration]
    above = [max(one.high, one.was) - one.was for one in seen.calibration]
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.errorbar(said, was, yerr=[below, above], marker="o")
    for one in seen.calibration:
        axes.annotate(
            str(one.rows), (one.said, one.was), xytext=(4, -10), textcoords="offset points"
        )
    axes.set(xlabel="said", ylabel="was", title="Said against was, with rows and 95 % intervals")


def _confusion(seen: Overview, figure: Any) -> None:
    axes = figure.add_subplot()
    shown = axes.imshow(seen.confusion, cmap="Blues")
    axes.set_xticks(range(len(seen.classes)), seen.classes, rotation=40, ha="right", fontsize=7)
    axes.set_yticks(range(len(seen.classes)), seen.classes, fontsize=7)
    for i, row in enumerate(seen.confusion):
        for j, count in enumerate(row):
            if count:
                ink = "white" if shown.norm(count) > DARK else "black"
                axes.text(j, i, str(count), ha="center", va="center", fontsize=7, color=ink)
    axes.set(xlabel="said", ylabel="was", title="Answers on cases it never saw")


def _scores(seen: Overview, figure: Any) -> None:
    axes = figure.add_subplot()
    for one in seen.scores:
        axes.stairs(one.counts, seen.edges, fill=True, alpha=0.5, label=one.name)
    axes.legend()
    axes.set(xlabel="score", ylabel="rows", title="Scores on cases it never saw")


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
