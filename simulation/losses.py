"""What an exception really costs: the truth that ranking by loss is measured against.

The share of the exposure that is lost depends on the code, the age, and hidden behaviour of
the customer or supplier, with noise; so sorting by amount is decent, and clearly beatable.
"""

import math
import random
from dataclasses import dataclass

from simulation.masters import Customer, Supplier

_RATE = {
    "R1": 0.06, "R2": 0.18, "R3": 0.3, "R4": 0.14, "R5": 0.08, "R6": 0.3, "R7": 0.35,
    "R8": 0.55, "R9": 0.05, "R10": 0.5, "R11": 0.85, "R12": 0.45, "R13": 0.35, "R14": 0.4,
    "R15": 0.1, "R16": 0.15, "R17": 0.04, "R18": 0.06, "R19": 0.16, "R20": 0.02,
}  # fmt: skip
"""Mean share of the exposure that is lost, by code, before behaviour and age."""
_BY_CUSTOMER = ("R1", "R2", "R3", "R8", "R9", "R10", "R11", "R19")
_BY_SUPPLIER = ("R12", "R13", "R14")
SPREAD = 0.55
"""Standard deviation of the noise on the log-odds of the lost share."""


@dataclass(frozen=True, slots=True)
class Loss:
    """``expected_minor`` is the best anybody could rank by; ``loss_minor`` what came of it.
    ``resolution`` as in ``workflow.facts.ExceptionResolved``."""

    expected_minor: int
    loss_minor: int
    recovered_minor: int
    resolution: str


def loss_of(
    draw: random.Random,
    *,
    code: str,
    exposure_minor: int,
    age_days: int,
    customer: Customer | None,
    supplier: Supplier | None,
    suggested: bool,
    injected: bool,
) -> Loss:
    """Draws the outcome of an exception. ``suggested``: the match is only a suggestion;
    ``injected``: the world knows that an error was made, it is no misunderstanding."""
    odds = _log_odds(code, age_days, customer, supplier, suggested, injected)
    expected = exposure_minor * _share(odds)
    share = _share(odds + draw.gauss(0.0, SPREAD))
    # Most exceptions turn out to be all or little: the share is how often it is all.
    loss = round(
        exposure_minor * (min(1.0, 0.75 + 0.25 * share) if draw.random() < share else 0.05 * share)
    )
    recovered = exposure_minor - loss if injected else 0
    return Loss(round(expected), loss, recovered, _resolution(code, exposure_minor, loss, injected))


def _log_odds(
    code: str,
    age_days: int,
    customer: Customer | None,
    supplier: Supplier | None,
    suggested: bool,
    injected: bool,
) -> float:
    rate = _RATE[code]
    odds = math.log(rate / (1 - rate)) + min(age_days, 60) / 40
    if customer is not None and code in _BY_CUSTOMER:
        odds += 1.6 if customer.abuse else 0.5 * math.log(max(customer.careless, 0.2))
        odds += 0.4 if customer.fact.credit_hold else 0.0
    if supplier is not None and code in _BY_SUPPLIER:
        odds += 3.0 * (0.7 - supplier.pays)
    return odds + (-0.7 if suggested else 0.0) + (0.8 if injected else -0.4)


def _share(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def _resolution(code: str, exposure: int, loss: int, injected: bool) -> str:
    if loss * 2 > exposure:
        return "written_off"
    if code == "R11":
        return "duplicate"
    return "corrected" if injected else "explained"
