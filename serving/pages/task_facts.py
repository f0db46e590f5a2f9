"""The evidence in front of the reviewer of a task, as labelled sentences."""

from typing import Any

from serving.pages import sentences
from serving.present import credit_json, portion_json
from workflow.codes import Point
from workflow.state import Case, Credit, Line, Portion, Task

MOST_TEXT = 600
MOST_LINES = 8


def facts(
    case: Case, task: Task, line: Line | None, portion: Portion | None, credit: Credit | None
) -> list[tuple[str, str]]:
    """Pairs of a label and what is known; ``line``, ``portion`` and ``credit`` are the task's."""
    opened, found = task.opened, list[tuple[str, str]]()
    if opened.point == "authorisation":
        found += _case_facts(case)
    if opened.point == "receipt":
        found.append(("Goods", f"{sentences.count(opened.quantity)} of {opened.sku}"))
        if opened.lot:
            found.append(("Lot", opened.lot))
    if opened.point in (Point.REFURBISH, Point.REFURBISH_CHECK):
        found.append(("Workshop", f"{sentences.count(opened.quantity)} of {opened.sku}"))
    if line is not None:
        found += _line_facts(task, line)
    if portion is not None:
        found += _portion_facts(portion)
    if opened.note:
        found.append(("Asked", f"{opened.note} ({opened.asked_by})"))
    if credit is not None:
        found += _credit_facts(credit, opened.currency)
    return found


def _case_facts(case: Case) -> list[tuple[str, str]]:
    """What a whole request comes to: its customer, and each line with its own verdict."""
    requested, lines = case.requested, case.lines
    found = [("Segment", sentences.words(requested.segment))] if requested.segment else []
    if requested.credit_hold:
        found.append(("Customer", "on credit hold"))
    for line in lines[:MOST_LINES]:
        value = sentences.money(line.requested.value_minor, requested.currency)
        asked = f"{sentences.count(line.requested.quantity)} {line.requested.uom}"
        said = f"{asked} of {line.requested.sku}, {value}; {sentences.words(line.reason)}."
        because = line.eligibility.because if line.eligibility else ""
        found.append((f"Line {line.number}", f"{said} {because}"))
    if len(lines) > MOST_LINES:
        found.append(("And", f"{len(lines) - MOST_LINES} more lines, below"))
    return found


def _line_facts(task: Task, line: Line) -> list[tuple[str, str]]:
    requested, facts = line.requested, line.requested.facts
    found = [("Item", f"{sentences.count(requested.quantity)} {requested.uom} of {requested.sku}")]
    if facts.delivered_at is not None:
        asked = requested.source.invoice_id if requested.source else ""
        found.append(("Delivered", f"{sentences.date_only(facts.delivered_at)}, {asked}"))
    if line.reason and task.opened.point != "reason":
        found.append(("Reason", sentences.words(line.reason)))
    if requested.evidence:
        elsewhere = [name for name in requested.evidence if not name.startswith("sha256:")]
        if here := len(requested.evidence) - len(elsewhere):
            elsewhere.insert(0, f"{here} {'file' if here == 1 else 'files'}, with the line below")
        found.append(("Evidence", ", ".join(elsewhere)))
    return found


def _portion_facts(portion: Portion) -> list[tuple[str, str]]:
    shown: Any = portion_json(portion)
    found = [("Inspected", f"{shown['quantity']}, {sentences.words(shown['condition'])}")]
    if shown["note"]:
        found.append(("Inspector", f"“{shown['note'][:MOST_TEXT]}”"))
    if shown["damage_code"]:
        found.append(("Damage", shown["damage_code"]))
    if shown["remaining_life_days"] is not None:
        found.append(("Life left", _life(shown)))
    if shown["temperature_ok"] is not None:
        found.append(("Temperature", "kept" if shown["temperature_ok"] else "not kept"))
    seen = shown["seen"]
    marks = [word for word in ("soiled", "infested") if seen[word]]
    if seen["barcode"] is False:
        marks.append("no readable barcode")
    if marks:
        found.append(("Seen", ", ".join(marks)))
    if shown["recall_open"]:
        found.append(("Recall", "open for this lot"))
    return found


def _life(shown: dict[str, Any]) -> str:
    asked = shown["required_life"] or {"days": None, "customers": 0}
    days = f"{shown['remaining_life_days']} days"
    if asked["days"] is None:
        return days
    many = asked["customers"]
    who = f"the least demanding of {many} regular customers" if many > 1 else "the next customer"
    return f"{days}; {who} must get {asked['days']}"


def _credit_facts(credit: Credit, currency: str) -> list[tuple[str, str]]:
    shown: Any = credit_json(credit)
    fee = f", less a fee of {sentences.money(shown['fee_minor'], currency)}"
    tax = sentences.money(shown["tax_minor"], currency)
    freight = sentences.money(shown["freight_minor"], currency)
    back = sentences.money(shown["return_freight_minor"], currency)
    also = [f"{freight} of the delivery's given back"] if shown["freight_minor"] else []
    also += [f"{back} charged for the way back"] if shown["return_freight_minor"] else []
    return [
        *([("Freight", ", ".join(also))] if also else []),
        ("Credit", f"{sentences.money(shown['net_minor'], currency)} and {tax} tax"),
        ("Rule", f"{shown['percent']} %{fee if shown['fee_minor'] else ''}."
                 f" {shown['verdict']['because']}"),
    ]  # fmt: skip
