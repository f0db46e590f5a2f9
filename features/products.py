"""What we know about products and their lots."""

from features.answers import counted, days_since, days_until, mean, rate, remembered, window
from features.customers import own_note
from features.daily import Daily
from features.entity import EntityFold, Lesson, LinesByKey, Payload, named
from features.fold import Fact, Feature, Memory, Value
from features.units import day_at, event_day, milli, optional_day

SOLD = Daily("sold", ("lines", "milli", "minor"), 90)
RETURNED = Daily("returned", ("lines", "milli"), 90)
CREDITED = Daily("credited", ("credits", "minor"), 90)
INSPECTED = Daily("inspected", ("portions", "bad"), 365)
SETTLED = Daily("settled", ("milli", "restock", "scrap", "return_to_vendor"), 365)
WRITTEN_OFF = Daily("written_off", ("times", "minor"), 90)

BAD = frozenset({"damaged", "defective", "spoiled"})
"""Conditions in which nobody would buy the goods as new."""

MOST_OPEN_RECALLS = 32


def _sku_of_line(line: Payload) -> str | None:
    return line["sku"] or None


_LINES = LinesByKey(_sku_of_line)


def _note_skus(fact: Fact) -> list[str]:
    return [] if own_note(fact) else list(_LINES.groups(fact))


def _listed(memory: Memory, key: str, fact: Fact) -> None:
    for field in ("item_class", "unit_cost_minor", "shelf_life_days", "returnable"):
        memory[field] = fact.payload[field]


def _invoiced(memory: Memory, key: str, fact: Fact) -> None:
    lines = _LINES.of(fact, key)
    day = event_day(fact, fact.payload["invoiced_at"])
    if len(lines) == 1:
        line = lines[0]
        SOLD.add(memory, day, 1, milli(line["quantity"]), line["net_minor"])
        return
    quantity = sum(milli(line["quantity"]) for line in lines)
    SOLD.add(memory, day, len(lines), quantity, sum(line["net_minor"] for line in lines))


def _requested(memory: Memory, key: str, fact: Fact) -> None:
    lines = _LINES.of(fact, key)
    day = event_day(fact, fact.payload["requested_at"])
    RETURNED.add(memory, day, len(lines), sum(milli(line["quantity"]) for line in lines))


def _noted(memory: Memory, key: str, fact: Fact) -> None:
    lines = _LINES.of(fact, key)
    day = event_day(fact, fact.payload["credited_at"])
    CREDITED.add(memory, day, len(lines), sum(line["net_minor"] for line in lines))


def _approved(memory: Memory, key: str, fact: Fact) -> None:
    if fact.payload["net_minor"] > 0:
        day = event_day(fact, fact.payload["approved_at"])
        CREDITED.add(memory, day, 1, fact.payload["net_minor"])


def _inspected(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["inspected_at"])
    INSPECTED.add(memory, day, 1, int(fact.payload["condition"] in BAD))


def _settled(memory: Memory, key: str, fact: Fact) -> None:
    sums = dict.fromkeys(SETTLED.columns, 0)
    for part in fact.payload["parts"]:
        quantity = milli(part["quantity"])
        sums["milli"] += quantity
        if part["disposition"] in sums:
            sums[part["disposition"]] += quantity
    SETTLED.add(memory, event_day(fact, fact.payload["confirmed_at"]), *sums.values())


def _written_off(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["written_off_at"])
    WRITTEN_OFF.add(memory, day, 1, fact.payload["value_minor"])


def _recalled(memory: Memory, key: str, fact: Fact) -> None:
    recalls = {*memory.get("recalls", ()), fact.payload["recall_id"]}
    memory["recalls"] = sorted(recalls)[-MOST_OPEN_RECALLS:]


def _recall_closed(memory: Memory, key: str, fact: Fact) -> None:
    closed = fact.payload["recall_id"]
    memory["recalls"] = [recall for recall in memory.get("recalls", ()) if recall != closed]


