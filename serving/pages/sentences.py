"""Events, tasks and money as sentences a person reads; one function an event type."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from workflow.money import money_text

Payload = Mapping[str, Any]

POINTS = {
    "reason": "Settle the reason",
    "authorisation": "Authorise the return",
    "receipt": "Surplus goods",
    "disposition": "Confirm the disposition",
    "credit": "Approve the credit",
}
STATUSES = {
    "under_review": "Under review",
    "authorised": "Authorised",
    "partially_received": "Partly received",
    "received": "Received",
    "inspected": "Inspected",
    "disposed": "Disposed of",
    "credited": "Credited",
    "closed": "Closed",
    "refused": "Refused",
    "cancelled": "Cancelled",
    "expired": "Expired",
}
REASON_CODES = {
    "evidence_missing": "Evidence is missing",
    "goods_differ": "The goods are not as described",
    "wrong_amount": "The amount is wrong",
    "policy_exception": "An exception from the rule",
    "goodwill": "Goodwill",
    "model_wrong": "The model is wrong",
    "duplicate": "Was credited before",
    "suspected_abuse": "Suspected abuse",
    "other": "Other, see note",
}
"""Why a reviewer rejects or overrides; kept with the decision and used in training."""


def words(code: object) -> str:
    """``return_to_vendor`` -> ``return to vendor``; nothing for nothing."""
    return "" if code is None else str(code).replace("_", " ")


def day(text: object) -> str:
    """An ISO time as ``2 Nov 2026, 12:00`` in UTC."""
    if text is None:
        return ""
    moment = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def money(minor: object, currency: object) -> str:
    return money_text(int(str(minor)), str(currency))


def count(quantity: object) -> str:
    """``"3.000"`` -> ``3``."""
    text = str(quantity)
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(probability: object) -> str:
    return "" if probability is None else f"{float(str(probability)) * 100:.0f} %"


def _parts(payload: Payload) -> str:
    return ", ".join(f"{count(p['quantity'])} {words(p['disposition'])}" for p in payload["parts"])


def _assessed(p: Payload) -> str:
    said = p["assessment"]
    model = said["model"]
    who = f"Model {model['name']} {model['version']}" if model["alias"] else "No model"
    if said["abstained"]:
        return f"{who} did not answer ({words(said['abstained'])})."
    sure = percent(said["confidence"])
    if p["point"] == "credit":
        return f"{who} found the credit of line {p['line']} {words(said['value'])} (score {sure})."
    return f"{who} says {words(said['value'])} for line {p['line']}, {sure} sure."


def _received(p: Payload) -> str:
    lines = []
    for line in p["lines"]:
        where = f"line {line['line']}" if line["line"] is not None else "unannounced"
        differs = (
            f" ({', '.join(map(words, line['discrepancies']))})" if line["discrepancies"] else ""
        )
        lines.append(f"{count(line['quantity'])} of {line['sku']}, {where}{differs}")
    return f"Received at {p['warehouse']}: {'; '.join(lines) or 'nothing more will come'}."


def _decided(p: Payload) -> str:
    value = f" with {words(p['value'])}" if p["value"] else ""
    why = f" because {words(p['reason_code'])}" if p["reason_code"] else ""
    note = f": “{p['note']}”" if p["note"] else "."
    first = "" if p["final"] else " (first of two)"
    verb = {
        "approve": "Approved",
        "reject": "Rejected",
        "override": "Overrode",
        "escalate": "Escalated",
    }
    return f"{verb[p['decision']]} {p['task_id']}{value}{why}{first}{note}"


def _credit(verb: str) -> Callable[[Payload], str]:
    def say(p: Payload) -> str:
        amount = money(p["net_minor"], p["currency"]) if "currency" in p else ""
        return (
            f"{verb} {amount} for line {p['line']} ({words(p['decision'])}, {words(p['release'])})."
        )

    return say


_SAYS: dict[str, Callable[[Payload], str]] = {
    "return_requested": lambda p: (
        f"{p['customer_id']} asks to return {len(p['lines'])} line(s), {words(p['channel'])}."
    ),
    "assessment_recorded": _assessed,
    "reason_settled": lambda p: f"Line {p['line']} is {words(p['reason'])} ({words(p['how'])}).",
    "eligibility_judged": lambda p: (
        f"Line {p['line']} is {words(p['verdict']['outcome'])}: {p['verdict']['because']}"
    ),
    "task_opened": lambda p: (
        f"Asked the {words(p['role'])} to {POINTS[p['point']].lower()}: {p['verdict']['because']}"
    ),
    "task_decided": _decided,
    "task_withdrawn": lambda p: f"{p['task_id']} is no longer needed: {p['why']}.",
    "return_authorised": lambda p: (
        f"Authorised until {day(p['expires_at'])}: {p['verdict']['because']}"
    ),
    "return_refused": lambda p: f"Refused: {p['because']}",
    "goods_received": _received,
    "surplus_settled": lambda p: f"{count(p['quantity'])} of {p['sku']}: {words(p['outcome'])}.",
    "line_inspected": lambda p: (
        f"Inspected {count(p['quantity'])} of line {p['line']}: {words(p['condition'])}."
        + (f" “{p['note']}”" if p["note"] else "")
    ),
    "disposition_proposed": lambda p: (
        f"Proposed for {p['portion']}: {_parts(p)} (by {words(p['how'])})."
    ),
    "disposition_confirmed": lambda p: f"Confirmed for {p['portion']}: {_parts(p)}.",
    "credit_proposed": lambda p: (
        f"Credit {p['sequence']} of line {p['line']}: {words(p['decision'])},"
        f" {p['percent']} %. {p['verdict']['because']}"
    ),
    "credit_approved": _credit("Approved"),
    "credit_denied": lambda p: f"Denied the credit of line {p['line']}: {p['because']}",
    "credit_released": lambda p: f"Released the credit of line {p['line']}: {p['because']}.",
    "effect_done": lambda p: f"{_KINDS.get(p['kind'], p['kind'])}: {p['reference']}.",
    "effect_parked": lambda p: f"{_KINDS.get(p['kind'], p['kind'])} is parked: {p['error']}",
    "return_cancelled": lambda p: f"Cancelled: {p['because']}.",
    "authorisation_expired": lambda p: "The authorisation ran out before anything came.",
    "return_closed": lambda p: "Closed: nothing is left to do.",
}
_KINDS = {
    "erp.rma": "RMA in the ERP",
    "erp.receipt": "Goods receipt in the ERP",
    "erp.stock_move": "Stock move in the ERP",
    "erp.credit_memo": "Credit memo in the ERP",
    "erp.replacement": "Replacement order in the ERP",
    "erp.supplier_claim": "Supplier claim in the ERP",
    "erp.close": "Closed in the ERP",
}


def says(event_type: str, payload: Payload) -> str:
    """One sentence about a case event; the type's own words for one without a sentence."""
    sentence = _SAYS.get(event_type)
    return sentence(payload) if sentence else words(event_type).capitalize() + "."


def rule_of(event_type: str, payload: Payload) -> str | None:
    """``rule · policy`` of the verdict an event carries, where it carries one."""
    verdict = payload.get("verdict")
    return f"{verdict['rule']} · {verdict['policy']}" if verdict else None
