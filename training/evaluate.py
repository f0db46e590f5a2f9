"""A registered version judged on the journal as it is now, on what came after its training."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from sqlalchemy import Connection

from journal import promotions
from journal.journal import Journal
from models.bundle import Mismatch
from training import judging
from training.gates import Version, thresholds
from training.journal_source import facts_of
from training.judging import Answers, Figure, Question, Report
from training.registry import Registry
from training.rows import Example, Rows, gather
from training.split import Boundary
from workflow.promoting import succession
from workflow.refused import Refused


@dataclass(frozen=True)
class Evaluated:
    """A report beside baselines on the same questions, and what the version was trained at."""

    model: str
    version: str
    held_from: Boundary
    report: Report
    baselines: dict[str, Figure]

    def document(self) -> dict[str, object]:
        """As JSON for machines."""
        report = self.report
        error, chance = report.error or (None, None)
        return {
            "model": self.model,
            "version": self.version,
            "held_out_from": self.held_from.at.isoformat(),
            "figure": report.figure,
            "overall": asdict(report.overall) if report.overall else None,
            "baselines": {name: asdict(one) for name, one in self.baselines.items()},
            "slices": {name: asdict(one) for name, one in report.slices.items()},
            "calibration_error": error,
            "calibration_error_by_chance": chance,
        }

    def lines(self) -> Iterator[str]:
        """As lines for people."""
        report, since = self.report, f"{self.held_from.at:%Y-%m-%d}"
        yield f"{self.model} version {self.version}, on questions since {since}: {report.figure}"
        if report.overall is None:
            yield "  nobody has answered any that the version did not know"
            return
        yield f"  {'this version':30} {report.overall}"
        for name, one in {**self.baselines, **report.slices}.items():
            yield f"  {name:30} {one}"
        if report.error:
            yield "  calibration error {:.3f}, up to {:.3f} by chance".format(*report.error)


def evaluate(
    journal: Journal,
    conn: Connection,
    model: str,
    version: str | None = None,
    *,
    registry: Registry,
) -> Evaluated:
    """Judges a version; without one the champion, or else the newest.

    Codes: ``unknown_model`` (none registered, or its bundle cannot be used or does not say what
    it was trained on).
    """
    line = succession(promotions.history(journal, conn, model))
    chosen = version or (line[-1].version if line else registry.latest(model))
    if chosen is None:
        raise Refused("unknown_model", f"No version of {model} is registered: train one first.")
    found = Version(registry.bundle(model, chosen))
    try:
        judged = found.model
    except Mismatch as error:
        raise Refused("unknown_model", f"{model} {chosen} cannot be used: {error}") from error
    if found.held_from is None:
        raise Refused("unknown_model", f"{model} {chosen} does not say what it was trained on.")
    rows = gather(facts_of(journal, conn))
    asked = judging.held_out(model, rows, found.held_from)
    seed = thresholds()["seed"]
    simple = _baselines(model, rows, asked, seed) if asked else {}
    report = judging.report(judged, asked, seed)
    return Evaluated(model, chosen, found.held_from, report, simple)


def _baselines(model: str, rows: Rows, asked: Sequence[Question], seed: int) -> dict[str, Figure]:
    """What anybody reaches without a model: the commonest answer, or the order of amounts."""
    everything = judging.everything(asked)
    if model in ("reason", "disposition"):
        later = {question.subject for question in asked}
        before: Sequence[Question] = rows.texts if model == "reason" else rows.of(model)
        known = Counter(
            judging.truth_of(q)
            for q in before
            if q.subject not in later and not (isinstance(q, Example) and q.label is None)
        )
        right = np.array([float(_commonest(known, q) == judging.truth_of(q)) for q in asked])
        simple = Answers(lambda at: float(right[at].mean()))
        return {"commonest answer": judging.figure(simple, asked, everything, seed)}
    return {"order of amounts": judging.by_amount(model, asked, everything, seed)}


def _commonest(known: Counter[str], question: Question) -> str | None:
    """The commonest answer among those that the rules left open."""
    allowed = question.allowed if isinstance(question, Example) else ()
    ranked = [value for value, _ in known.most_common() if not allowed or value in allowed]
    return ranked[0] if ranked else None
