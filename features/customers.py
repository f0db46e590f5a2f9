"""What we know about customers, and about what one customer does with one product."""

from typing import Any

from features.answers import (
    days_since,
    days_since_last,
    mean,
    rate,
    remembered,
    today,
    window,
)
from features.daily import Daily
from features.entity import EntityFold, Lesson, LinesByKey, Payload, named
from features.fold import Fact, Feature, Memory
from features.units import day_at, event_day

SOLD = Daily("sold", ("lines", "minor"), 90)
RETURNED = Daily("returned", ("lines", "minor"), 90)
GRANTED = Daily("granted", ("credits", "minor"), 90)
"""Credits the customer has: approved here, or recorded by the ERP for no case of ours."""
ASKED = Daily("asked", ("credits", "minor"), 90)
"""Credits proposed here or recorded by the ERP: the one being judged is among them."""
UNMATCHED = Daily("unmatched", ("credits", "minor"), 365)
DENIED = Daily("denied", ("credits",), 365)
INSPECTED = Daily("inspected", ("portions", "worn"), 365)
DISPUTED = Daily("disputed", ("exceptions", "minor"), 365)
LOST = Daily("lost", ("minor",), 365)

WORN = frozenset({"opened", "used", "empty"})
"""Conditions that the customer, not the supplier or carrier, brought about."""


def _seen(memory: Memory, day: int) -> None:
    since = memory.get("since")
    memory["since"] = day if since is None else min(since, day)


def _registered(memory: Memory, key: str, fact: Fact) -> None:
    _seen(memory, day_at(fact.recorded_at))
    for field in ("segment", "channel", "business_unit", "credit_hold"):
        memory[field] = fact.payload[field]


def _invoiced(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["invoiced_at"])
    _seen(memory, day)
    lines = fact.payload["lines"]
    SOLD.add(memory, day, len(lines), sum(line["net_minor"] for line in lines))


def _requested(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["requested_at"])
    _seen(memory, day)
    lines = fact.payload["lines"]
    RETURNED.add(memory, day, len(lines), sum(line["value_minor"] for line in lines))


def _noted(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["credited_at"])
    _seen(memory, day)
    lines = fact.payload["lines"]
    minor = sum(line["net_minor"] for line in lines)
    GRANTED.add(memory, day, len(lines), minor)
    ASKED.add(memory, day, len(lines), minor)


def _proposed(memory: Memory, key: str, fact: Fact) -> None:
    if fact.payload["net_minor"] > 0:
        day = event_day(fact, fact.payload["proposed_at"])
        ASKED.add(memory, day, 1, fact.payload["net_minor"])


def _approved(memory: Memory, key: str, fact: Fact) -> None:
    if fact.payload["net_minor"] > 0:
        day = event_day(fact, fact.payload["approved_at"])
        GRANTED.add(memory, day, 1, fact.payload["net_minor"])


def _denied(memory: Memory, key: str, fact: Fact) -> None:
    DENIED.add(memory, event_day(fact, fact.payload["denied_at"]), 1)


def _matched(memory: Memory, key: str, fact: Fact) -> None:
    if fact.payload["unmatched_minor"] > 0:
        day = event_day(fact, fact.payload["matched_at"])
        UNMATCHED.add(memory, day, 1, fact.payload["unmatched_minor"])


def _inspected(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["inspected_at"])
    INSPECTED.add(memory, day, 1, int(fact.payload["condition"] in WORN))


def _raised(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["opened_at"])
    DISPUTED.add(memory, day, 1, fact.payload["exposure_minor"])


def _resolved(memory: Memory, key: str, fact: Fact) -> None:
    LOST.add(memory, event_day(fact, fact.payload["resolved_at"]), fact.payload["loss_minor"])


_CUSTOMER = named("customer_id")


def own_note(fact: Fact) -> bool:
    """Whether a credit note only repeats a credit that a case of ours already approved."""
    return fact.payload.get("return_id") is not None


