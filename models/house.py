"""The codes that each model answers in, all of them: a model that lacks one can never say it."""

from collections.abc import Iterator, Mapping, Sequence

from models.credit_anomaly.model import LEVELS as STRANGENESS
from models.exception_rank.model import LEVELS as EXPOSURE
from models.protocol import Model
from workflow.assessment import Row
from workflow.codes import Disposition, ReturnReason

CODES: Mapping[str, tuple[str, ...]] = {
    "reason": tuple(map(str, ReturnReason)),
    "disposition": tuple(map(str, Disposition)),
    "credit_anomaly": STRANGENESS,
    "exception_rank": EXPOSURE,
}


def every_code_of_the_house(model: Model, rows: Sequence[Row]) -> Iterator[str]:
    """The card names every code that the house gives this kind of model, and no other; so do the
    candidates of each answer that has any. A card that names nothing answers nothing."""
    said, house = set(model.card.says), set(CODES.get(model.card.name, model.card.says))
    if said and said != house:
        yield f"the card {_differs(said, house)}"
    for i, answer in enumerate(model.predict(rows)):
        named = {candidate.value for candidate in answer.candidates}
        if named and named != said:
            yield f"row {i} has candidates that differ from the card: it {_differs(named, said)}"


def _differs(told: set[str], expected: set[str]) -> str:
    parts = [("lacks", expected - told), ("knows beyond it", told - expected)]
    return " and ".join(f"{verb} {', '.join(sorted(codes))}" for verb, codes in parts if codes)
