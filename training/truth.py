"""How close a model comes to the best anybody could do, where a simulator wrote down the truth.

Reads ``truth.jsonl`` as ``triage simulate`` writes it. Truth is used for reports only: no fit
and no feature ever sees it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.credit_anomaly.model import CreditAnomaly
from models.disposition.model import DispositionModel
from models.protocol import Model
from training import measures
from training.made import Made, rows_of
from training.rows import Example


@dataclass
class Truth:
    """``dispositions``: by portion, the experts' probability of each; ``denial``: by return, the
    probability that an expert denies the credit; ``wrong_notes``: by credit note."""

    dispositions: dict[str, Mapping[str, float]] = field(default_factory=dict)
    denial: dict[str, float] = field(default_factory=dict)
    wrong_notes: dict[str, bool] = field(default_factory=dict)


def read_truth(path: Path) -> Truth:
    """The truth in a file. Kinds of lines it does not know pass by.

    Errors: ``ValueError`` naming the line that is no JSON object.
    """
    truth = Truth()
    with path.open() as lines:
        for number, line in enumerate(lines, 1):
            try:
                told = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"{path} line {number} is not JSON: {error}") from error
            if told.get("truth") == "return":
                truth.denial[told["return_id"]] = float(told["request"]["deny_probability"])
                for portion, found in told["inspections"].items():
                    chances = {name: float(p) for name, p in found["probabilities"]}
                    truth.dispositions[f"{told['return_id']}/{portion}"] = chances
            elif told.get("truth") == "credit_note":
                truth.wrong_notes[told["note"]["credit_note_id"]] = bool(told["note"]["wrong"])
    return truth


def against_truth(made: Made, model: Model, truth: Truth) -> dict[str, float]:
    """Figures of the test part against the truth; empty where the truth says nothing of it."""
    if isinstance(model, DispositionModel):
        return _dispositions(
            model, [e for e in made.examples if e.subject in truth.dispositions], truth
        )
    if isinstance(model, CreditAnomaly):
        return _anomalies(model, made.examples, truth)
    return {}


def _dispositions(model: DispositionModel, test: list[Example], truth: Truth) -> dict[str, float]:
    """Accuracy of the model and of the true probabilities on the same portions and rules."""
    if not test:
        return {}
    values = model.values
    true = np.array([[truth.dispositions[e.subject].get(v, 0.0) for v in values] for e in test])
    open_ = np.array([[not e.allowed or v in e.allowed for v in values] for e in test])
    said = np.where(open_, model.probabilities(rows_of(test)), 0.0).argmax(axis=1)
    best = np.where(open_, true, 0.0).argmax(axis=1)
    labels = np.array([values.index(str(e.label)) for e in test])  # says holds every code
    mine, reachable = float((said == labels).mean()), float((best == labels).mean())
    return {
        "truth_rows": float(len(test)),
        "truth_best_accuracy": reachable,
        "truth_share_of_best_accuracy": mine / reachable if reachable else float("nan"),
        "truth_same_as_best": float((said == best).mean()),
    }


def _anomalies(model: CreditAnomaly, test: Sequence[Example], truth: Truth) -> dict[str, float]:
    """AUC of confirmed anomalies by the true probability, and of wrong credit notes by ours."""
    figures: dict[str, float] = {}
    cases = [e for e in test if e.case in truth.denial and e.label is not None]
    if cases:
        found = np.array([float(e.label == "anomalous") for e in cases])
        best = np.array([truth.denial[e.case] for e in cases])
        score = model.totals(model.layout.matrix(rows_of(cases)))
        figures["truth_case_auc"] = measures.auc(found, score)
        figures["truth_case_best_auc"] = measures.auc(found, best)
    notes = [e for e in test if e.case in truth.wrong_notes]
    if notes:
        wrong = np.array([float(truth.wrong_notes[e.case]) for e in notes])
        score = model.totals(model.layout.matrix(rows_of(notes)))
        figures["truth_wrong_note_auc"] = measures.auc(wrong, score)
    return figures
