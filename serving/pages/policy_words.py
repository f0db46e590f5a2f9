"""How two versions of a policy differ, in words that a manager reads."""

from typing import Any

from serving.pages import sentences
from workflow.policy import Change

KINDS = {
    "added": "is new",
    "removed": "is gone",
    "moved": "stands in another place",
    "changed": "is another",
}
COLUMNS = {
    "when": "holds where",
    "outcome": "says",
    "role": "asks",
    "removes": "removes",
    "proposes": "proposes",
    "because": "gives as its reason",
}
OUTCOMES = {
    "ask_human": "ask",
    "automatic": "passes without a person",
    "observe": "a person decides alone",
    "assist": "a person decides, with the model's proposal",
    "automate": "nobody is asked",
}


def changed(change: Change) -> dict[str, Any]:
    """``rule``, what became of it, and for a changed one ``fields`` of name, before and after;
    ``code`` marks conditions."""
    fields = [
        {"name": name, "code": column == "when", "before": before, "after": after}
        for column, old, new in change.fields
        for name, before in [shown(column, old)]
        for _, after in [shown(column, new)]
    ]
    return {"rule": change.rule, "kind": KINDS[change.kind], "fields": fields}


def shown(column: str, value: object) -> tuple[str, str]:
    """A column of a rule, or a value beside it, as people say it; shares in per cent."""
    name = COLUMNS.get(column)
    if name is not None:
        return name, _said(column, value)
    if value is None:
        return _named(column)[0], "nothing"
    return value_in_words(column, value)


def value_in_words(column: str, value: object) -> tuple[str, str]:
    name, unit = _named(column)
    if unit == "permille":
        return name, f"{float(str(value)) / 10:g} %"
    if unit:
        return name, f"{value} {'%' if unit == 'percent' else unit}"
    return name, sentences.words(str(value))


def _named(column: str) -> tuple[str, str]:
    plain, _, unit = column.rpartition("_")
    if unit in ("permille", "percent", "hours", "days") and plain:
        return sentences.words(plain), unit
    if column == "percent":
        return "credited", "percent"
    return sentences.words(column), ""


def _said(column: str, value: object) -> str:
    if isinstance(value, list):
        return sentences.listed([sentences.words(str(one)) for one in value]) or "nothing"
    if value is None or value == "":
        return "always" if column == "when" else "nobody" if column == "role" else "nothing"
    if column == "role":
        return sentences.role(str(value))
    if column == "outcome":
        return OUTCOMES.get(str(value), sentences.words(str(value)))
    return str(value)
