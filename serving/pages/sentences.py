"""Codes, times, money and figures as they stand in a sentence that a person reads."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

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
