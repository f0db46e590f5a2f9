"""What we know about one credit: proposed by a case of ours, or recorded in the ERP.

Both kinds answer the same features, so that one model judges a live credit and an imported
credit note alike. A live credit is ``{return_id}/{line}/{sequence}``, a line of a credit
note ``{credit_note_id}/{line}``.
"""

from datetime import UTC, datetime

from features.answers import remembered
from features.cases import portion_key
from features.entity import EntityFold, Lesson
from features.fold import Fact, Feature, Memory, Value
from features.units import event_day, milli, moment_of, permille, rounded

ROUND_MINOR = 1000
"""A credit is round when it is a whole multiple of this many minor units (10.00)."""

_SATURDAY = 2
"""1970-01-01 was a Thursday, so day 2 was a Saturday."""


def credit_key(return_id: str, line: int, sequence: int) -> str:
    """Key of the entity ``credit`` for a credit that a case proposed."""
    return f"{return_id}/{line}/{sequence}"


def note_line_key(credit_note_id: str, line: int) -> str:
    """Key of the entity ``credit`` for a line of a credit note of the ERP."""
    return f"{credit_note_id}/{line}"


def _of_case(fact: Fact) -> list[str]:
    payload = fact.payload
    return [credit_key(payload["return_id"], payload["line"], payload["sequence"])]


def _of_note(fact: Fact) -> list[str]:
    note = fact.payload["credit_note_id"]
    return [note_line_key(note, line["line"]) for line in fact.payload["lines"]]


def _of_match(fact: Fact) -> list[str]:
    return [note_line_key(fact.payload["credit_note_id"], fact.payload["line"])]


def _proposed(memory: Memory, key: str, fact: Fact) -> None:
    payload = fact.payload
    memory["origin"] = "case"
    for field in ("customer_id", "sku", "decision", "percent", "fee_minor", "disposition"):
        memory[field] = payload[field]
    memory["portion"] = portion_key(payload["return_id"], payload["portion"])
    memory["minor"], memory["tax_minor"] = payload["net_minor"], payload["tax_minor"]
    memory["milli"] = milli(payload["quantity"])
    memory["day"] = event_day(fact, payload["proposed_at"])


def _noted(memory: Memory, key: str, fact: Fact) -> None:
    payload = fact.payload
    number = int(key.rpartition("/")[2])
    line = next(line for line in payload["lines"] if line["line"] == number)
    memory["origin"] = "erp"
    memory["customer_id"], memory["sku"] = payload["customer_id"], line["sku"]
    memory["minor"], memory["tax_minor"] = line["net_minor"], line["tax_minor"]
    memory["milli"] = milli(line["quantity"])
    memory["day"] = event_day(fact, payload["credited_at"])
    memory["at"] = min(moment_of(payload["credited_at"]), fact.recorded_at).isoformat()
    memory["note_lines"] = len(payload["lines"])
    memory["note_minor"] = sum(other["net_minor"] for other in payload["lines"])


def _matched(memory: Memory, key: str, fact: Fact) -> None:
    payload = fact.payload
    for field in ("customer_id", "sku", "match", "days_since_sale", "unmatched_minor"):
        memory[field] = payload[field]
    memory["variance_minor"] = payload["price_variance_minor"]
    memory["sale_lines"] = len(payload["invoices"])
    memory["sold_minor"] = sum(invoice[3] for invoice in payload["invoices"])
    memory.setdefault("minor", payload["net_minor"])
    memory.setdefault("milli", milli(payload["quantity"]))


CREDIT = EntityFold(
    "credit",
    1,
    {
        "credit_proposed": Lesson(_of_case, _proposed),
        "credit_note_recorded": Lesson(_of_note, _noted),
        "credit_matched": Lesson(_of_match, _matched),
    },
)


def credited_at(memory: Memory) -> datetime | None:
    """When the ERP credited, which is the time its features are asked for; ``None`` for a case."""
    text = memory.get("at")
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _unit_price(memory: Memory, at: datetime) -> Value:
    minor, quantity = memory.get("minor"), memory.get("milli")
    return rounded(1000 * minor, quantity) if minor is not None and quantity else None


def _is_round(memory: Memory, at: datetime) -> Value:
    minor = memory.get("minor")
    return None if minor is None else minor > 0 and minor % ROUND_MINOR == 0


def _on_weekend(memory: Memory, at: datetime) -> Value:
    day = memory.get("day")
    return None if day is None else (day - _SATURDAY) % 7 < 2


def _unmatched_share(memory: Memory, at: datetime) -> Value:
    return permille(memory.get("unmatched_minor"), memory.get("minor"))


FEATURES = tuple(
    Feature(name, "credit", unit, says, answer, kind)
    for name, unit, says, answer, kind in (
        ("credit_origin", "code", "Credit came from {value}", remembered("origin"), "category"),
        ("credit_amount_minor", "minor", "Credit of {value}", remembered("minor"), "number"),
        (
            "credit_quantity_milli",
            "milli-units",
            "Credit for {value} units",
            remembered("milli"),
            "number",
        ),
        ("credit_unit_price_minor", "minor", "Credited at {value} a unit", _unit_price, "number"),
        ("credit_is_round_amount", "yes/no", "Round amount: {value}", _is_round, "flag"),
        ("credit_on_weekend", "yes/no", "Credited on a weekend: {value}", _on_weekend, "flag"),
        ("credit_decision", "code", "Credit decision {value}", remembered("decision"), "category"),
        (
            "credit_percent",
            "percent",
            "Policy credits {value} percent",
            remembered("percent"),
            "number",
        ),
        ("credit_fee_minor", "minor", "Fee of {value}", remembered("fee_minor"), "number"),
        (
            "credit_note_lines",
            "lines",
            "Credit note of {value} lines",
            remembered("note_lines"),
            "number",
        ),
        (
            "credit_note_total_minor",
            "minor",
            "Credit note of {value} in all",
            remembered("note_minor"),
            "number",
        ),
        ("credit_match", "code", "Match with sales: {value}", remembered("match"), "category"),
        (
            "credit_sale_lines",
            "lines",
            "Matches {value} sale lines",
            remembered("sale_lines"),
            "number",
        ),
        (
            "credit_sold_minor",
            "minor",
            "The matched sales were invoiced at {value}",
            remembered("sold_minor"),
            "number",
        ),
        (
            "credit_unmatched_minor",
            "minor",
            "{value} of the credit matches no sale",
            remembered("unmatched_minor"),
            "number",
        ),
        (
            "credit_unmatched_share_permille",
            "permille",
            "Of what was credited, {percent} matches no sale",
            _unmatched_share,
            "number",
        ),
        (
            "credit_price_variance_minor",
            "minor",
            "Credited {value} beside the price invoiced",
            remembered("variance_minor"),
            "number",
        ),
        (
            "credit_days_since_sale",
            "days",
            "{value} days since the matched sale",
            remembered("days_since_sale"),
            "number",
        ),
    )
)
