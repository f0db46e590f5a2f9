"""What we know about one returned line, and about one inspected portion of it."""

from datetime import datetime

from features.answers import counted, days_since, days_until, remembered
from features.entity import EntityFold, Lesson, Payload
from features.fold import Fact, Feature, Memory, Value
from features.units import day_at, event_day, milli, optional_day

_AS_TOLD = (
    "item_class",
    "regulated",
    "returnable",
    "stocked",
    "lot_controlled",
    "refurbishable",
    "cold_chain",
    "date_kind",
    "shelf_life_days",
    "supplier_accepts_returns",
    "supplier_claim_window_days",
    "unit_cost_minor",
    "net_minor",
    "recall_open",
)


def line_key(return_id: str, line: int) -> str:
    """Key of the entity ``case_line``."""
    return f"{return_id}/{line}"


def portion_key(return_id: str, portion: str) -> str:
    """Key of the entity ``portion``."""
    return f"{return_id}/{portion}"


def _line(fact: Fact) -> list[str]:
    return [line_key(fact.payload["return_id"], fact.payload["line"])]


def _lines(fact: Fact) -> list[str]:
    return [
        line_key(fact.payload["return_id"], line["line"])
        for line in fact.payload["lines"]
        if line["line"] is not None
    ]


def _lines_of(fact: Fact, key: str) -> list[Payload]:
    number = int(key.rpartition("/")[2])
    return [line for line in fact.payload["lines"] if line["line"] == number]


def _requested(memory: Memory, key: str, fact: Fact) -> None:
    line = _lines_of(fact, key)[0]
    facts = line["facts"]
    for field in ("customer_id", "business_unit", "channel", "segment", "credit_hold"):
        memory[field] = fact.payload[field]
    for field in _AS_TOLD:
        memory[field] = facts[field]
    memory["sku"] = line["sku"]
    memory["supplier_id"] = facts["supplier_id"]
    memory["carrier_id"] = facts["carrier_id"]
    memory["lot"] = line["lot"] or facts["shipped_lot"]
    memory["other_lot"] = (
        None
        if line["lot"] is None or facts["shipped_lot"] is None
        else line["lot"] != facts["shipped_lot"]
    )
    memory["requested"] = event_day(fact, fact.payload["requested_at"])
    memory["invoiced"] = optional_day(facts["invoiced_at"])
    memory["delivered"] = optional_day(facts["delivered_at"])
    memory["expires"] = optional_day(facts["expires_on"])
    memory["milli"] = milli(line["quantity"])
    memory["delivered_milli"] = milli(facts["delivered"])
    memory["returned_before_milli"] = milli(facts["returned_before"])
    memory["credited_before_minor"] = facts["credited_before_minor"]
    memory["value_minor"] = line["value_minor"]
    memory["reason"] = line["stated_reason"]
    memory["sourced"] = line["source"] is not None
    memory["evidence"] = len(line["evidence"])


def _reason_settled(memory: Memory, key: str, fact: Fact) -> None:
    memory["reason"] = fact.payload["reason"]
    memory["reason_how"] = fact.payload["how"]


def _received(memory: Memory, key: str, fact: Fact) -> None:
    for line in _lines_of(fact, key):
        memory["received_milli"] = memory.get("received_milli", 0) + milli(line["quantity"])
        different = memory.get("discrepancies", 0) + len(line["discrepancies"])
        memory["discrepancies"] = different


def _line_inspected(memory: Memory, key: str, fact: Fact) -> None:
    memory["portion"] = fact.payload["portion"]


def _credit_proposed(memory: Memory, key: str, fact: Fact) -> None:
    memory["sequence"] = fact.payload["sequence"]
    memory["portion"] = fact.payload["portion"]
    if fact.payload["net_minor"] > 0:
        memory["credits"] = memory.get("credits", 0) + 1


CASE_LINE = EntityFold(
    "case_line",
    1,
    {
        "return_requested": Lesson(_lines, _requested),
        "reason_settled": Lesson(_line, _reason_settled),
        "goods_received": Lesson(_lines, _received),
        "line_inspected": Lesson(_line, _line_inspected),
        "credit_proposed": Lesson(_line, _credit_proposed),
    },
)


def _portion(fact: Fact) -> list[str]:
    return [portion_key(fact.payload["return_id"], fact.payload["portion"])]


def _portion_inspected(memory: Memory, key: str, fact: Fact) -> None:
    payload = fact.payload
    for field in ("condition", "damage_code", "temperature_ok", "recall_open", "lot"):
        memory[field] = payload[field]
    day = event_day(fact, payload["inspected_at"])
    memory["inspected"] = day
    memory["milli"] = milli(payload["quantity"])
    memory["evidence"] = len(payload["evidence"])
    expires = optional_day(payload["expires_on"])
    if expires is None and payload["remaining_life_days"] is not None:
        expires = day + payload["remaining_life_days"]
    memory["expires"] = expires


PORTION = EntityFold("portion", 1, {"line_inspected": Lesson(_portion, _portion_inspected)})


