"""What we know about suppliers, who owe us credit, and carriers, who break things."""

from features.answers import mean, rate, remembered, window
from features.daily import Daily
from features.entity import EntityFold, Lesson, LinesByKey, Payload, named
from features.fold import Fact, Feature, Memory
from features.units import day_at, event_day

SUPPLIER_REASONS = frozenset(
    {
        "defective_on_arrival",
        "failed_in_service",
        "packaging_or_label",
        "quality_complaint",
        "recall",
    }
)
"""Return reasons that the supplier bears."""

DAMAGE_REASONS = frozenset({"damaged_in_transit", "spoiled_or_temperature"})
"""Return reasons that point at the journey."""

RETURNED = Daily("returned", ("lines", "minor"), 90)
FAULTS = Daily("faults", ("lines",), 90)
CLAIMED = Daily("claimed", ("claims", "claimed", "recovered", "refused"), 365)
DISPUTED = Daily("disputed", ("exceptions", "minor"), 365)
MOST_CLAIMS = 400
"""Claims of a supplier that are remembered one by one, so that a second answer is known as one."""
LOST = Daily("lost", ("minor",), 365)
RECALLED = Daily("recalled", ("recalls",), 365)


def _supplier_of_line(line: Payload) -> str | None:
    supplier: str | None = line["facts"]["supplier_id"]
    return supplier


def _carrier_of_line(line: Payload) -> str | None:
    carrier: str | None = line["facts"]["carrier_id"]
    return carrier


_SUPPLIER_LINES = LinesByKey(_supplier_of_line)
_CARRIER_LINES = LinesByKey(_carrier_of_line)


def _returned(memory: Memory, lines: list[Payload], day: int, reasons: frozenset[str]) -> None:
    RETURNED.add(memory, day, len(lines), sum(line["value_minor"] for line in lines))
    faults = sum(line["stated_reason"] in reasons for line in lines)
    if faults:
        FAULTS.add(memory, day, faults)


def _settled(memory: Memory, fact: Fact, reasons: frozenset[str]) -> None:
    # A stated reason was counted when the return was requested.
    if fact.payload["how"] != "stated" and fact.payload["reason"] in reasons:
        FAULTS.add(memory, day_at(fact.recorded_at), 1)


def _supplier_registered(memory: Memory, key: str, fact: Fact) -> None:
    for field in ("claim_window_days", "accepts_returns", "credit_percent"):
        memory[field] = fact.payload[field]


def _supplier_requested(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["requested_at"])
    _returned(memory, _SUPPLIER_LINES.of(fact, key), day, SUPPLIER_REASONS)


def _supplier_reason(memory: Memory, key: str, fact: Fact) -> None:
    _settled(memory, fact, SUPPLIER_REASONS)


def _claim_answered(memory: Memory, key: str, fact: Fact) -> None:
    """A claim counts once, on the day of its first answer, however often the supplier answers; it
    is refused as long as nothing of it was paid. What is paid counts on the day of its answer."""
    payload = fact.payload
    recovered, day = payload["recovered_minor"], event_day(fact, payload["answered_at"])
    answered = memory.setdefault("answered", {})
    known = answered.get(payload["claim_id"])
    if known is None or known[0] <= memory["claimed"][0][-1] - CLAIMED.keep:
        refused = int(recovered == 0)
        CLAIMED.add(memory, day, 1, payload["claimed_minor"], recovered, refused)
        answered[payload["claim_id"]] = [day, refused]
        _forget(answered, memory["claimed"][0][-1] - CLAIMED.keep)
        return
    CLAIMED.add(memory, day, 0, 0, recovered, 0)
    if recovered and known[1]:
        CLAIMED.add(memory, known[0], 0, 0, 0, -1)
        known[1] = 0


def _forget(answered: dict[str, list[int]], until: int) -> None:
    """Claims whose first answer is out of reach, and the oldest where there are too many: another
    answer to one of those counts as a claim of its own."""
    for claim in [claim for claim, (day, _) in answered.items() if day <= until]:
        del answered[claim]
    while len(answered) > MOST_CLAIMS:
        del answered[min(answered, key=lambda claim: (answered[claim][0], claim))]


def _raised(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["opened_at"])
    DISPUTED.add(memory, day, 1, fact.payload["exposure_minor"])


def _resolved(memory: Memory, key: str, fact: Fact) -> None:
    LOST.add(memory, event_day(fact, fact.payload["resolved_at"]), fact.payload["loss_minor"])


def _recalled(memory: Memory, key: str, fact: Fact) -> None:
    RECALLED.add(memory, event_day(fact, fact.payload["opened_at"]), 1)