def _open_recalls(memory: Memory, at: object) -> Value:
    return len(memory.get("recalls", ())) if memory else None


_SKU = named("sku")

PRODUCT = EntityFold(
    "product",
    1,
    {
        "product_listed": Lesson(_SKU, _listed),
        "invoice_recorded": Lesson(_LINES.groups, _invoiced),
        "return_requested": Lesson(_LINES.groups, _requested),
        "credit_note_recorded": Lesson(_note_skus, _noted),
        "credit_approved": Lesson(_SKU, _approved),
        "line_inspected": Lesson(_SKU, _inspected),
        "disposition_confirmed": Lesson(_SKU, _settled),
        "stock_write_off_recorded": Lesson(_SKU, _written_off),
        "recall_opened": Lesson(_SKU, _recalled),
        "recall_closed": Lesson(_SKU, _recall_closed),
    },
)


LOT_SOLD = Daily("sold", ("milli",), 90)
LOT_RETURNED = Daily("returned", ("lines", "milli"), 90)
LOT_INSPECTED = Daily("inspected", ("portions", "bad"), 365)


def lot_key(sku: str, lot: str) -> str:
    """Key of the entity ``lot``, as in the stream ``lot/{sku}/{lot}``."""
    return f"{sku}/{lot}"


def _lot_of(payload: Payload) -> str | None:
    sku, lot = payload.get("sku"), payload.get("lot")
    return lot_key(sku, lot) if sku and lot else None


def lot_of_request(line: Payload) -> str | None:
    """The lot a returned line names, or else the lot that was shipped on its invoice line."""
    lot = line["lot"] or line["facts"]["shipped_lot"]
    return lot_key(line["sku"], lot) if lot else None


_INVOICE_LOTS = LinesByKey(_lot_of)
_REQUEST_LOTS = LinesByKey(lot_of_request)


def _lot_named(fact: Fact) -> list[str]:
    key = _lot_of(fact.payload)
    return [key] if key else []


def _recalled_lots(fact: Fact) -> list[str]:
    return [lot_key(fact.payload["sku"], lot) for lot in fact.payload["lots"] if lot]


def _lot_registered(memory: Memory, key: str, fact: Fact) -> None:
    memory["since"] = day_at(fact.recorded_at)
    memory["expires"] = optional_day(fact.payload["expires_on"])
    memory["produced"] = optional_day(fact.payload["produced_on"])


def _lot_invoiced(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["invoiced_at"])
    lines = _INVOICE_LOTS.of(fact, key)
    LOT_SOLD.add(memory, day, sum(milli(line["quantity"]) for line in lines))


def _lot_requested(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["requested_at"])
    lines = _REQUEST_LOTS.of(fact, key)
    LOT_RETURNED.add(memory, day, len(lines), sum(milli(line["quantity"]) for line in lines))


def _lot_inspected(memory: Memory, key: str, fact: Fact) -> None:
    day = event_day(fact, fact.payload["inspected_at"])
    LOT_INSPECTED.add(memory, day, 1, int(fact.payload["condition"] in BAD))


def _lot_recalled(memory: Memory, key: str, fact: Fact) -> None:
    memory["recalls"] = memory.get("recalls", 0) + 1


LOT = EntityFold(
    "lot",
    1,
    {
        "lot_registered": Lesson(_lot_named, _lot_registered),
        "invoice_recorded": Lesson(_INVOICE_LOTS.groups, _lot_invoiced),
        "return_requested": Lesson(_REQUEST_LOTS.groups, _lot_requested),
        "line_inspected": Lesson(_lot_named, _lot_inspected),
        "recall_opened": Lesson(_recalled_lots, _lot_recalled),
    },
)


