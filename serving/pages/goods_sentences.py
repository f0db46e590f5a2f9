"""What happened to goods, and what others owe for them, one sentence an event."""

from collections.abc import Callable, Mapping

from serving.pages.sentences import (
    OPTIONS,
    Payload,
    capital,
    count,
    date_only,
    listed,
    money,
    words,
)
from workflow.codes import CLAIM_RESPONSES


def _parts(payload: Payload) -> str:
    return ", ".join(f"{count(p['quantity'])} {words(p['disposition'])}" for p in payload["parts"])


def _received(p: Payload) -> str:
    lines = []
    for line in p["lines"]:
        where = f"line {line['line']}" if line["line"] is not None else "unannounced"
        seen = (*line["discrepancies"], line.get("condition"), line.get("damage_code"))
        said = [words(one) for one in seen if one]
        differs = f" ({', '.join(said)})" if said else ""
        lines.append(f"{count(line['quantity'])} of {line['sku']}, {where}{differs}")
    more = " Nothing more will come." if p["final"] else ""
    cost = p.get("freight_minor", 0)
    way = f" The way back cost {money(cost, p['currency'])}." if cost else ""
    return f"Received at {p['warehouse']}: {'; '.join(lines) or 'nothing'}.{way}{more}"


def _quoted(text: str) -> str:
    return f" “{text}”" if text else ""


def _recalled(told: Payload) -> str:
    what = f"portion {told['portion']}" if told["portion"] else f"line {told['line']}"
    lot = f"lot {told['lot']}" if told["lot"] else "a lot nobody knows"
    gone = listed([words(part["disposition"]) for part in told["passed_on"]])
    after = f" It had been passed on: {gone}." if gone else ""
    return f"Recall {told['recall_id']} was opened and covers {what}, {lot}.{after}"


def _claim_answered(p: Payload) -> str:
    means = CLAIM_RESPONSES.get(p["response"]) or "a code we know only by name"
    paid = money(p["recovered_minor"], p["currency"]) if p["recovered_minor"] else "nothing"
    return f"{p['supplier_id']} answered {p['response']}, {means}, and paid {paid}."


def _beyond_cost(p: Payload) -> str:
    more = sum(line.get("margin_minor", 0) for line in p["lines"])
    return f" {money(more, p['currency'])} of it is beyond their cost." if more else ""


def _mastered(told: Payload) -> str:
    if not told["blocks"]:
        return f"The master record of {told['sku']} has no gap any more that goods wait for."
    waits = listed([words(block) for block in told["blocks"]])
    return f"The master record of {told['sku']} has a gap; until it is closed, no {waits}."


GOODS: Mapping[str, Callable[[Payload], str]] = {
    "goods_received": _received,
    "intercompany_charged": lambda p: (
        f"{capital(p['owing_unit'])} owes {words(p['owed_unit'])}"
        f" {money(sum(line['amount_minor'] for line in p['lines']), p['currency'])} for goods that"
        f" are {words(p['status'])}." + _beyond_cost(p)
    ),
    "surplus_settled": lambda p: f"{count(p['quantity'])} of {p['sku']}: {words(p['outcome'])}.",
    "line_inspected": lambda p: (
        f"Inspected {count(p['quantity'])} of line {p['line']}: {words(p['condition'])}."
        + _quoted(p["note"])
    ),
    "disposition_proposed": lambda p: (
        f"Proposed for portion {p['portion']}: {_parts(p)} ("
        + (f"rule {words(p['rule'])}" if p["rule"] else f"by the {words(p['how'])}")
        + ")."
    ),
    "portion_reinspected": lambda p: (
        f"Looked at portion {p['portion']} again: {words(p['condition'])}." + _quoted(p["note"])
    ),
    "hold_release_asked": lambda p: (
        f"Wants to release from quarantine, portion {p['portion']}: {_parts(p)}. Somebody else must"
        f" agree. “{p['because']}”"
    ),
    "hold_released": lambda p: (
        f"Released from quarantine, portion {p['portion']}: {_parts(p)}. “{p['because']}”"
    ),
    "refurbish_ordered": lambda p: (
        f"Ordered the work on {count(p['quantity'])} of portion {p['portion']} by"
        f" {date_only(p['due_at'])}. {p['verdict']['because']}"
    ),
    "refurbish_reported": lambda p: (
        f"The workshop reports {count(p['quantity'])} of portion {p['portion']} as"
        f" {words(p['outcome'])}, work of {money(p['cost_minor'], p['currency'])}."
        + _quoted(p["note"])
    ),
    "refurbish_settled": lambda p: (
        f"{count(p['quantity'])} of portion {p['portion']} left the workshop,"
        f" {words(p['outcome'])}: {words(p['disposition'])}."
        + (f" Not to stock: {words(p['rule'])}." if p["rule"] else "")
    ),
    "refurbish_sent_back": lambda p: (
        f"Work on portion {p['portion']} was not accepted and goes on. “{p['because']}”"
    ),
    "recall_reached": _recalled,
    "claim_raised": lambda p: (
        f"{money(p['claimed_minor'], p['currency'])} for portion {p['portion']} to be claimed of"
        f" {p['supplier_id']}"
        + (f" by {date_only(p['claim_by'])}" if p["claim_by"] else "")
        + f". {p['verdict']['because']}"
    ),
    "claim_evidence_given": lambda p: (
        f"Evidence for the claim of portion {p['portion']}: {words(p['kind'])}, {p['reference']}."
    ),
    "claim_submitted": lambda p: f"Claimed of the supplier for portion {p['portion']}.",
    "claim_answered": _claim_answered,
    "claim_written_off": lambda p: (
        f"Wrote off {money(p['amount_minor'], p['currency'])} of the claim of portion"
        f" {p['portion']} ({words(p['reason'])}), as {p['proposed_by']} asked. “{p['note']}”"
    ),
    "master_gaps_changed": _mastered,
    "disposition_confirmed": lambda p: f"Confirmed for portion {p['portion']}: {_parts(p)}.",
    "goods_awaited": lambda p: (
        f"The goods of line {p['line']} are awaited until {date_only(p['goods_due'])}."
        + _quoted(p["because"])
    ),
    "goods_given_up": lambda p: (
        f"{count(p['quantity'])} of line {p['line']} is waited for no more:"
        f" {OPTIONS.get(p['then'], words(p['then']))}." + _quoted(p["because"])
    ),
}
"""Sentences by event type."""
