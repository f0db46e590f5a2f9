"""Whether the words that an explanation names are the words that the answer hangs on.

A span is taken out of a text and the log-odds of the predicted class are asked again. If spans
are named rightly, the one with the largest push costs more than another of about its length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.reason.model import ReasonModel
from workflow.assessment import Explanation

Array = NDArray[np.float64]
Span = tuple[int, int]
KEPT = (1, 2, 3, 5)
"""How many of the strongest spans are kept alone, to see whether they suffice."""
ROUNDS = 2000
"""Bootstrap rounds of the intervals."""


@dataclass(frozen=True)
class Case:
    """One text with its spans, the strongest push for the predicted class first."""

    text: str
    spans: tuple[Span, ...]

    def without(self, span: Span) -> str:
        """The text with the span cut out."""
        start, end = span
        return self.text[:start] + self.text[end:]

    def only(self, spans: Sequence[Span]) -> str:
        """These spans alone, in reading order."""
        return " ".join(self.text[start:end] for start, end in sorted(spans))


def judged(model: ReasonModel, texts: Sequence[str], seed: int) -> dict[str, Any]:
    """Mean drops of the log-odds, top against random, and what the top spans alone keep.

    Texts of fewer than two spans are left out: nothing could be removed instead. A random span
    is drawn among the others, of those nearest in length to the top one.
    """
    chance = np.random.default_rng(seed)
    cases = _cases(model, texts)
    whole = model.logits([case.text for case in cases])[0]
    chosen = whole.argmax(axis=1)
    before = log_odds(whole, chosen)
    other = [_like(case, chance) for case in cases]
    strongest = [case.without(case.spans[0]) for case in cases]
    instead = [case.without(span) for case, span in zip(cases, other, strict=True)]
    top = before - log_odds(model.logits(strongest)[0], chosen)
    random = before - log_odds(model.logits(instead)[0], chosen)
    won = np.where(top > random, 1.0, np.where(top == random, 0.5, 0.0))
    found: dict[str, Any] = {
        "texts": len(cases),
        "drop_top": _mean(top, chance),
        "drop_random": _mean(random, chance),
        "drop_ratio": float(top.mean() / random.mean()),
        "top_beats_random": _mean(won, chance),
        "residual_max": max(abs(told.residual) for told in _told(model, texts) if told),
    }
    for count in KEPT:
        kept = model.logits([case.only(case.spans[:count]) for case in cases])[0]
        drawn = [_drawn(case, count, chance) for case in cases]
        least = model.logits([case.only(spans) for case, spans in zip(cases, drawn, strict=True)])[
            0
        ]
        found[f"keep_{count}"] = {
            "same_answer": float((kept.argmax(axis=1) == chosen).mean()),
            "same_answer_random": float((least.argmax(axis=1) == chosen).mean()),
            "drop": float((before - log_odds(kept, chosen)).mean()),
            "drop_random": float((before - log_odds(least, chosen)).mean()),
        }
    return found


def log_odds(logits: Array, chosen: NDArray[np.intp]) -> Array:
    """Of one class against all others together, row by row: log p - log (1 - p)."""
    rows = np.arange(len(logits))
    others = logits.copy()
    others[rows, chosen] = -np.inf
    most = others.max(axis=1)
    rest = most + np.log(np.exp(others - most[:, np.newaxis]).sum(axis=1))
    return np.asarray(logits[rows, chosen] - rest)


def spans_of(told: Explanation) -> tuple[Span, ...]:
    """The spans of an explanation, the strongest push for the class first."""
    placed = [push for push in told.pushes if push.start is not None and push.end is not None]
    ordered = sorted(placed, key=lambda push: -push.push)
    return tuple((int(push.start or 0), int(push.end or 0)) for push in ordered)


def _told(model: ReasonModel, texts: Sequence[str]) -> list[Explanation | None]:
    return model.explain([{"text": text} for text in texts])


def _cases(model: ReasonModel, texts: Sequence[str]) -> list[Case]:
    pairs = zip(texts, _told(model, texts), strict=True)
    found = [Case(text, spans_of(told)) for text, told in pairs if told is not None]
    return [case for case in found if len(case.spans) > 1]


def _like(case: Case, chance: np.random.Generator) -> Span:
    """Another span, drawn among those whose length is nearest to the top one's."""
    length = case.spans[0][1] - case.spans[0][0]
    away = {span: abs(span[1] - span[0] - length) for span in case.spans[1:]}
    near = [span for span, far in away.items() if far <= max(1, min(away.values()))]
    return near[int(chance.integers(len(near)))]


def _drawn(case: Case, count: int, chance: np.random.Generator) -> list[Span]:
    picked = chance.permutation(len(case.spans))[:count]
    return [case.spans[i] for i in picked]


def _mean(values: Array, chance: np.random.Generator) -> Mapping[str, float]:
    """Mean with the 95 % interval of a bootstrap over texts."""
    drawn = values[chance.integers(0, len(values), (ROUNDS, len(values)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"mean": float(values.mean()), "low": float(low), "high": float(high)}
