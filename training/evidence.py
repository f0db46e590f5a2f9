"""What a new model says of cases it was not trained on, beside what people decided of them.

Sealed into the bundle as ``evidence.json``: the first evidence for the threshold of an automatic
lane (``serving.automation``). Only people's own judgements count, and only answers: an abstention
is never automatic. Where an earlier version let answers pass, those are here by their audits
alone; they are the easier ones, so that what remains errs on the strict side.
"""

from dataclasses import asdict
from typing import Any

from models.masking import mask
from models.protocol import Model, Prediction
from training.labels import NORMAL
from training.made import Made
from training.rows import Example, TextExample


def evidence_of(made: Made, model: Model) -> list[dict[str, Any]]:
    """One entry a judged case of the test part: the answer, whether people agreed, the stake."""
    cases = [case for case in made.test if case.stake is not None and _judgement(case) is not None]
    rows = [case.row if isinstance(case, Example) else {"text": case.text} for case in cases]
    found = []
    for case, said in zip(cases, model.predict(rows) if rows else (), strict=True):
        entry = _entry(made.name, case, said)
        if entry is not None:
            found.append(entry)
    return found


def _judgement(case: Example | TextExample) -> str | None:
    if isinstance(case, TextExample):
        return case.reason if case.judged else None
    return case.label


def _entry(name: str, case: Example | TextExample, said: Prediction) -> dict[str, Any] | None:
    if isinstance(case, Example) and case.allowed:
        said, _ = mask(said, case.allowed)
    if said.value is None or said.confidence is None or case.stake is None:
        return None
    outcome = _judgement(case)
    agreed = said.value == outcome
    if name == "credit_anomaly":
        agreed = (said.value == NORMAL) == (outcome == NORMAL)
    return {
        "subject": case.subject,
        "value": said.value,
        "confidence": said.confidence,
        "right": agreed,
        **asdict(case.stake),
    }
