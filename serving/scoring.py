"""Scores batches of items: each is checked, answered and explained by itself.

No database is touched unless an item names a return or an exception instead of its facts. The
order of answers is the order of items; a bad item carries its own problem document and never
fails its neighbours.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import uuid4

import structlog

from features.catalogue import SETS
from features.sets import FeatureSet
from models.masking import mask
from models.protocol import Prediction
from serving.errors import Invalid, problem, refused_problem
from serving.policy_shelf import PolicyShelf
from serving.reading import check_text
from serving.shelf import OnShelf
from workflow.assessment import Explanation, Masked, Row, Value
from workflow.policy_table import Left, Rule, WrongFacts
from workflow.refused import Refused

T = TypeVar("T")
log = structlog.get_logger("serving.scoring")

MODEL_OF = {
    "return-reason": "reason",
    "disposition": "disposition",
    "credit-anomaly": "credit_anomaly",
    "reconciliation-exceptions": "exception_rank",
}
"""The model behind each scoring endpoint."""

Json = dict[str, object]

REFERENCES: dict[str, Json] = {
    "disposition": {"return_id": {"type": "string"}, "line": {"type": "integer", "minimum": 1}},
    "credit-anomaly": {"return_id": {"type": "string"}, "line": {"type": "integer", "minimum": 1}},
    "reconciliation-exceptions": {"exception_id": {"type": "string"}},
}
"""How an item names what it is about instead of giving its facts, as JSON Schema."""

FORMS = {model: f"/v1/score/schema/{endpoint}" for endpoint, model in MODEL_OF.items()}
"""Where the form of a model's item is told."""

MOST_ITEMS = 1000
LARGEST = 2**53
"""Beyond this, whole numbers are not told apart; no amount, count or age comes near."""
MOST_PUSHES = 500
"""Pushes of a full explanation: no table has so many columns, a text of 20,000 characters may have
ten thousand words. The weaker ones are gathered into ``others``, so it still adds up."""
TOP = {"none": 0, "top": 5, "full": MOST_PUSHES}
"""How many pushes an explanation keeps, by the ``explain`` parameter."""


class Ruled(NamedTuple):
    """What the rules leave of a row's options, and which policy said so."""

    left: Left
    policy: str


Mask = Callable[[Row], Ruled]
Lookup = Callable[[Mapping[str, object]], tuple[Row, Mask | None]]
"""Turns an item that names a case or an exception into its row, and the rules of that case."""


@dataclass(frozen=True, slots=True)
class Question:
    """One item of a batch: its id, and its row or what is wrong with it."""

    id: str
    row: Row | None
    problem: Json | None = None
    mask: Mask | None = None


def read_items(
    body: object, endpoint: str, *, max_text: int, lookup: Lookup | None, rules: Mask | None
) -> list[Question]:
    """The items of a request body, each checked by itself.

    Errors: ``Invalid`` where the body as a whole is no batch of 1 to 1000 items.
    """
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list):
        raise Invalid("invalid_request", "The body is an object with a list called items.")
    if not 1 <= len(items) <= MOST_ITEMS:
        raise Invalid(
            "invalid_request", f"A batch has 1 to {MOST_ITEMS} items; this one has {len(items)}."
        )
    questions = [
        _read(item, number, endpoint, max_text, lookup, rules) for number, item in enumerate(items)
    ]
    return _told_apart(questions)


def _told_apart(questions: Sequence[Question]) -> list[Question]:
    """The first item of an id keeps it; a later one of the same id is a problem."""
    seen: set[str] = set()
    told: list[Question] = []
    for question in questions:
        if question.id in seen:
            detail = f"Another item of this batch has the id {question.id!r}; each has its own."
            question = Question(question.id, None, problem(422, "duplicate_id", detail))
        seen.add(question.id)
        told.append(question)
    return told


