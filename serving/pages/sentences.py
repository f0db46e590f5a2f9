"""Events, tasks and money as sentences a person reads; one function an event type."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from workflow.codes import CLAIM_RESPONSES
from workflow.money import CURRENCIES, money_text

Payload = Mapping[str, Any]

POINTS = {
    "reason": "Settle the reason",
    "authorisation": "Authorise the return",
    "receipt": "Decide on surplus goods",
    "disposition": "Confirm the disposition",
    "release": "Release goods on hold",
    "refurbish": "Make goods as good as new",
    "refurbish_check": "Accept the work of the workshop",
    "credit": "Approve the credit",
    "claim": "Complete the claim on the supplier",
    "write_off": "Write off the rest of a claim",
    "advance": "Say what becomes of an advance",
    "charge_back": "Charge the customer back",
    "let_go": "Let an advance go",
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

WRITE_OFFS = {
    "denied": "The supplier refuses",
    "too_late": "It is too late",
    "no_evidence": "The evidence cannot be had",
    "not_worth_it": "It costs more than it brings",
    "goodwill": "Goodwill towards the supplier",
}
"""Why what is left of a claim is given up."""


def words(code: object) -> str:
    """``return_to_vendor`` -> ``return to vendor``; nothing for nothing."""
    return "" if code is None else str(code).replace("_", " ")


def capital(text: object) -> str:
    """The first letter large, the others as they are."""
    shown = words(text)
    return shown[:1].upper() + shown[1:]


def moment_of(text: object) -> datetime:
    """An ISO text, or a time, as an aware time in UTC."""
    moment = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    return moment.astimezone(UTC)


def day(text: object) -> str:
    """An ISO time as ``2 Nov 2026, 12:00`` in UTC; nothing for nothing."""
    if text is None:
        return ""
    moment = moment_of(text)
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def date_only(text: object) -> str:
    """An ISO time or date as ``2 Nov 2026``; nothing for nothing."""
    if text is None:
        return ""
    if len(str(text)) == 10:
        found = date.fromisoformat(str(text))
        return f"{found.day} {found:%b %Y}"
    return day(text).split(",")[0]


def until(moment: datetime, now: datetime) -> str:
    """How long until then, or since: ``in 5 h``, ``3 days ago``."""
    minutes = round(abs((moment - now).total_seconds()) / 60)
    if minutes < 1:
        return "now"
    if minutes < 90:
        span = f"{minutes} min"
    elif minutes < 48 * 60:
        span = f"{round(minutes / 60)} h"
    else:
        span = f"{round(minutes / 1440)} days"
    return f"in {span}" if moment > now else f"{span} ago"


def money(minor: object, currency: object) -> str:
    """``140600``, ``USD`` -> ``USD 1,406.00``; nothing for nothing."""
    return "" if minor is None else money_text(int(str(minor)), str(currency))


def major(minor: object, currency: object) -> str:
    """An amount for a form's field, in major units: ``140600``, ``USD`` -> ``1406.00``."""
    places = CURRENCIES.get(str(currency), 2)
    return f"{Decimal(int(str(minor))).scaleb(-places):.{places}f}"


def count(quantity: object) -> str:
    """``"3.000"`` -> ``3``."""
    text = str(quantity)
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(probability: object) -> str:
    return "" if probability is None else f"{float(str(probability)) * 100:.0f} %"


CREDITS = {
    "full": "the full credit",
    "partial": "a partial credit",
    "value_only": "the value, nothing comes back",
    "replace": "a replacement",
    "deny": "no credit",
}
OPTIONS = {
    "authorise": "the eligible lines",
    "authorise_all_lines": "every line, the ineligible ones too",
    "without_goods": "without anything coming back",
    "accept": "accept it onto the authorised line",
    "return_to_customer": "return to customer",
    "quarantine": "quarantine",
    "extend": "wait longer for the goods",
    "charge_back": "charge the customer back",
    "let_go": "let the customer keep it",
    "complete": "hand in what is missing: the note says where it is",
}
ABSTAINED = {
    "no_model": "no model is in use",
    "too_uncertain": "it is too uncertain",
    "out_of_scope": "this is outside what it knows",
    "empty_text": "there is no text",
    "unsupported_language": "it does not read this language",
    "missing_facts": "facts it needs are missing",
}
"""Why a model gave no answer, as the end of a sentence."""


