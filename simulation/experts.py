"""What expert reviewers decide, as known conditional distributions.

``disposition_probabilities`` is the truth a disposition model can at best recover: a softmax
over scores of what an inspector found and what the masters say. Reports compare a model with
``best_reachable``, the accuracy of always naming the likeliest disposition.
"""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass

from simulation.catalogue import FB, IND
from simulation.intents import InspectionTruth
from simulation.streams import gumbel

SHARPNESS = 1.35
"""How sure experts are of themselves; infinity would be no noise at all."""


@dataclass(frozen=True, slots=True)
class Found:
    """One inspected portion as an expert sees it. ``life_left`` is a share of the shelf life
    (``None`` without a date), ``claim_days_left`` may be negative, ``value_minor`` is at cost."""

    condition: str
    reason: str
    item_class: str
    business_unit: str
    regulated: str
    cold_chain: bool
    temperature_ok: bool | None
    refurbishable: bool
    date_kind: str
    life_left: float | None
    supplier_accepts: bool
    supplier_percent: int
    claim_days_left: int
    value_minor: int
    recall_open: bool
    lot_matches: bool


_BY_CONDITION = {
    "sealed": {"restock": 3.2, "return_to_vendor": -0.6, "scrap": -3.0, "refurbish": -3.5,
               "quarantine": -1.2, "donate": -1.2, "return_to_customer": -2.5},
    "opened": {"restock": -0.4, "return_to_vendor": 0.3, "scrap": -0.6, "refurbish": 1.0,
               "quarantine": -0.4, "donate": -1.5, "return_to_customer": -1.0},
    "used": {"restock": -2.8, "return_to_vendor": 0.2, "scrap": 0.4, "refurbish": 1.2,
             "quarantine": -0.8, "donate": -2.5, "return_to_customer": 0.6},
    "damaged": {"restock": -3.5, "return_to_vendor": 0.0, "scrap": 1.3, "refurbish": 0.9,
                "quarantine": -0.7, "donate": -1.2, "return_to_customer": -1.6},
    "defective": {"restock": -4.5, "return_to_vendor": 1.3, "scrap": 0.5, "refurbish": 0.6,
                  "quarantine": 0.0, "donate": -4.0, "return_to_customer": -2.0},
    "spoiled": {"restock": -7.0, "return_to_vendor": -0.4, "scrap": 3.2, "refurbish": -7.0,
                "quarantine": 0.2, "donate": -5.0, "return_to_customer": -2.5},
    "empty": {"restock": -8.0, "return_to_vendor": -2.5, "scrap": 1.8, "refurbish": -6.0,
              "quarantine": 0.0, "donate": -7.0, "return_to_customer": 1.4},
}  # fmt: skip
_SUPPLIERS_FAULT = (
    "defective_on_arrival", "failed_in_service", "packaging_or_label", "quality_complaint",
    "recall",
)  # fmt: skip
_CUSTOMERS_FAULT = ("ordered_in_error", "no_longer_needed", "stock_agreement")


def disposition_probabilities(found: Found) -> dict[str, float]:
    """The expert's distribution over all dispositions, sorted by code; sums to 1."""
    scores = dict(_BY_CONDITION[found.condition]) | {"keep_at_customer": -5.0}
    for part in (_life, _vendor, _care, _worth):
        for disposition, push in part(found).items():
            scores[disposition] += push
    return _softmax(scores)


def _life(found: Found) -> dict[str, float]:
    left = found.life_left
    push = dict.fromkeys(("restock", "donate", "scrap"), 0.0)
    if found.business_unit == IND or found.regulated == "drug":
        push["donate"] -= 4.0
    if left is None:
        return push
    if left <= 0:
        gone = found.date_kind == "use_by"
        return {
            "restock": -8.0,
            "donate": push["donate"] + (-7.0 if gone else 1.8),
            "scrap": 3.0 if gone else 2.0,
        }
    if left < 0.33:
        push["restock"] -= 3.0 if left < 0.15 else 1.8
        push["donate"] += 3.2
        push["scrap"] += 0.8 if left < 0.1 else 0.0
    return push


def _vendor(found: Found) -> dict[str, float]:
    push = 1.0 if found.supplier_accepts else -3.2
    if found.reason in _SUPPLIERS_FAULT:
        push += 1.9
    push += 0.5 if found.claim_days_left >= 0 else -2.2
    push += (found.supplier_percent - 75) / 50
    if found.reason == "damaged_in_transit":
        push -= 1.2
    kept = 1.4 if found.reason in _CUSTOMERS_FAULT and found.condition != "sealed" else 0.0
    return {"return_to_vendor": push, "return_to_customer": kept}


def _care(found: Found) -> dict[str, float]:
    restock = quarantine = scrap = refurbish = 0.0
    if found.recall_open:
        restock, quarantine = restock - 9.0, quarantine + 3.6
    if found.cold_chain:
        if found.temperature_ok is None:
            restock, quarantine = restock - 2.0, quarantine + 1.4
        elif not found.temperature_ok:
            restock, scrap = restock - 6.5, scrap + 2.0
    if found.regulated == "drug":
        restock, quarantine, scrap = restock - 1.8, quarantine + 2.0, scrap + 0.8
    if found.regulated == "food" and found.condition == "opened":
        restock, scrap = restock - 3.0, scrap + 1.8
    if found.reason == "quality_complaint":
        restock, quarantine = restock - 1.2, quarantine + 1.6
    if not found.lot_matches:
        restock, quarantine = restock - 1.5, quarantine + 2.2
    if not found.refurbishable:
        refurbish -= 7.0
    return {"restock": restock, "quarantine": quarantine, "scrap": scrap, "refurbish": refurbish}


def _worth(found: Found) -> dict[str, float]:
    size = math.log10(max(found.value_minor, 100) / 10_000)
    cheap = 1.0 if found.value_minor < 2_000 else 0.0
    return {
        "refurbish": 0.9 * size,
        "return_to_vendor": 0.7 * size - cheap,
        "scrap": -0.8 * size + 0.5 * cheap,
        "keep_at_customer": 1.5 * cheap,
    }


def _softmax(scores: dict[str, float]) -> dict[str, float]:
    top = max(scores.values())
    weights = {name: math.exp(SHARPNESS * (scores[name] - top)) for name in sorted(scores)}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def inspection_truth(found: Found, stream: random.Random) -> InspectionTruth:
    """The distribution and this portion's own draw from it."""
    chances = disposition_probabilities(found)
    scores = tuple(
        (name, round(math.log(max(p, 1e-12)) + gumbel(stream), 6)) for name, p in chances.items()
    )
    return InspectionTruth(tuple((name, round(p, 6)) for name, p in chances.items()), scores)


def best_reachable(truths: Iterable[InspectionTruth]) -> float:
    """The accuracy of always naming the likeliest disposition; ``nan`` for no truths."""
    tops = [max(p for _, p in truth.probabilities) for truth in truths]
    return sum(tops) / len(tops) if tops else math.nan


def deny_probability(abuse: str | None, conditions: Iterable[str], customers_fault: bool) -> float:
    """How likely an expert denies the credit of a return, from its worst line."""
    found = set(conditions)
    if "empty" in found:
        return 0.9
    if abuse is not None:
        return 0.75
    if customers_fault and found & {"used", "damaged"}:
        return 0.35
    return 0.02


def side_of(business_unit: str) -> str:
    """Which group of phrases suits a business unit."""
    return "food" if business_unit == FB else "industrial"
