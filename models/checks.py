"""The promises every model keeps, as plain functions: used by tests and before a promotion.

Each check answers sentences about what is broken; an empty list is a promise kept.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isclose, isfinite
from pathlib import Path

from models.bundle import Mismatch, load
from models.house import every_code_of_the_house
from models.protocol import Model, Prediction
from workflow.assessment import Explanation, Row

CLOSE = 1e-5
"""How far two answers about one row may differ in a probability: single-precision encoders
depend in the last digits on what shares their batch."""
RESIDUAL = 1e-6
EXACT = ("exact_additive", "exact_given_neighbours", "tree_shap", "linear_shap")
_STATED = re.compile(r"\w+ within (\d+(?:\.\d+)?(?:e-\d+)?)")
UNSEEN = "category-never-seen-before"


class Broken(Exception):
    """A model broke promises; the message names every one. It must not be promoted."""


def one_answer_a_row(model: Model, rows: Sequence[Row]) -> Iterator[str]:
    """As many predictions and explanations as rows, and none for none."""
    for count in (0, 1, len(rows)):
        part = rows[:count]
        if len(model.predict(part)) != count or len(model.explain(part)) != count:
            yield f"{count} rows do not get {count} predictions and {count} explanations"


def value_or_abstention(model: Model, rows: Sequence[Row]) -> Iterator[str]:
    """``value`` is ``None`` exactly where ``abstained`` carries a reason; confidence in [0, 1]."""
    for i, answer in enumerate(model.predict(rows)):
        if (answer.value is None) != (answer.abstained is not None):
            yield f"row {i} has value {answer.value!r} and abstained {answer.abstained!r}"
        if answer.value is not None and answer.confidence is None:
            yield f"row {i} is answered without a confidence"
        if answer.confidence is not None and not 0.0 <= answer.confidence <= 1.0:
            yield f"row {i} has confidence {answer.confidence}"
        says = model.card.says
        if answer.value is not None and says and answer.value not in says:
            yield f"row {i} is answered {answer.value!r}, which the card does not name"


def probabilities_sum_to_one(model: Model, rows: Sequence[Row]) -> Iterator[str]:
    """Candidates are distinct, the likeliest first, and sum to 1; the set is among them."""
    for i, answer in enumerate(model.predict(rows)):
        shares = [c.probability for c in answer.candidates]
        if shares and not isclose(sum(shares), 1.0, abs_tol=1e-6):
            yield f"row {i}: probabilities sum to {sum(shares)}"
        if shares != sorted(shares, reverse=True):
            yield f"row {i}: candidates are not in order"
        values = [c.value for c in answer.candidates]
        if len(set(values)) != len(values):
            yield f"row {i}: a candidate is named twice"
        if values and not set(answer.set) <= set(values):
            yield f"row {i}: the set holds what is no candidate"


def batch_equals_one_by_one(model: Model, rows: Sequence[Row]) -> Iterator[str]:
    """A row is answered the same alone as among others."""
    alone = [answer for row in rows for answer in model.predict([row])]
    yield from _different("alone and in a batch", alone, model.predict(rows))


def row_order_is_irrelevant(model: Model, rows: Sequence[Row]) -> Iterator[str]:
    """Reversed rows get reversed answers."""
    back = model.predict(list(reversed(rows)))[::-1]
    yield from _different("in another order of rows", model.predict(rows), back)


def column_order_is_irrelevant(model: Model, rows: Sequence[Row]) -> Iterator[str]:
    """Columns are found by name, and columns the card does not name are not read."""
    turned: list[Row] = [dict(reversed(list(row.items()))) for row in rows]
    yield from _different("in another order of columns", model.predict(rows), model.predict(turned))
    wider: list[Row] = [{"a_column_nobody_declared": 1, **row} for row in rows]
    yield from _different("with an undeclared column", model.predict(rows), model.predict(wider))


def nulls_are_answered(model: Model, rows: Sequence[Row]) -> Iterator[str]:
    """A row of nulls, an empty row, and any one column missing: an answer or an abstention."""
    names = [column.name for column in model.card.reads]
    bare: list[Row] = [dict.fromkeys(names), {}]
    for row in rows[:1]:
        bare += [{**row, name: None} for name in names]
    yield from _survives("nulls", model, bare)


def unknown_categories_are_answered(model: Model, rows: Sequence[Row]) -> Iterator[str]:
    """A category training never saw is an answer like any other, never an error."""
    names = [column.name for column in model.card.reads if column.kind == "category"]
    strange: list[Row] = [{**row, **dict.fromkeys(names, UNSEEN)} for row in rows]
    yield from _survives("unknown categories", model, strange)


def explanation_adds_up(model: Model, rows: Sequence[Row]) -> Iterator[str]:
    """``base + sum(pushes) + residual == total``, the residual within its bound; spans fit.

    The bound is 1e-6 for an exact method. Any other says in its name how far it may miss, as
    ``sampled_shap within 0.05``: an explanation is exact, or says by how much it is not.
    """
    for i, told in enumerate(model.explain(rows)):
        if told is None:
            continue
        yield from (f"row {i}: {fault}" for fault in _sum_faults(told))
        for push in told.pushes:
            text = rows[i].get(push.feature)
            spans = push.start is not None and push.end is not None and isinstance(text, str)
            if spans and text[push.start : push.end] != push.value:  # type: ignore[index]
                yield f"row {i}: span {push.start}-{push.end} does not hold {push.value!r}"


def explanation_is_of_the_answer(model: Model, rows: Sequence[Row]) -> Iterator[str]:
    """Without ``of`` the likeliest value is explained; totals rank as probabilities do."""
    answers = model.predict(rows)
    told = model.explain(rows)
    for i, (answer, why) in enumerate(zip(answers, told, strict=True)):
        if answer.value is not None and why is None:
            yield f"row {i} is answered, and not explained"
        if why is None or len(answer.candidates) < 2:
            continue
        first, second = answer.candidates[:2]
        pair = model.explain([rows[i]] * 2, None, [first.value, second.value])
        if pair[0] is None or pair[1] is None:
            continue
        if not isclose(pair[0].total, why.total, rel_tol=CLOSE, abs_tol=CLOSE):
            yield f"row {i}: the explanation is not of {first.value}, the likeliest"
        if first.probability > second.probability and pair[0].total < pair[1].total - CLOSE:
            yield f"row {i}: {second.value} has a larger total than {first.value}, but is rarer"


def top_keeps_the_sum(model: Model, rows: Sequence[Row]) -> Iterator[str]:
    """``top`` shows fewer pushes and changes neither base nor total nor the sum."""
    for top in (0, 1, 3):
        pairs = zip(model.explain(rows), model.explain(rows, top), strict=True)
        for i, (full, short) in enumerate(pairs):
            if full is None or short is None:
                if full is not short:
                    yield f"row {i}: explained in full or with top={top}, but not both"
                continue
            if len(short.pushes) > top + 1:
                yield f"row {i}: top={top} shows {len(short.pushes)} pushes"
            same = isclose(full.total, short.total, rel_tol=CLOSE, abs_tol=CLOSE)
            if not same or full.base != short.base:
                yield f"row {i}: top={top} changes base or total"
            yield from (f"row {i} with top={top}: {fault}" for fault in _sum_faults(short))


PROMISES: Mapping[str, Callable[[Model, Sequence[Row]], Iterator[str]]] = {
    check.__name__: check
    for check in (
        one_answer_a_row,
        value_or_abstention,
        probabilities_sum_to_one,
        batch_equals_one_by_one,
        row_order_is_irrelevant,
        column_order_is_irrelevant,
        nulls_are_answered,
        unknown_categories_are_answered,
        explanation_adds_up,
        explanation_is_of_the_answer,
        top_keeps_the_sum,
        every_code_of_the_house,
    )
}
"""Every promise by name, in the order they are checked."""


def run(model: Model, sample_rows: Sequence[Row], folder: Path | None = None) -> list[str]:
    """Check every promise on sample rows; answers ``promise: what is broken`` sentences.

    ``folder`` is the sealed bundle of the model: then a reload must answer the same.
    """
    broken = [
        f"{name}: {fault}"
        for name, check in PROMISES.items()
        for fault in _guarded(check(model, sample_rows))
    ]
    if folder is not None:
        reloaded = _guarded(reload_answers_the_same(model, sample_rows, folder))
        broken += [f"reload_answers_the_same: {fault}" for fault in reloaded]
    return broken


def check_all(model: Model, rows: Sequence[Row], folder: Path | None = None) -> None:
    """As ``run``, but raises ``Broken`` with every sentence."""
    if broken := run(model, rows, folder):
        raise Broken(f"{model.card.name} {model.card.version} broke: " + "; ".join(broken))


def reload_answers_the_same(model: Model, rows: Sequence[Row], folder: Path) -> Iterator[str]:
    """The bundle, loaded anew, is the same model: card, answers and explanations."""
    try:
        again = load(folder)
    except Mismatch as error:
        yield str(error)
        return
    if again.card != model.card:
        yield "the card is another"
    yield from _different("after a reload", model.predict(rows), again.predict(rows))
    for i, (old, new) in enumerate(zip(model.explain(rows), again.explain(rows), strict=True)):
        totals = (old.total if old else None, new.total if new else None)
        if (old is None) != (new is None) or not _near(*totals):
            yield f"row {i} is explained with totals {totals}"


def _guarded(faults: Iterator[str]) -> Iterator[str]:
    # A model that raises broke the promise being checked; the others are still worth knowing.
    try:
        yield from faults
    except Exception as error:
        yield f"raised {error!r}"


def _survives(what: str, model: Model, rows: Sequence[Row]) -> Iterator[str]:
    answers, told = model.predict(rows), model.explain(rows)
    if not len(answers) == len(told) == len(rows):
        yield f"{what}: {len(rows)} rows got {len(answers)} answers and {len(told)} explanations"
    yield from value_or_abstention(model, rows)
    yield from probabilities_sum_to_one(model, rows)


def _different(when: str, one: Sequence[Prediction], other: Sequence[Prediction]) -> Iterator[str]:
    if len(one) != len(other):
        yield f"{len(one)} and {len(other)} answers {when}"
    for i, (a, b) in enumerate(zip(one, other, strict=False)):
        if not _same(a, b):
            yield f"row {i} is answered differently {when}: {a} and {b}"


def _same(a: Prediction, b: Prediction) -> bool:
    shares = {c.value: c.probability for c in b.candidates}
    return (
        (a.value, a.abstained, frozenset(a.set)) == (b.value, b.abstained, frozenset(b.set))
        and _near(a.confidence, b.confidence)
        and len(a.candidates) == len(b.candidates)
        and all(_near(c.probability, shares.get(c.value)) for c in a.candidates)
    )


def _near(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE)


def _sum_faults(told: Explanation) -> Iterator[str]:
    numbers = [told.base, told.total, told.residual, *(push.push for push in told.pushes)]
    if not all(isfinite(number) for number in numbers):
        yield "the explanation holds a number that is not finite"
    gap = told.total - told.base - sum(push.push for push in told.pushes) - told.residual
    if abs(gap) > RESIDUAL:
        yield f"base, pushes and residual miss the total by {gap:.2g}"
    bound = _bound(told.method)
    if bound is None:
        yield f"the method {told.method!r} is not exact and does not say how far it may miss"
    elif abs(told.residual) > bound:
        yield f"the residual is {told.residual:.2g}, above {bound:g} of {told.method}"


def _bound(method: str) -> float | None:
    """How large a residual a method may leave; ``None`` where it does not say."""
    if method in EXACT:
        return RESIDUAL
    stated = _STATED.fullmatch(method)
    return float(stated[1]) if stated else None
