"""What happened in a case as sentences a person reads; one function an event type."""

from collections.abc import Callable, Mapping

from serving.pages.goods_sentences import GOODS
from serving.pages.sentences import (
    ABSTAINED,
    POINTS,
    REASON_CODES,
    WRITE_OFFS,
    Payload,
    capital,
    date_only,
    day,
    effect_kind,
    money,
    option,
    percent,
    role,
    words,
)


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


_SAYS: Mapping[str, Callable[[Payload], str]] = {
    **GOODS,
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