def _claim_days_left(memory: Memory, at: datetime) -> Value:
    days, delivered = memory.get("supplier_claim_window_days"), memory.get("delivered")
    return None if days is None or delivered is None else delivered + days - day_at(at)


FEATURES = tuple(
    Feature(name, "case_line", unit, says, answer, kind)
    for name, unit, says, answer, kind in (
        (
            "line_business_unit",
            "code",
            "Business unit {value}",
            remembered("business_unit"),
            "category",
        ),
        ("line_channel", "code", "Requested through {value}", remembered("channel"), "category"),
        ("line_segment", "code", "Customer segment {value}", remembered("segment"), "category"),
        ("line_reason", "code", "Reason of the return: {value}", remembered("reason"), "category"),
        ("line_item_class", "code", "Item class {value}", remembered("item_class"), "category"),
        ("line_regulated", "code", "Regulated as {value}", remembered("regulated"), "category"),
        ("line_date_kind", "code", "Kind of date: {value}", remembered("date_kind"), "category"),
        ("line_stocked", "yes/no", "Stocked item: {value}", remembered("stocked"), "flag"),
        ("line_cold_chain", "yes/no", "Cold chain: {value}", remembered("cold_chain"), "flag"),
        (
            "line_refurbishable",
            "yes/no",
            "Can be refurbished: {value}",
            remembered("refurbishable"),
            "flag",
        ),
        (
            "line_supplier_accepts_returns",
            "yes/no",
            "Supplier takes goods back: {value}",
            remembered("supplier_accepts_returns"),
            "flag",
        ),
        (
            "line_claim_window_left_days",
            "days",
            "{value} days left to claim on the supplier",
            _claim_days_left,
            "number",
        ),
        (
            "line_shelf_life_days",
            "days",
            "Shelf life of {value} days",
            remembered("shelf_life_days"),
            "number",
        ),
        (
            "line_unit_cost_minor",
            "minor",
            "Costs us {value} a unit",
            remembered("unit_cost_minor"),
            "number",
        ),
        (
            "line_value_minor",
            "minor",
            "Returned goods were invoiced at {value}",
            remembered("value_minor"),
            "number",
        ),
        (
            "line_invoiced_minor",
            "minor",
            "The whole invoice line was {value}",
            remembered("net_minor"),
            "number",
        ),
        (
            "line_credited_before_minor",
            "minor",
            "Earlier returns took {value} of the invoice line",
            remembered("credited_before_minor"),
            "number",
        ),
        (
            "line_quantity_milli",
            "milli-units",
            "{value} units requested",
            remembered("milli"),
            "number",
        ),
        (
            "line_received_milli",
            "milli-units",
            "{value} units received",
            counted("received_milli"),
            "number",
        ),
        (
            "line_discrepancies",
            "count",
            "{value} differences on receipt",
            counted("discrepancies"),
            "number",
        ),
        (
            "line_days_since_delivery",
            "days",
            "{value} days since delivery",
            days_since("delivered"),
            "number",
        ),
        (
            "line_days_since_invoice",
            "days",
            "{value} days since the invoice",
            days_since("invoiced"),
            "number",
        ),
        (
            "line_days_since_request",
            "days",
            "{value} days since the request",
            days_since("requested"),
            "number",
        ),
        (
            "line_expiry_days",
            "days",
            "{value} days until the date on the invoice's lot",
            days_until("expires"),
            "number",
        ),
        ("line_has_source", "yes/no", "Invoice line known: {value}", remembered("sourced"), "flag"),
        (
            "line_lot_differs",
            "yes/no",
            "Another lot than was shipped: {value}",
            remembered("other_lot"),
            "flag",
        ),
        (
            "line_evidence",
            "count",
            "{value} pieces of evidence with the request",
            remembered("evidence"),
            "number",
        ),
        (
            "line_credits",
            "credits",
            "{value} credits proposed for this line so far",
            counted("credits"),
            "number",
        ),
    )
) + tuple(
    Feature(name, "portion", unit, says, answer, kind)
    for name, unit, says, answer, kind in (
        ("line_condition", "code", "Inspected as {value}", remembered("condition"), "category"),
        ("line_damage_code", "code", "Damage {value}", remembered("damage_code"), "category"),
        (
            "line_temperature_ok",
            "yes/no",
            "Temperature kept: {value}",
            remembered("temperature_ok"),
            "flag",
        ),
        (
            "line_recall_open",
            "yes/no",
            "Under an open recall: {value}",
            remembered("recall_open"),
            "flag",
        ),
        (
            "portion_quantity_milli",
            "milli-units",
            "{value} units in this portion",
            remembered("milli"),
            "number",
        ),
        (
            "portion_remaining_life_days",
            "days",
            "{value} days of life left when it is decided",
            days_until("expires"),
            "number",
        ),
        (
            "portion_evidence",
            "count",
            "{value} pieces of evidence from the inspection",
            remembered("evidence"),
            "number",
        ),
    )
)
