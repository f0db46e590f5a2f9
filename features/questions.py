"""Which question arises after which fact, and how its keys become complete.

Live and in training the walk is the same: learn the fact, take ``questions_of`` it, read
the memories of ``subjects``, ``resolve`` the question with them, read the memories the set
``needs``, make the row. ``ask`` does the last four steps over any way of reading memories.

A case asks as of the moment its fact was recorded, which is when the assessor asks live. A
credit note or exception of the ERP asks as of its own time, which an import may tell years
later.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from features.cases import line_key, portion_key
from features.credits import credit_key, credited_at, note_line_key
from features.customers import pair_key
from features.fold import Fact, Memory, Question, Value
from features.products import lot_key
from features.sets import FeatureSet, Wanted
from features.units import moment_of

Read = Callable[[Collection[Wanted]], Mapping[Wanted, Memory]]
"""Reads memories; what nobody learned may be absent."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for ``model`` about ``subject`` (the key of its portion, credit or exception)."""

    model: str
    subject: str
    question: Question


def questions_of(fact: Fact) -> list[Asked]:
    """The questions that arise right after this fact was learned; mostly none.

    ``line_inspected`` asks for a disposition, ``credit_proposed`` and ``credit_matched`` for
    an anomaly, ``exception_raised`` for a rank.
    """
    match fact.type:
        case "line_inspected":
            return [_about_inspection(fact)]
        case "credit_proposed":
            return [_about_proposal(fact)]
        case "credit_matched":
            return [_about_match(fact)]
        case "exception_raised":
            return [_about_raised(fact)]
        case _:
            return []


def about_portion(return_id: str, line: int, portion: str | None, at: datetime) -> Question:
    """A question about a portion by name; ``None`` leaves the line's newest one to ``resolve``."""
    keys = {"case_line": line_key(return_id, line)}
    if portion is not None:
        keys["portion"] = portion_key(return_id, portion)
    return Question(keys, at)


def about_credit(return_id: str, line: int, sequence: int | None, at: datetime) -> Question:
    """A question about a case's credit; ``None`` leaves the line's newest one to ``resolve``."""
    keys = {"case_line": line_key(return_id, line)}
    if sequence is not None:
        keys["credit"] = credit_key(return_id, line, sequence)
    return Question(keys, at)


def about_credit_note(credit_note_id: str, line: int, at: datetime) -> Question:
    """A question about one line of a credit note of the ERP."""
    return Question({"credit": note_line_key(credit_note_id, line)}, at)


def about_exception(exception_id: str, at: datetime) -> Question:
    """A question about one reconciliation exception."""
    return Question({"exception": exception_id}, at)


_SUBJECTS = ("case_line", "portion", "credit", "exception")


def subjects(question: Question) -> list[Wanted]:
    """The memories that ``resolve`` reads to complete this question's keys."""
    return [(entity, question.keys[entity]) for entity in _SUBJECTS if entity in question.keys]


def resolve(question: Question, memories: Mapping[Wanted, Memory]) -> Question:
    """The question with every key that its subjects' memories know and it lacks.

    A line of an imported credit note is asked as of the time it was credited. Keys that the
    question names already are kept; what nobody knows stays absent.
    """
    keys = dict(question.keys)
    line = memories.get(("case_line", keys.get("case_line", "")), {})
    credit = memories.get(("credit", keys.get("credit", "")), {})
    if credit.get("portion"):
        keys.setdefault("portion", credit["portion"])
    elif line and keys.keys() == {"case_line"}:
        _newest_of_line(keys, line)
    portion = memories.get(("portion", keys.get("portion", "")), {})
    exception = memories.get(("exception", keys.get("exception", "")), {})
    known = {
        field: portion.get(field) or credit.get(field) or exception.get(field) or line.get(field)
        for field in ("customer_id", "sku", "supplier_id", "carrier_id", "lot")
    }
    customer, sku = known["customer_id"], known["sku"]
    for entity, key in (
        ("customer", customer),
        ("product", sku),
        ("supplier", known["supplier_id"]),
        ("carrier", known["carrier_id"]),
        ("exception_code", exception.get("code")),
        ("lot", lot_key(sku, known["lot"]) if sku and known["lot"] else None),
        ("customer_product", pair_key(customer, sku) if customer and sku else None),
    ):
        if key:
            keys.setdefault(entity, key)
    return Question(keys, credited_at(credit) or question.at)


def ask(
    feature_set: FeatureSet, question: Question, read: Read
) -> tuple[Question, dict[str, Value]]:
    """The resolved question and its row; ``read`` is called twice, or three times by line only."""
    memories = read(subjects(question))
    resolved = resolve(question, memories)
    if len(subjects(resolved)) > len(subjects(question)):
        resolved = resolve(resolved, read(subjects(resolved)))
    return resolved, feature_set.row(read(feature_set.needs(resolved)), resolved)


def _newest_of_line(keys: dict[str, str], line: Memory) -> None:
    return_id, number = keys["case_line"].rsplit("/", 1)
    if line.get("portion"):
        keys["portion"] = portion_key(return_id, line["portion"])
    if line.get("sequence"):
        keys["credit"] = credit_key(return_id, int(number), line["sequence"])


def _moment(fact: Fact, field: str) -> datetime:
    return min(moment_of(fact.payload[field]), fact.recorded_at)


def _known(**keys: str | None) -> dict[str, str]:
    return {entity: key for entity, key in keys.items() if key}


def _pair(fact: Fact) -> str | None:
    customer, sku = fact.payload.get("customer_id"), fact.payload.get("sku")
    return pair_key(customer, sku) if customer and sku else None


def _about_inspection(fact: Fact) -> Asked:
    payload = fact.payload
    subject = portion_key(payload["return_id"], payload["portion"])
    sku, lot = payload.get("sku"), payload["lot"]
    keys = _known(
        case_line=line_key(payload["return_id"], payload["line"]),
        portion=subject,
        customer=payload.get("customer_id"),
        product=sku,
        lot=lot_key(sku, lot) if sku and lot else None,
        customer_product=_pair(fact),
    )
    return Asked("disposition", subject, Question(keys, fact.recorded_at))


def _about_proposal(fact: Fact) -> Asked:
    payload = fact.payload
    subject = credit_key(payload["return_id"], payload["line"], payload["sequence"])
    keys = _known(
        case_line=line_key(payload["return_id"], payload["line"]),
        portion=portion_key(payload["return_id"], payload["portion"]),
        credit=subject,
        customer=payload.get("customer_id"),
        product=payload.get("sku"),
        customer_product=_pair(fact),
    )
    return Asked("credit_anomaly", subject, Question(keys, fact.recorded_at))


def _about_match(fact: Fact) -> Asked:
    payload = fact.payload
    subject = note_line_key(payload["credit_note_id"], payload["line"])
    keys = _known(
        credit=subject,
        customer=payload["customer_id"],
        product=payload["sku"],
        customer_product=_pair(fact),
    )
    return Asked("credit_anomaly", subject, Question(keys, _moment(fact, "matched_at")))


def _about_raised(fact: Fact) -> Asked:
    payload = fact.payload
    return_id, line = payload["return_id"], payload["line"]
    keys = _known(
        exception=payload["exception_id"],
        exception_code=payload["code"],
        customer=payload["customer_id"],
        supplier=payload["supplier_id"],
        product=payload["sku"],
        customer_product=_pair(fact),
        case_line=line_key(return_id, line) if return_id and line is not None else None,
    )
    question = Question(keys, _moment(fact, "opened_at"))
    return Asked("exception_rank", payload["exception_id"], question)