def _credited_customer(fact: Fact) -> Any:
    return () if own_note(fact) else _CUSTOMER(fact)


CUSTOMER = EntityFold(
    "customer",
    1,
    {
        "customer_registered": Lesson(_CUSTOMER, _registered),
        "invoice_recorded": Lesson(_CUSTOMER, _invoiced),
        "return_requested": Lesson(_CUSTOMER, _requested),
        "credit_note_recorded": Lesson(_credited_customer, _noted),
        "credit_proposed": Lesson(_CUSTOMER, _proposed),
        "credit_approved": Lesson(_CUSTOMER, _approved),
        "credit_denied": Lesson(_CUSTOMER, _denied),
        "credit_matched": Lesson(_CUSTOMER, _matched),
        "line_inspected": Lesson(_CUSTOMER, _inspected),
        "exception_raised": Lesson(_CUSTOMER, _raised),
        "exception_resolved": Lesson(_CUSTOMER, _resolved),
    },
)


# One customer and one product: only what is rare (returns, credits) is kept, because a memory
# a customer and product for every invoice line would be larger than the journal.

PAIR_ASKED = Daily("asked", ("credits", "minor"), 90)
PAIR_RETURNED = Daily("returned", ("lines",), 90)


def pair_key(customer_id: str, sku: str) -> str:
    """Key of the entity ``customer_product``."""
    return f"{customer_id}/{sku}"


def _by_sku(line: Payload) -> str | None:
    sku = line["sku"]
    return sku or None


_PAIR_LINES = LinesByKey(_by_sku)


def _pairs_of_lines(fact: Fact) -> list[str]:
    customer = fact.payload.get("customer_id")
    if not customer:
        return []
    return [pair_key(customer, sku) for sku in _PAIR_LINES.groups(fact)]


def _pairs_of_note(fact: Fact) -> list[str]:
    return [] if own_note(fact) else _pairs_of_lines(fact)


def _pair(fact: Fact) -> list[str]:
    customer, sku = fact.payload.get("customer_id"), fact.payload.get("sku")
    return [pair_key(customer, sku)] if customer and sku else []


def _lines_of_pair(fact: Fact, key: str) -> list[Payload]:
    return _PAIR_LINES.of(fact, key[len(fact.payload["customer_id"]) + 1 :])


def _pair_requested(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["requested_at"])
    PAIR_RETURNED.add(memory, day, len(_lines_of_pair(fact, key)))


def _pair_noted(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["credited_at"])
    lines = _lines_of_pair(fact, key)
    PAIR_ASKED.add(memory, day, len(lines), sum(line["net_minor"] for line in lines))


CUSTOMER_PRODUCT = EntityFold(
    "customer_product",
    1,
    {
        "return_requested": Lesson(_pairs_of_lines, _pair_requested),
        "credit_note_recorded": Lesson(_pairs_of_note, _pair_noted),
        "credit_proposed": Lesson(_pair, _proposed),
    },
)