def option(code: object, point: str = "") -> str:
    """A value a task may be decided with, as a person reads it."""
    if point == "write_off":
        return WRITE_OFFS.get(str(code), words(code)).lower()
    if point in ("authorisation", "receipt", "claim", "advance", "charge_back", "let_go"):
        return OPTIONS.get(str(code), words(code))
    if point == "credit":
        return CREDITS.get(str(code), words(code))
    return words(code)


_TEAMS = {"customer_service", "quality", "procurement"}


def role(code: object) -> str:
    """A role inside a sentence: ``quality``, but ``the finance lead``."""
    return words(code) if code in _TEAMS else f"the {words(code)}"


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


METRICS = {
    "accuracy": "Accuracy",
    "ece": "Calibration error",
    "macro_f1": "Macro F1",
    "auc": "Area under the ROC curve",
    "average_precision": "Average precision",
    "set_coverage": "Coverage of the sets",
    "set_size": "Size of the sets",
    "loss_captured_at_10pct": "Loss found in the first 10 % reviewed",
}
"""Figures of a model's card that have a name of their own."""
HEAD = ("accuracy", "auc", "loss_captured_at_10pct", "macro_f1", "ece", "set_coverage")
"""Figures that head a model, where its card has them; all of them are under ``/v1/models``."""


def head_figures(metrics: Mapping[str, float]) -> list[dict[str, Any]]:
    """The few figures of a card that a reader needs first, in a fixed order."""
    return [figure(name, metrics[name]) for name in HEAD if name in metrics]


def figure(name: str, value: float) -> dict[str, Any]:
    """A figure with how it is written; ``share`` for a meter where it is one."""
    share = 0 <= value <= 1 and isinstance(value, float)
    shown = f"{value:.3f}" if share else count(f"{value:,.2f}")
    return {
        "name": METRICS.get(name, capital(name)),
        "shown": shown,
        "share": value if share else None,
    }


def _parts(payload: Payload) -> str:
    return ", ".join(f"{count(p['quantity'])} {words(p['disposition'])}" for p in payload["parts"])


def _assessed(p: Payload) -> str:
    said = p["assessment"]
    model = said["model"]
    if said["abstained"]:
        why = ABSTAINED.get(said["abstained"], words(said["abstained"]))
        return f"The {words(model['name'])} model gives no answer for line {p['line']}: {why}."
    who = f"The {words(model['name'])} model (version {model['version']})"
    sure = percent(said["confidence"])
    if p["point"] == "credit":
        return f"{who} finds the credit of line {p['line']} {words(said['value'])}, score {sure}."
    return f"{who} says {words(said['value'])} for line {p['line']}, {sure} sure."


def _lane(p: Payload) -> str:
    if p["audited"]:
        return f"Drawn for an audit of the {words(p['point'])}: somebody decides without the model."
    how = {
        "automatic": "passes without a person",
        "recommend": "is proposed to a person",
        "dual_control": "is for two people",
    }.get(p["lane"], "is for a person")
    return f"The answer about the {words(p['point'])} {how}. {p['verdict']['because']}"


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


def _decided(p: Payload) -> str:
    what = POINTS[p["point"]].lower()
    proposal = option(p["proposal"], p["point"]) if p["proposal"] else ""
    said = {
        "approve": f"Said yes to {what}" + (f": {proposal}" if proposal else ""),
        "reject": f"Said no to {what}",
        "override": f"Decided otherwise on {what}: {_chosen(p)}"
        + (f" instead of {proposal}" if proposal else ""),
        "escalate": f"Passed on {what} to a higher role",
    }[p["decision"]]
    first = "" if p["final"] else " (the first of two people)"
    name = f", for {p['for_whom']}" if p.get("for_whom") else ""
    code = p["reason_code"]
    why = f" Why: {(REASON_CODES | WRITE_OFFS).get(code, capital(code))}." if code else ""
    note = f" “{p['note']}”" if p["note"] else ""
    return f"{said}{first}{name}.{why}{note}"


def _chosen(p: Payload) -> str:
    value = p["value"]
    if p["point"] in ("credit", "charge_back") and str(value).isdecimal():
        return money(value, p["currency"]) if p["currency"] else "another amount"
    return option(value, p["point"])