def _read(
    item: object,
    number: int,
    endpoint: str,
    max_text: int,
    lookup: Lookup | None,
    rules: Mask | None,
) -> Question:
    item_id = str(number)
    try:
        if not isinstance(item, dict):
            raise Invalid("invalid_item", f"Item {number} is not an object.")
        check_text(item.get("id"), "id")
        item_id = _item_id(item, number)
        check_text(item)
        if endpoint == "return-reason":
            return Question(item_id, _text_row(item, max_text))
        if "facts" in item:
            _only(item, {"id", "facts"})
            return Question(item_id, check_facts(item["facts"], MODEL_OF[endpoint]), mask=rules)
        if lookup is None:
            raise Invalid("invalid_item", "Give the item's facts.")
        _only(item, {"id", *REFERENCES[endpoint]})
        row, case_rules = lookup(item)
        return Question(item_id, row, mask=case_rules)
    except Invalid as error:
        more: Json = {"errors": error.errors} if error.errors else {}
        return Question(item_id, None, problem(error.status, error.code, error.message, more))
    except Refused as error:
        return Question(item_id, None, refused_problem(error))


def _item_id(item: Mapping[str, object], number: int) -> str:
    value = item.get("id", str(number))
    if not isinstance(value, str) or not 0 < len(value) <= 128:
        raise Invalid("invalid_item", f"Item {number}: id is a text of 1 to 128 characters.")
    return value


def _only(item: Mapping[str, object], known: set[str]) -> None:
    unknown = sorted(set(item) - known)
    if unknown:
        raise Invalid(
            "invalid_item",
            f"Unknown field {unknown[0]!r}; known: {', '.join(sorted(known))}.",
        )


def _text_row(item: Mapping[str, object], max_text: int) -> Row:
    _only(item, {"id", "text"})
    text = item.get("text")
    if not isinstance(text, str | None) or "text" not in item:
        raise Invalid("invalid_item", "An item needs a text (a string, or null).")
    if text is not None and len(text) > max_text:
        raise Invalid(
            "text_too_long",
            f"The text has {len(text)} characters; at most {max_text} are read. Shorten it.",
            413,
        )
    return {"text": text}


def check_facts(facts: object, model: str) -> Row:
    """A row from caller's facts: known names only, each of its column's kind or null. A whole
    number is one however it is written: 10.0 is 10, as the rules count days and money.

    Errors: ``Invalid`` (``invalid_facts``) that names every wrong fact.
    """
    if not isinstance(facts, dict):
        raise Invalid("invalid_facts", "facts is an object of values by name.")
    columns = {column.name: column for column in SETS[model].columns}
    errors = [
        {"at": f"facts.{name}", "message": f"unknown fact; see GET {FORMS[model]}"}
        for name in facts
        if name not in columns
    ]
    row: dict[str, Value] = {}
    for name, column in columns.items():
        value = facts.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        fault = _fault(value, column.kind)
        if fault:
            errors.append({"at": f"facts.{name}", "message": fault})
        row[name] = value
    if errors:
        first = errors[0]
        raise Invalid("invalid_facts", f"{first['at']}: {first['message']}", errors=errors)
    return row


def _fault(value: object, kind: str) -> str | None:
    if value is None:
        return None
    if kind == "flag":
        return None if isinstance(value, bool) else "must be true, false or null"
    if kind == "category":
        fine = isinstance(value, str) and len(value) <= 128
        return None if fine else "must be a text of at most 128 characters, or null"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number or null"
    # The body's reader makes a float of a whole number that is too long, so both are held to it.
    return None if abs(value) <= LARGEST else "must be within 2^53"