_SUPPLIER = named("supplier_id")

SUPPLIER = EntityFold(
    "supplier",
    2,
    {
        "supplier_registered": Lesson(_SUPPLIER, _supplier_registered),
        "return_requested": Lesson(_SUPPLIER_LINES.groups, _supplier_requested),
        "reason_settled": Lesson(_SUPPLIER, _supplier_reason),
        "supplier_claim_answered": Lesson(_SUPPLIER, _claim_answered),
        "exception_raised": Lesson(_SUPPLIER, _raised),
        "exception_resolved": Lesson(_SUPPLIER, _resolved),
        "recall_opened": Lesson(_SUPPLIER, _recalled),
    },
)


# Invoices teach carriers nothing: a handful of carriers take part in every delivery, and their
# memories would be the lock that every invoice waits for. Rates are over returned lines.


def _carrier_registered(memory: Memory, key: str, fact: Fact) -> None:
    memory["since"] = day_at(fact.recorded_at)


def _carrier_requested(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["requested_at"])
    _returned(memory, _CARRIER_LINES.of(fact, key), day, DAMAGE_REASONS)


def _carrier_reason(memory: Memory, key: str, fact: Fact) -> None:
    _settled(memory, fact, DAMAGE_REASONS)


_CARRIER = named("carrier_id")

CARRIER = EntityFold(
    "carrier",
    1,
    {
        "carrier_registered": Lesson(_CARRIER, _carrier_registered),
        "return_requested": Lesson(_CARRIER_LINES.groups, _carrier_requested),
        "reason_settled": Lesson(_CARRIER, _carrier_reason),
    },
)


FEATURES = tuple(
    Feature(name, "supplier", unit, says, answer, kind)
    for name, unit, says, answer, kind in (
        (
            "supplier_accepts_returns",
            "yes/no",
            "Supplier takes goods back: {value}",
            remembered("accepts_returns"),
            "flag",
        ),
        (
            "supplier_credit_percent",
            "percent",
            "Supplier credits {value} percent by agreement",
            remembered("credit_percent"),
            "number",
        ),
        (
            "supplier_returns_90d",
            "lines",
            "{value} lines of the supplier came back in 90 days",
            window(RETURNED, "lines", 90),
            "number",
        ),
        (
            "supplier_fault_rate_90d_permille",
            "permille",
            "Of all lines of the supplier that came back, {percent} were the supplier's fault",
            rate((FAULTS, "lines"), (RETURNED, "lines"), 90),
            "number",
        ),
        (
            "supplier_claims_365d",
            "claims",
            "Supplier answered {value} claims in 365 days",
            window(CLAIMED, "claims", 365),
            "number",
        ),
        (
            "supplier_recovery_rate_365d_permille",
            "permille",
            "Supplier paid {percent} of what was claimed in 365 days",
            rate((CLAIMED, "recovered"), (CLAIMED, "claimed"), 365),
            "number",
        ),
        (
            "supplier_refusal_rate_365d_permille",
            "permille",
            "Supplier paid nothing on {percent} of the claims in 365 days",
            rate((CLAIMED, "refused"), (CLAIMED, "claims"), 365),
            "number",
        ),
        (
            "supplier_mean_claim_365d_minor",
            "minor",
            "Claims on the supplier averaged {value} in 365 days",
            mean((CLAIMED, "claimed"), (CLAIMED, "claims"), 365),
            "number",
        ),
        (
            "supplier_recalls_365d",
            "recalls",
            "Supplier had {value} recalls in 365 days",
            window(RECALLED, "recalls", 365),
            "number",
        ),
        (
            "supplier_exceptions_365d",
            "exceptions",
            "{value} exceptions concerned the supplier in 365 days",
            window(DISPUTED, "exceptions", 365),
            "number",
        ),
        (
            "supplier_losses_365d_minor",
            "minor",
            "Exceptions of the supplier cost {value} in 365 days",
            window(LOST, "minor", 365),
            "number",
        ),
    )
) + tuple(
    Feature(name, "carrier", unit, says, answer)
    for name, unit, says, answer in (
        (
            "carrier_returns_90d",
            "lines",
            "{value} lines of the carrier came back in 90 days",
            window(RETURNED, "lines", 90),
        ),
        (
            "carrier_damage_rate_90d_permille",
            "permille",
            "Of all lines of the carrier that came back, {percent} suffered on the way",
            rate((FAULTS, "lines"), (RETURNED, "lines"), 90),
        ),
    )
)