def _credit(p: Payload) -> str:
    release = {
        "at_once": "at once",
        "on_approval": "on approval",
        "on_request": "when the customer asks",
        "after_vendor_credit": "after the vendor's credit",
        "never": "never",
    }.get(p["release"], words(p["release"]))
    amount = money(p["net_minor"], p["currency"])
    freight, back = p.get("freight_minor", 0), p.get("return_freight_minor", 0)
    extra = f", with {money(freight, p['currency'])} of freight" if freight else ""
    extra += f", less {money(back, p['currency'])} for the way back" if back else ""
    return (
        f"Approved a credit of {amount} for line {p['line']}{extra}"
        f" ({words(p['decision'])}, released {release})."
    )


def _advance_judged(p: Payload) -> str:
    wanted = "A replacement" if p["wanted"] == "replacement" else "The credit"
    said = {
        "give": "is given before the goods are back",
        "refuse": "is not given before the goods are back",
    }.get(p["verdict"]["outcome"], "before the goods are back is for a person to decide")
    return f"{wanted} of line {p['line']} {said}. {p['verdict']['because']}"


def _settled(p: Payload) -> str:
    given, earned = (money(p[n], p["currency"]) for n in ("given_minor", "entitled_minor"))
    return f"The goods of line {p['line']} earn {earned}; {given} was given in advance."


_KINDS = {
    "erp.rma": "RMA in the ERP",
    "erp.receipt": "Goods receipt in the ERP",
    "erp.stock_move": "Stock move in the ERP",
    "erp.credit_memo": "Credit memo in the ERP",
    "erp.charge_back": "Charge-back in the ERP",
    "erp.refurbish_order": "Workshop order in the ERP",
    "erp.refurbish_completion": "Work of the workshop in the ERP",
    "erp.replacement": "Replacement order in the ERP",
    "erp.supplier_claim": "Supplier claim in the ERP",
    "erp.claim_settlement": "Settlement of a claim in the ERP",
    "erp.intercompany": "Intercompany document in the ERP",
    "erp.close": "Closing in the ERP",
    "assess": "Asking a model",
}


def effect_kind(kind: str) -> str:
    """What an effect changes outside, as a heading."""
    return _KINDS.get(kind, capital(kind))


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