def answer(shelf: OnShelf, questions: Sequence[Question], explain: str, ranked: bool) -> Json:
    """The response of a scoring endpoint: the model that answered, and an answer an item.

    Errors: ``Invalid`` 503 ``model_failed``.
    """
    asked = [_ruled(question) for question in questions]
    good = [(i, q.row) for i, (q, _) in enumerate(asked) if q.row is not None]
    rows = [row for _, row in good]
    top = TOP[explain]
    predictions = _said(shelf, lambda: shelf.model.predict(rows)) if rows else []
    ruled = [asked[i][1] for i, _ in good]
    masked = [_masked(rules, p) for rules, p in zip(ruled, predictions, strict=True)]
    explanations: Sequence[Explanation | None] = [None] * len(rows)
    if rows and explain != "none":
        values = [prediction.value for prediction, _ in masked]
        explanations = _said(shelf, lambda: shelf.model.explain(rows, top, of=values))
    ranks = _ranks([p for p, _ in masked]) if ranked else None
    items: list[Json] = [{"id": q.id, "problem": q.problem} for q, _ in asked]
    for place, (i, _) in enumerate(good):
        prediction, removed = masked[place]
        items[i] = _item(questions[i].id, prediction, removed, explanations[place])
        rules = ruled[place]
        if rules is not None:
            items[i]["policy"] = rules.policy
            items[i]["proposed"] = _asked_for(rules.left.asking)
        if ranks is not None:
            items[i]["rank"] = ranks[place]
    return {"model": model_json(shelf), "items": items}


def _said(shelf: OnShelf, ask: Callable[[], T]) -> T:
    """What the model says. It may fail in any way, and then it is the one that is named."""
    try:
        return ask()
    except Exception as error:
        name, reference = f"{shelf.ref.name} {shelf.ref.version}", uuid4().hex
        log.error("model failed", model=name, reference=reference, exc_info=error)
        raise Invalid(
            "model_failed",
            f"The model {name} failed, which is logged as {reference}; people decide. Other models"
            " answer.",
            503,
        ) from error


def model_json(shelf: OnShelf) -> Json:
    ref = shelf.ref
    return {
        "name": ref.name,
        "version": ref.version,
        "alias": ref.alias,
        "feature_set": ref.feature_set,
        "trained_at": ref.trained_at,
        "missing": shelf.missing,
    }


def _ruled(question: Question) -> tuple[Question, Ruled | None]:
    """What the rules leave; facts that they cannot judge are a problem of the item alone."""
    if question.mask is None or question.row is None:
        return question, None
    try:
        return question, question.mask(question.row)
    except WrongFacts as error:
        return Question(question.id, None, problem(422, "invalid_facts", str(error))), None


def _asked_for(rule: Rule | None) -> Json | None:
    return {"value": rule.proposes, "rule": rule.id} if rule else None


def _masked(rules: Ruled | None, prediction: Prediction) -> tuple[Prediction, Sequence[Masked]]:
    if rules is None:
        return prediction, ()
    return mask(prediction, rules.left.allowed, rules.left.masked)


def _ranks(predictions: Sequence[Prediction]) -> list[int | None]:
    """1 for the largest confidence; ties keep their order; abstained answers have no rank."""
    scored = [(i, p.confidence) for i, p in enumerate(predictions) if p.confidence is not None]
    scored.sort(key=lambda pair: (-pair[1], pair[0]))
    ranks: list[int | None] = [None] * len(predictions)
    for rank, (i, _) in enumerate(scored, start=1):
        ranks[i] = rank
    return ranks


def _item(
    item_id: str, said: Prediction, removed: Sequence[Masked], why: Explanation | None
) -> Json:
    return {
        "id": item_id,
        "value": said.value,
        "confidence": said.confidence,
        "abstained": said.abstained,
        "candidates": [{"value": c.value, "probability": c.probability} for c in said.candidates],
        "set": list(said.set),
        "masked": [{"value": m.value, "rule": m.rule} for m in removed],
        "explanation": explanation_json(why),
    }


def explanation_json(why: Explanation | None) -> Json | None:
    """An explanation as the API prints it; spans carry ``start`` and ``end``."""
    if why is None:
        return None
    pushes: list[Json] = []
    for push in why.pushes:
        one: Json = {"feature": push.feature, "value": push.value, "push": push.push}
        if push.unit is not None:
            one["unit"] = push.unit
        if push.start is not None:
            one |= {"start": push.start, "end": push.end}
        pushes.append(one | {"says": push.says})
    return {
        "method": why.method,
        "output": why.output,
        "base": why.base,
        "total": why.total,
        "residual": why.residual,
        "pushes": pushes,
    }


