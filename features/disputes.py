"""What we know about reconciliation exceptions, and how each kind of them used to end."""

from datetime import datetime

from features.answers import days_since, mean, rate, remembered, window
from features.daily import Daily
from features.entity import EntityFold, Lesson, named
from features.fold import Fact, Feature, Memory, Value
from features.units import event_day, permille

_AS_TOLD = (
    "code",
    "business_unit",
    "exposure_minor",
    "variance_minor",
    "match",
    "customer_id",
    "supplier_id",
    "sku",
    "return_id",
    "line",
)


def _raised(memory: Memory, key: str, fact: Fact) -> None:
    for field in _AS_TOLD:
        memory[field] = fact.payload[field]
    memory["opened"] = event_day(fact, fact.payload["opened_at"])
    memory["documented"] = fact.payload["document"] is not None
    memory["paired"] = fact.payload["matched_document"] is not None


EXCEPTION = EntityFold("exception", 1, {"exception_raised": Lesson(named("exception_id"), _raised)})


# Only what people resolved teaches the kinds: there are twenty of them, and a memory that
# every new exception had to lock would make the matcher queue behind itself.

RESOLVED = Daily("resolved", ("exceptions", "costly", "lost", "recovered"), 365)


def _resolved(memory: Memory, key: str, fact: Fact) -> None:
    payload = fact.payload
    lost = payload["loss_minor"]
    day = event_day(fact, payload["resolved_at"])
    RESOLVED.add(memory, day, 1, int(lost > 0), lost, payload["recovered_minor"])


EXCEPTION_CODE = EntityFold(
    "exception_code", 1, {"exception_resolved": Lesson(named("code"), _resolved)}
)


def _variance_share(memory: Memory, at: datetime) -> Value:
    variance = memory.get("variance_minor")
    return None if variance is None else permille(abs(variance), memory["exposure_minor"])


FEATURES = tuple(
    Feature(name, "exception", unit, says, answer, kind)
    for name, unit, says, answer, kind in (
        ("exception_code", "code", "Exception {value}", remembered("code"), "category"),
        (
            "exception_business_unit",
            "code",
            "Business unit {value}",
            remembered("business_unit"),
            "category",
        ),
        (
            "exception_exposure_minor",
            "minor",
            "{value} at stake",
            remembered("exposure_minor"),
            "number",
        ),
        (
            "exception_variance_minor",
            "minor",
            "Ours is {value} above theirs",
            remembered("variance_minor"),
            "number",
        ),
        (
            "exception_variance_share_permille",
            "permille",
            "The difference is {percent} of what is at stake",
            _variance_share,
            "number",
        ),
        ("exception_age_days", "days", "Open for {value} days", days_since("opened"), "number"),
        ("exception_match", "code", "Match: {value}", remembered("match"), "category"),
        (
            "exception_has_document",
            "yes/no",
            "Document known: {value}",
            remembered("documented"),
            "flag",
        ),
        (
            "exception_has_matched_document",
            "yes/no",
            "Counterpart known: {value}",
            remembered("paired"),
            "flag",
        ),
    )
) + tuple(
    Feature(name, "exception_code", unit, says, answer)
    for name, unit, says, answer in (
        (
            "exception_code_resolved_365d",
            "exceptions",
            "{value} exceptions of this kind were resolved in 365 days",
            window(RESOLVED, "exceptions", 365),
        ),
        (
            "exception_code_loss_rate_365d_permille",
            "permille",
            "Of all exceptions of this kind, {percent} cost money",
            rate((RESOLVED, "costly"), (RESOLVED, "exceptions"), 365),
        ),
        (
            "exception_code_mean_loss_365d_minor",
            "minor",
            "Exceptions of this kind cost {value} on average",
            mean((RESOLVED, "lost"), (RESOLVED, "exceptions"), 365),
        ),
        (
            "exception_code_mean_recovery_365d_minor",
            "minor",
            "Exceptions of this kind brought back {value} on average",
            mean((RESOLVED, "recovered"), (RESOLVED, "exceptions"), 365),
        ),
    )
)
