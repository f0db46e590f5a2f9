"""``model_card.md``: a version in words, for whoever approves it or is affected by it."""

from collections.abc import Mapping

import numpy as np

from models.protocol import Card
from training.judging import Figure, Report

PURPOSE: Mapping[str, str] = {
    "reason": "Reads why a customer returns something and names one of our canonical reasons.",
    "disposition": "Ranks what may become of returned goods, among what the rules allow.",
    "credit_anomaly": "Says how unusual a credit is, so that people look at the right ones.",
    "exception_rank": "Orders reconciliation exceptions by the loss to be expected.",
}
BASELINES = ("majority", "logistic", "amount_only", "by_exposure", "unsupervised", "tfidf", "best")
"""How names of figures end or begin that are of simple models, or of what nobody can beat."""


def model_card(card: Card, report: Report, tags: Mapping[str, str], rows: int) -> str:
    """The page, in Markdown. Every figure is of questions that the version never saw."""
    own = {name: value for name, value in card.metrics.items() if not _is_baseline(name)}
    simple = {name: value for name, value in card.metrics.items() if _is_baseline(name)}
    parts = [
        f"# {card.name}, version {card.version}",
        PURPOSE[card.name],
        f"**Limits:** {card.limits}",
        "## Who decides",
        "It answers or abstains; policies say what an answer may do; people approve what the "
        "policies reserve for them. A data scientist proposes a version, a model approver who is "
        "somebody else approves it, and a model approver alone may go back to an earlier one.",
        "## Data",
        _data(tags, rows),
        "## How good it is",
        _headline(report),
        _table("Figure", {name: f"{value:.4g}" for name, value in sorted(own.items())}),
        "## Beside it: simple models, and what is reachable",
        _table("Figure", {name: f"{value:.4g}" for name, value in sorted(simple.items())}),
        f"## By part of the business: {report.figure}",
        _table("Part", {name: str(found) for name, found in report.slices.items()}),
        "## What it reads",
        _table("Column", {c.name: f"{c.kind}, {c.unit}" for c in card.reads}),
        "## What it says",
        ", ".join(f"`{value}`" for value in card.says) or "Nothing but its confidence.",
    ]
    return "\n\n".join(parts) + "\n"


def _data(tags: Mapping[str, str], rows: int) -> str:
    told = {"rows": str(rows), **{name: f"`{value}`" for name, value in sorted(tags.items())}}
    note = (
        "The newest fifth, by time and whole cases, was kept from training; so was one customer "
        "in ten. The first figure and those by part rest on later questions that a person "
        "answered; the table between them also counts what ran automatically."
    )
    return f"{note}\n\n{_table('Trained on', told)}"


def _headline(report: Report) -> str:
    if report.overall is None or not np.isfinite(report.overall.value):
        return "Too few later questions were answered by people to say."
    said = f"**{report.figure} {_interval(report.overall)}**, drawn by customer."
    if report.error is None:
        return said
    error, chance = report.error
    return (
        f"{said} Expected calibration error {error:.3f}; 19 of 20 perfectly calibrated models "
        f"stay below {chance:.3f} on so few questions."
    )


def _interval(found: Figure) -> str:
    ends = f"{found.low:.3f} to {found.high:.3f}"
    return f"{found.value:.3f}, 95 % interval {ends}, {found.rows} rows"


def _is_baseline(name: str) -> bool:
    return any(word in name for word in BASELINES)


def _table(first: str, cells: Mapping[str, str]) -> str:
    if not cells:
        return "None."
    lines = [f"| {name} | {value} |" for name, value in cells.items()]
    return "\n".join([f"| {first} | |", "|---|---|", *lines])