FEATURES = tuple(
    Feature(name, "product", unit, says, answer, kind)
    for name, unit, says, answer, kind in (
        (
            "product_item_class",
            "code",
            "Product of class {value}",
            remembered("item_class"),
            "category",
        ),
        (
            "product_unit_cost_minor",
            "minor",
            "Product costs us {value} a unit",
            remembered("unit_cost_minor"),
            "number",
        ),
        (
            "product_sales_90d_lines",
            "lines",
            "Product sold on {value} lines in 90 days",
            window(SOLD, "lines", 90),
            "number",
        ),
        (
            "product_sales_90d_milli",
            "milli-units",
            "{value} units of the product sold in 90 days",
            window(SOLD, "milli", 90),
            "number",
        ),
        (
            "product_sales_90d_minor",
            "minor",
            "Product sold for {value} in 90 days",
            window(SOLD, "minor", 90),
            "number",
        ),
        (
            "product_mean_price_90d_minor",
            "minor",
            "Product sold at {value} a unit in 90 days",
            mean((SOLD, "minor"), (SOLD, "milli"), 90, scale=1000),
            "number",
        ),
        (
            "product_returns_90d",
            "lines",
            "Product returned on {value} lines in 90 days",
            window(RETURNED, "lines", 90),
            "number",
        ),
        (
            "product_return_rate_90d_permille",
            "permille",
            "Of all units of the product sold in 90 days, {percent} came back",
            rate((RETURNED, "milli"), (SOLD, "milli"), 90),
            "number",
        ),
        (
            "product_credits_90d",
            "credits",
            "Product credited {value} times in 90 days",
            window(CREDITED, "credits", 90),
            "number",
        ),
        (
            "product_credits_90d_minor",
            "minor",
            "Product credited for {value} in 90 days",
            window(CREDITED, "minor", 90),
            "number",
        ),
        (
            "product_credit_rate_90d_permille",
            "permille",
            "Of what was sold of the product in 90 days, {percent} was credited",
            rate((CREDITED, "minor"), (SOLD, "minor"), 90),
            "number",
        ),
        (
            "product_bad_rate_365d_permille",
            "permille",
            "Of all returns of the product, {percent} were damaged, defective or spoiled",
            rate((INSPECTED, "bad"), (INSPECTED, "portions"), 365),
            "number",
        ),
        (
            "product_restock_rate_365d_permille",
            "permille",
            "Of all units of the product that came back, {percent} went back on the shelf",
            rate((SETTLED, "restock"), (SETTLED, "milli"), 365),
            "number",
        ),
        (
            "product_scrap_rate_365d_permille",
            "permille",
            "Of all units of the product that came back, {percent} were scrapped",
            rate((SETTLED, "scrap"), (SETTLED, "milli"), 365),
            "number",
        ),
        (
            "product_vendor_rate_365d_permille",
            "permille",
            "Of all units of the product that came back, {percent} went to the vendor",
            rate((SETTLED, "return_to_vendor"), (SETTLED, "milli"), 365),
            "number",
        ),
        (
            "product_write_offs_90d_minor",
            "minor",
            "Stock of {value} was written off in 90 days",
            window(WRITTEN_OFF, "minor", 90),
            "number",
        ),
        (
            "product_open_recalls",
            "recalls",
            "{value} recalls of the product are open",
            _open_recalls,
            "number",
        ),
    )
) + tuple(
    Feature(name, "lot", unit, says, answer)
    for name, unit, says, answer in (
        (
            "lot_remaining_life_days",
            "days",
            "Lot has {value} days of life left",
            days_until("expires"),
        ),
        ("lot_age_days", "days", "Lot was produced {value} days ago", days_since("produced")),
        (
            "lot_returns_90d",
            "lines",
            "Lot returned on {value} lines in 90 days",
            window(LOT_RETURNED, "lines", 90),
        ),
        (
            "lot_return_rate_90d_permille",
            "permille",
            "Of all units of the lot sold in 90 days, {percent} came back",
            rate((LOT_RETURNED, "milli"), (LOT_SOLD, "milli"), 90),
        ),
        (
            "lot_bad_365d",
            "portions",
            "{value} portions of the lot were damaged, defective or spoiled",
            window(LOT_INSPECTED, "bad", 365),
        ),
        ("lot_recalls", "recalls", "{value} recalls named the lot", counted("recalls")),
    )
)