_SAYS: dict[str, Callable[[Payload], str]] = {
    "return_requested": lambda p: (
        f"{p['customer_id']} asks to return {len(p['lines'])}"
        f" {'line' if len(p['lines']) == 1 else 'lines'}, by {words(p['channel'])}."
    ),
    "assessment_recorded": _assessed,
    "lane_chosen": _lane,
    "reason_settled": lambda p: (
        f"Line {p['line']} is settled as {words(p['reason'])}"
        f" ({'as stated' if p['how'] == 'stated' else 'by a ' + words(p['how'])})."
    ),
    "eligibility_judged": lambda p: (
        f"Line {p['line']}, {words(p['verdict']['outcome'])}: {p['verdict']['because']}"
    ),
    "task_opened": lambda p: (
        f"Asked {role(p['role'])} to {POINTS[p['point']].lower()}. {p['verdict']['because']}"
    ),
    "task_decided": _decided,
    "second_review_given": lambda p: (
        f"A second person of {role(p['role'])} {'agrees' if p['agreed'] else 'would have'}"
        f"{'' if p['agreed'] else ' decided otherwise'} on: {POINTS[p['point']].lower()}."
    ),
    "task_escalated": lambda p: (
        f"{p['because']} Passed on from {role(p['from_role'])} to {role(p['to_role'])}."
    ),
    "task_overdue": lambda p: (
        f"Due {day(p['due_at'])} and not decided. Nobody stands above {role(p['role'])}:"
        " it stays, overdue."
    ),
    "task_withdrawn": lambda p: f"A task is no longer needed: {p['why']}.",
    "return_authorised": lambda p: (
        f"Authorised until {date_only(p['expires_at'])}: {p['verdict']['because']}"
    ),
    "return_refused": lambda p: f"Refused: {p['because']}",
    "goods_received": _received,
    "intercompany_charged": lambda p: (
        f"{capital(p['owing_unit'])} owes {words(p['owed_unit'])}"
        f" {money(sum(line['amount_minor'] for line in p['lines']), p['currency'])} for goods that"
        f" are {words(p['status'])}." + _beyond_cost(p)
    ),
    "surplus_settled": lambda p: f"{count(p['quantity'])} of {p['sku']}: {words(p['outcome'])}.",
    "line_inspected": lambda p: (
        f"Inspected {count(p['quantity'])} of line {p['line']}: {words(p['condition'])}."
        + (f" “{p['note']}”" if p["note"] else "")
    ),
    "disposition_proposed": lambda p: (
        f"Proposed for portion {p['portion']}: {_parts(p)} ("
        + (f"rule {words(p['rule'])}" if p["rule"] else f"by the {words(p['how'])}")
        + ")."
    ),
    "portion_reinspected": lambda p: (
        f"Looked at portion {p['portion']} again: {words(p['condition'])}."
        + (f" “{p['note']}”" if p["note"] else "")
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
        + (f" “{p['note']}”" if p["note"] else "")
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
    "credit_proposed": lambda p: (
        f"Credit {p['sequence']} of line {p['line']}: {words(p['decision'])},"
        f" {p['percent']} %, {money(p['net_minor'], p['currency'])}. {p['verdict']['because']}"
    ),
    "credit_approved": _credit,
    "credit_denied": lambda p: f"Denied the credit of line {p['line']}: {p['because']}",
    "credit_released": lambda p: f"Released the credit of line {p['line']}: {p['because']}.",
    "credit_withdrawn": lambda p: (
        f"Credit {p['sequence']} of line {p['line']} is no longer asked about: {p['because']}."
    ),
    "advance_judged": _advance_judged,
    "goods_awaited": lambda p: (
        f"The goods of line {p['line']} are awaited until {date_only(p['goods_due'])}."
        + (f" “{p['because']}”" if p["because"] else "")
    ),
    "goods_given_up": lambda p: (
        f"{count(p['quantity'])} of line {p['line']} is waited for no more:"
        f" {OPTIONS.get(p['then'], words(p['then']))}."
        + (f" “{p['because']}”" if p["because"] else "")
    ),
    "advance_settled": _settled,
    "advance_charged_back": lambda p: (
        f"Charged {money(p['net_minor'], p['currency'])} and"
        f" {money(p['tax_minor'], p['currency'])} tax back for line {p['line']}."
    ),
    "advance_let_go": lambda p: (
        f"The customer keeps {money(p['amount_minor'], p['currency'])} of the advance for line"
        f" {p['line']}, as {p['asked_by']} asked."
    ),
    "effect_done": lambda p: f"{effect_kind(p['kind'])} is done: {p['reference']}.",
    "effect_corrected": lambda p: (
        f"{effect_kind(p['kind'])} is corrected: "
        + "; ".join(f"{x['path']} {x['was'] or '-'} to {x['now'] or '-'}" for x in p["changes"])
        + f". {p['because']}"
    ),
    "abandonment_proposed": lambda p: (
        f"{p['proposed_by']} wants {effect_kind(p['kind']).lower()} given up"
        f" ({words(p['reason'])}): {p['note']}"
    ),
    "effect_abandoned": lambda p: (
        f"{effect_kind(p['kind'])} is given up ({words(p['reason'])}): {p['note']}"
    ),
    "effect_parked": lambda p: f"{effect_kind(p['kind'])} is parked: {p['error']}",
    "return_cancelled": lambda p: f"Cancelled: {p['because']}",
    "authorisation_expired": lambda p: "The authorisation ran out before anything came.",
    "return_closed": lambda p: "Closed: nothing is left to do.",
}
KNOWN = frozenset(_SAYS)
"""Event types that have a sentence; a test holds this to every event of a case."""


def says(event_type: str, payload: Payload, currency: str = "") -> str:
    """One sentence about a case event; the type's own words for one without a sentence.

    ``currency`` is the case's, for amounts of events that carry none.
    """
    if "withheld" in payload:
        return "A model's answer, withheld while somebody decides without it."
    sentence = _SAYS.get(event_type)
    if sentence is None:
        return capital(event_type) + "."
    return sentence({"currency": currency, **payload})


def rule_of(event_type: str, payload: Payload) -> str | None:
    """``rule · policy`` of the verdict an event carries, where it carries one."""
    verdict = payload.get("verdict")
    return f"{verdict['rule']} · {verdict['policy']}" if verdict else None