def disposition_rules(policies: PolicyShelf, clock: Callable[[], datetime]) -> Mask:
    """Masks an item's options by the disposition policy, as far as its facts tell.

    Facts that the row does not hold are unknown to the rules, as they would be to a person; the
    general rules are asked, whose unit the goods are being unknown too.
    """

    def rules(row: Row) -> Ruled:
        left = row.get("line_claim_window_left_days")
        life = row.get("line_remaining_life_days")
        differs = row.get("line_lot_differs")
        since = row.get("line_days_since_delivery")
        facts: dict[str, object] = {
            name: row.get(f"line_{name}")
            for name in (
                "condition", "item_class", "regulated", "cold_chain", "temperature_ok",
                "recall_open", "date_kind", "supplier_accepts_returns", "refurbishable", "reason",
            )
        }  # fmt: skip
        facts |= {
            "lot_controlled": None,
            "serial_expected": None,
            "serial_matches": None,
            "lot_known": None if differs is None else True,
            "lot_matches": None if differs is None else not differs,
            "remaining_life_days": life,
            "minimum_life_days": None,
            "required_life_days": None,
            "barcode": None,
            "soiled": None,
            "infested": None,
            "past_date": None if not isinstance(life, int | float) else life < 0,
            "claim_window_open": None if not isinstance(left, int | float) else left >= 0,
            "goods_value_minor": row.get("portion_value_minor"),
            "days_since_delivery": int(since) if isinstance(since, int | float) else None,
        }
        book = policies.at(clock())
        return Ruled(book.masks("disposition", facts), book["disposition"].ref)

    return rules


def schema_of(endpoint: str) -> Json:
    """JSON Schema of one item, with units and a complete example."""
    if endpoint == "return-reason":
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "One return note",
            "type": "object",
            "properties": {
                "id": {"type": "string", "maxLength": 128},
                "text": {
                    "type": ["string", "null"],
                    "description": "What the customer wrote, up to the limit in length.",
                },
            },
            "required": ["text"],
            "additionalProperties": False,
            "examples": [{"id": "a", "text": "Seal leaks, oil all over the carton"}],
        }
    feature_set = SETS[MODEL_OF[endpoint]]
    references = REFERENCES[endpoint]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"One item for {endpoint}",
        "type": "object",
        "properties": {
            "id": {"type": "string", "maxLength": 128},
            "facts": facts_schema(feature_set),
            **references,
        },
        "oneOf": [{"required": ["facts"]}, {"required": list(references)}],
        "additionalProperties": False,
        "examples": [{"id": "a", "facts": example_of(feature_set)}],
    }


_TYPES = {"number": "number", "category": "string", "flag": "boolean"}


def facts_schema(feature_set: FeatureSet) -> Json:
    """Every fact with its type, unit and sentence; all may be null, which means not known."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            column.name: {
                "type": [_TYPES[column.kind], "null"],
                "unit": column.unit,
                "description": column.says,
                **({"minimum": -LARGEST, "maximum": LARGEST} if column.kind == "number" else {}),
            }
            for column in feature_set.columns
        },
    }


_CATEGORIES = {
    "line_business_unit": "industrial",
    "line_reason": "defective_on_arrival",
    "line_item_class": "hydraulics",
    "line_regulated": "none",
    "line_date_kind": "none",
    "line_condition": "defective",
    "line_damage_code": "NR",
    "credit_match": "confirmed",
    "exception_code": "R10",
    "exception_business_unit": "industrial",
    "exception_match": "suggested",
}
_BY_UNIT = {"days": 12, "permille": 120, "milli-units": 4000}


def example_of(feature_set: FeatureSet) -> dict[str, Value]:
    """A complete, valid set of facts in the range that each unit suggests."""
    example: dict[str, Value] = {}
    for column in feature_set.columns:
        if column.kind == "flag":
            example[column.name] = column.name in ("line_stocked", "line_supplier_accepts_returns")
        elif column.kind == "category":
            example[column.name] = _CATEGORIES.get(column.name, "none")
        elif "minor" in column.name:
            example[column.name] = 12_500
        else:
            example[column.name] = _BY_UNIT.get(column.unit, 2)
    return example