FEATURES = tuple(
    Feature(name, "customer", unit, says, answer, kind)
    for name, unit, says, answer, kind in (
        ("customer_segment", "code", "Customer segment {value}", remembered("segment"), "category"),
        (
            "customer_credit_hold",
            "yes/no",
            "Customer on credit hold: {value}",
            remembered("credit_hold"),
            "flag",
        ),
        (
            "customer_known_days",
            "days",
            "Customer known for {value} days",
            days_since("since"),
            "number",
        ),
        (
            "customer_sales_90d_lines",
            "lines",
            "{value} lines sold to the customer in 90 days",
            window(SOLD, "lines", 90),
            "number",
        ),
        (
            "customer_sales_90d_minor",
            "minor",
            "Sold to the customer in 90 days: {value}",
            window(SOLD, "minor", 90),
            "number",
        ),
        (
            "customer_days_since_last_sale",
            "days",
            "Last sale to the customer {value} days ago",
            days_since_last(SOLD),
            "number",
        ),
        (
            "customer_returns_90d",
            "lines",
            "Customer returned {value} lines in 90 days",
            window(RETURNED, "lines", 90),
            "number",
        ),
        (
            "customer_returns_90d_minor",
            "minor",
            "Customer returned {value} of goods in 90 days",
            window(RETURNED, "minor", 90),
            "number",
        ),
        (
            "customer_return_rate_90d_permille",
            "permille",
            "Customer returned {percent} of the lines bought in 90 days",
            rate((RETURNED, "lines"), (SOLD, "lines"), 90),
            "number",
        ),
        (
            "customer_credits_30d",
            "credits",
            "Customer was credited {value} times in 30 days",
            window(GRANTED, "credits", 30),
            "number",
        ),
        (
            "customer_credits_30d_minor",
            "minor",
            "Customer was credited {value} in 30 days",
            window(GRANTED, "minor", 30),
            "number",
        ),
        (
            "customer_credits_90d_minor",
            "minor",
            "Customer was credited {value} in 90 days",
            window(GRANTED, "minor", 90),
            "number",
        ),
        (
            "customer_mean_credit_90d_minor",
            "minor",
            "Credits of this customer averaged {value} in 90 days",
            mean((GRANTED, "minor"), (GRANTED, "credits"), 90),
            "number",
        ),
        (
            "customer_credit_rate_90d_permille",
            "permille",
            "Of what was sold to the customer in 90 days, {percent} was credited",
            rate((GRANTED, "minor"), (SOLD, "minor"), 90),
            "number",
        ),
        (
            "customer_days_since_last_credit",
            "days",
            "Last credit to the customer {value} days ago",
            days_since_last(GRANTED),
            "number",
        ),
        (
            "customer_credits_today",
            "credits",
            "{value} credits for the customer on this day, this one included",
            today(ASKED, "credits"),
            "number",
        ),
        (
            "customer_credits_today_minor",
            "minor",
            "Credits for the customer on this day come to {value}, this one included",
            today(ASKED, "minor"),
            "number",
        ),
        (
            "customer_unmatched_credits_365d_minor",
            "minor",
            "Credits of {value} to the customer matched no sale in 365 days",
            window(UNMATCHED, "minor", 365),
            "number",
        ),
        (
            "customer_denied_credits_365d",
            "credits",
            "{value} credits were denied to the customer in 365 days",
            window(DENIED, "credits", 365),
            "number",
        ),
        (
            "customer_worn_rate_365d_permille",
            "permille",
            "Of all returns of the customer, {percent} came back opened, used or empty",
            rate((INSPECTED, "worn"), (INSPECTED, "portions"), 365),
            "number",
        ),
        (
            "customer_exceptions_365d",
            "exceptions",
            "{value} exceptions concerned the customer in 365 days",
            window(DISPUTED, "exceptions", 365),
            "number",
        ),
        (
            "customer_exceptions_365d_minor",
            "minor",
            "Exceptions of {value} concerned the customer in 365 days",
            window(DISPUTED, "minor", 365),
            "number",
        ),
        (
            "customer_losses_365d_minor",
            "minor",
            "Exceptions of the customer cost {value} in 365 days",
            window(LOST, "minor", 365),
            "number",
        ),
    )
) + tuple(
    Feature(name, "customer_product", unit, says, answer)
    for name, unit, says, answer in (
        (
            "customer_product_returns_90d",
            "lines",
            "Customer returned this product {value} times in 90 days",
            window(PAIR_RETURNED, "lines", 90),
        ),
        (
            "credit_repeats_customer_product_90d",
            "credits",
            "{value} credits to this customer for this product in the 90 days before",
            window(PAIR_ASKED, "credits", 90),
        ),
        (
            "customer_product_credits_today",
            "credits",
            "{value} credits to this customer for this product on this day, this one included",
            today(PAIR_ASKED, "credits"),
        ),
    )
)
