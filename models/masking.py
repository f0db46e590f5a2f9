"""The model ranks only what the rules allow, and the answer says which rule removed what."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from models.protocol import Prediction
from workflow.assessment import Candidate, Masked

UNNAMED = "not-allowed"
"""Rule named for an option that is not allowed though no rule was named for it."""
ALL_REMOVED = "out_of_scope"
"""Reason code where the rules allow nothing that the model knows."""


def mask(
    prediction: Prediction,
    allowed: Collection[str],
    removed: Iterable[Masked | tuple[str, str]] = (),
) -> tuple[Prediction, Sequence[Masked]]:
    """Renormalise a prediction over the options that rules allow; name each one removed.

    ``removed`` pairs an option with the rule that removed it; options of the answer that are
    neither allowed nor named come back as ``UNNAMED``. Candidates keep their order and sum to 1
    (evenly, where the model gave the allowed ones nothing). An answer becomes the likeliest
    allowed option; a model that abstained is not made to answer, though its candidates stay,
    ranked, for the person who decides. Where no option is left the answer is abstained with
    ``ALL_REMOVED``. The conformal set is cut to what is allowed, and holds at least the first.
    """
    named = [r if isinstance(r, Masked) else Masked(*r) for r in removed]
    rules = {m.value for m in named}
    masked = named + [
        Masked(c.value, UNNAMED)
        for c in prediction.candidates
        if c.value not in allowed and c.value not in rules
    ]
    kept = [c for c in prediction.candidates if c.value in allowed and c.value not in rules]
    if not kept:
        why = prediction.abstained or ALL_REMOVED
        return Prediction(None, None, why), masked
    kept = _renormalised(kept)
    inside = tuple(v for v in prediction.set if any(v == c.value for c in kept))
    answer = replace(prediction, candidates=tuple(kept), set=inside or (kept[0].value,))
    if prediction.value is None:
        return answer, masked
    return replace(answer, value=kept[0].value, confidence=kept[0].probability), masked


def _renormalised(kept: Sequence[Candidate]) -> list[Candidate]:
    total = sum(c.probability for c in kept)
    even = 1.0 / len(kept)
    return [Candidate(c.value, c.probability / total if total > 0 else even) for c in kept]
