"""One naive answer a feature, by name; a test asserts that none is missing."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, timedelta
from fractions import Fraction
from typing import Any

from features.catalogue import FEATURES, FOLDS
from features.fold import Fact, Question
from tests.features.oracle import Known, day_of, half_up, thousandths, utc_day

Answer = Callable[[Known], Any]


def total(series: str, column: str, days: int) -> Answer:
    return lambda k: k.total(series, column, days)


def today(series: str, column: str) -> Answer:
    return lambda k: k.total(series, column, 1, ahead=1)


def ratio(part: str, whole: str, days: int, scale: int = 1000) -> Answer:
    up, low = part.rsplit(".", 1), whole.rsplit(".", 1)
    return lambda k: k.ratio((up[0], up[1]), (low[0], low[1]), days, scale)


def told(kind: str, field: str, *names: str) -> Answer:
    return lambda k: k.told(kind, field, *names)


def age(when: Callable[[Known], date | None], sign: int = 1) -> Answer:
    def answer(k: Known) -> int | None:
        day = when(k)
        return None if day is None else sign * (k.day - day).days

    return answer


FIRST_SEEN_BY = {
    "invoice_recorded": "invoiced_at",
    "return_requested": "requested_at",
    "credit_note_recorded": "credited_at",
}


def known_since(k: Known) -> date | None:
    days = []
    for fact in k.facts:
        echo = fact.type == "credit_note_recorded" and fact.payload["return_id"] is not None
        if fact.payload.get("customer_id") != k.key or echo:
            continue
        if fact.type == "customer_registered":
            days.append(fact.recorded_at.date())
        elif fact.type in FIRST_SEEN_BY:
            days.append(day_of(fact, FIRST_SEEN_BY[fact.type]))
    return min(days, default=None)


def open_recalls(k: Known) -> int | None:
    recalls: set[str] = set()
    for fact in k.facts:
        if fact.payload.get("sku") == k.key:
            if fact.type == "recall_opened":
                recalls.add(fact.payload["recall_id"])
            elif fact.type == "recall_closed":
                recalls.discard(fact.payload["recall_id"])
    return len(recalls) if k.named else None


def lot_recalls(k: Known) -> int | None:
    if not k.named:
        return None
    opened = [fact.payload for fact in k.facts if fact.type == "recall_opened"]
    return sum(f"{p['sku']}/{lot}" == k.key for p in opened for lot in p["lots"])


def lot_day(field: str) -> Callable[[Known], date | None]:
    def day(k: Known) -> date | None:
        text = k.told("lot_registered", field, "sku", "lot")
        return None if text is None else date.fromisoformat(text)

    return day


# One returned line.


def requested(k: Known) -> tuple[Fact, Mapping[str, Any]] | None:
    for fact in reversed(k.facts):
        if fact.type == "return_requested":
            for line in fact.payload["lines"]:
                if f"{fact.payload['return_id']}/{line['line']}" == k.key:
                    return fact, line
    return None


def of_line(read: Callable[[Fact, Mapping[str, Any]], Any]) -> Answer:
    def answer(k: Known) -> Any:
        found = requested(k)
        return None if found is None else read(*found)

    return answer


def line_fact(field: str) -> Answer:
    return of_line(lambda fact, line: line["facts"][field])


def line_day(field: str) -> Callable[[Known], date | None]:
    def day(k: Known) -> date | None:
        found = requested(k)
        text = None if found is None else found[1]["facts"][field]
        return None if text is None else utc_day(text) if "T" in text else date.fromisoformat(text)

    return day


def reason(k: Known) -> str | None:
    value = None
    for fact in k.facts:
        if fact.type == "reason_settled":
            if f"{fact.payload['return_id']}/{fact.payload['line']}" == k.key:
                value = fact.payload["reason"]
        elif fact.type == "return_requested":
            for line in fact.payload["lines"]:
                if f"{fact.payload['return_id']}/{line['line']}" == k.key:
                    value = line["stated_reason"]
    return value


def lot_differs(fact: Fact, line: Mapping[str, Any]) -> bool | None:
    shipped = line["facts"]["shipped_lot"]
    return None if not line["lot"] or not shipped else line["lot"] != shipped


def received(read: Callable[[Mapping[str, Any]], int]) -> Answer:
    def answer(k: Known) -> int | None:
        receipts = [f.payload for f in k.facts if f.type == "goods_received"]
        found = [
            read(line)
            for p in receipts
            for line in p["lines"]
            if f"{p['return_id']}/{line['line']}" == k.key
        ]
        return sum(found) if k.named else None

    return answer


def claim_left(k: Known) -> int | None:
    delivered = line_day("delivered_at")(k)
    days = line_fact("supplier_claim_window_days")(k)
    if delivered is None or days is None:
        return None
    return (delivered + timedelta(days=days) - k.day).days


def line_credits(k: Known) -> int | None:
    proposals = [f.payload for f in k.facts if f.type == "credit_proposed"]
    mine = [p for p in proposals if f"{p['return_id']}/{p['line']}" == k.key]
    return sum(p["net_minor"] > 0 for p in mine) if k.named else None


def portion(field: str) -> Answer:
    return told("line_inspected", field, "return_id", "portion")


def portion_expiry(k: Known) -> date | None:
    fact = k.last("line_inspected", "return_id", "portion")
    if fact is None:
        return None
    if fact.payload["expires_on"] is not None:
        return date.fromisoformat(fact.payload["expires_on"])
    days = fact.payload["remaining_life_days"]
    return None if days is None else day_of(fact, "inspected_at") + timedelta(days=days)


# One credit.


def credit(k: Known) -> dict[str, Any]:
    """Everything told about the credit, later facts over earlier ones."""
    seen: dict[str, Any] = {}
    for fact in k.facts:
        p = fact.payload
        if fact.type == "credit_proposed":
            if f"{p['return_id']}/{p['line']}/{p['sequence']}" == k.key:
                seen |= {**p, "origin": "case", "day": day_of(fact, "proposed_at")}
        elif fact.type == "credit_note_recorded":
            for line in p["lines"]:
                if f"{p['credit_note_id']}/{line['line']}" == k.key:
                    seen |= {"origin": "erp", "day": day_of(fact, "credited_at"), "note": p}
                    seen |= {"net_minor": line["net_minor"], "quantity": line["quantity"]}
        elif fact.type == "credit_matched" and f"{p['credit_note_id']}/{p['line']}" == k.key:
            seen = {"net_minor": p["net_minor"], "quantity": p["quantity"]} | seen | {"match": p}
    return seen


def of_credit(read: Callable[[dict[str, Any]], Any], *needs: str) -> Answer:
    def answer(k: Known) -> Any:
        seen = credit(k)
        return read(seen) if all(need in seen for need in needs) else None

    return answer


def share(part: int, whole: int) -> int | None:
    return half_up(Fraction(1000 * part, whole)) if whole > 0 else None


def raised(field: str) -> Answer:
    return told("exception_raised", field, "exception_id")


def of_raised(read: Callable[[Fact], Any]) -> Answer:
    def answer(k: Known) -> Any:
        fact = k.last("exception_raised", "exception_id")
        return None if fact is None else read(fact)

    return answer


def variance_share(fact: Fact) -> int | None:
    return share(abs(fact.payload["variance_minor"]), fact.payload["exposure_minor"])


ANSWERS: dict[str, Answer] = {
    "customer_segment": told("customer_registered", "segment", "customer_id"),
    "customer_credit_hold": told("customer_registered", "credit_hold", "customer_id"),
    "customer_known_days": age(known_since),
    "customer_sales_90d_lines": total("customer.sold", "count", 90),
    "customer_sales_90d_minor": total("customer.sold", "minor", 90),
    "customer_days_since_last_sale": lambda k: k.since_last("customer.sold"),
    "customer_returns_90d": total("customer.returned", "count", 90),
    "customer_returns_90d_minor": total("customer.returned", "minor", 90),
    "customer_return_rate_90d_permille": ratio(
        "customer.returned.count", "customer.sold.count", 90
    ),
    "customer_credits_30d": total("customer.granted", "count", 30),
    "customer_credits_30d_minor": total("customer.granted", "minor", 30),
    "customer_credits_90d_minor": total("customer.granted", "minor", 90),
    "customer_mean_credit_90d_minor": ratio(
        "customer.granted.minor", "customer.granted.count", 90, 1
    ),
    "customer_credit_rate_90d_permille": ratio("customer.granted.minor", "customer.sold.minor", 90),
    "customer_days_since_last_credit": lambda k: k.since_last("customer.granted"),
    "customer_credits_today": today("customer.asked", "count"),
    "customer_credits_today_minor": today("customer.asked", "minor"),
    "customer_unmatched_credits_365d_minor": total("customer.unmatched", "minor", 365),
    "customer_denied_credits_365d": total("customer.denied", "count", 365),
    "customer_worn_rate_365d_permille": ratio(
        "customer.inspected.bad", "customer.inspected.count", 365
    ),
    "customer_exceptions_365d": total("customer.disputed", "count", 365),
    "customer_exceptions_365d_minor": total("customer.disputed", "minor", 365),
    "customer_losses_365d_minor": total("customer.lost", "minor", 365),
    "customer_product_returns_90d": total("pair.returned", "count", 90),
    "credit_repeats_customer_product_90d": total("pair.asked", "count", 90),
    "customer_product_credits_today": today("pair.asked", "count"),
    "product_item_class": told("product_listed", "item_class", "sku"),
    "product_unit_cost_minor": told("product_listed", "unit_cost_minor", "sku"),
    "product_sales_90d_lines": total("product.sold", "count", 90),
    "product_sales_90d_milli": total("product.sold", "milli", 90),
    "product_sales_90d_minor": total("product.sold", "minor", 90),
    "product_mean_price_90d_minor": ratio("product.sold.minor", "product.sold.milli", 90),
    "product_returns_90d": total("product.returned", "count", 90),
    "product_return_rate_90d_permille": ratio("product.returned.milli", "product.sold.milli", 90),
    "product_credits_90d": total("product.credited", "count", 90),
    "product_credits_90d_minor": total("product.credited", "minor", 90),
    "product_credit_rate_90d_permille": ratio("product.credited.minor", "product.sold.minor", 90),
    "product_bad_rate_365d_permille": ratio(
        "product.inspected.bad", "product.inspected.count", 365
    ),
    "product_restock_rate_365d_permille": ratio(
        "product.settled.restock", "product.settled.all", 365
    ),
    "product_scrap_rate_365d_permille": ratio("product.settled.scrap", "product.settled.all", 365),
    "product_vendor_rate_365d_permille": ratio(
        "product.settled.return_to_vendor", "product.settled.all", 365
    ),
    "product_write_offs_90d_minor": total("product.written_off", "minor", 90),
    "product_open_recalls": open_recalls,
    "lot_remaining_life_days": age(lot_day("expires_on"), -1),
    "lot_age_days": age(lot_day("produced_on")),
    "lot_returns_90d": total("lot.returned", "count", 90),
    "lot_return_rate_90d_permille": ratio("lot.returned.milli", "lot.sold.milli", 90),
    "lot_bad_365d": total("lot.inspected", "bad", 365),
    "lot_recalls": lot_recalls,
    "supplier_accepts_returns": told("supplier_registered", "accepts_returns", "supplier_id"),
    "supplier_credit_percent": told("supplier_registered", "credit_percent", "supplier_id"),
    "supplier_returns_90d": total("supplier.returned", "count", 90),
    "supplier_fault_rate_90d_permille": ratio(
        "supplier.faults.count", "supplier.returned.count", 90
    ),
    "supplier_claims_365d": total("supplier.claimed", "count", 365),
    "supplier_recovery_rate_365d_permille": ratio(
        "supplier.claimed.paid", "supplier.claimed.claimed", 365
    ),
    "supplier_refusal_rate_365d_permille": ratio(
        "supplier.claimed.refused", "supplier.claimed.count", 365
    ),
    "supplier_mean_claim_365d_minor": ratio(
        "supplier.claimed.claimed", "supplier.claimed.count", 365, 1
    ),
    "supplier_recalls_365d": total("supplier.recalled", "count", 365),
    "supplier_exceptions_365d": total("supplier.disputed", "count", 365),
    "supplier_losses_365d_minor": total("supplier.lost", "minor", 365),
    "carrier_returns_90d": total("carrier.returned", "count", 90),
    "carrier_damage_rate_90d_permille": ratio("carrier.faults.count", "carrier.returned.count", 90),
    "line_business_unit": of_line(lambda fact, line: fact.payload["business_unit"]),
    "line_channel": of_line(lambda fact, line: fact.payload["channel"]),
    "line_segment": of_line(lambda fact, line: fact.payload["segment"]),
    "line_reason": reason,
    "line_item_class": line_fact("item_class"),
    "line_regulated": line_fact("regulated"),
    "line_date_kind": line_fact("date_kind"),
    "line_stocked": line_fact("stocked"),
    "line_cold_chain": line_fact("cold_chain"),
    "line_refurbishable": line_fact("refurbishable"),
    "line_supplier_accepts_returns": line_fact("supplier_accepts_returns"),
    "line_claim_window_left_days": claim_left,
    "line_shelf_life_days": line_fact("shelf_life_days"),
    "line_unit_cost_minor": line_fact("unit_cost_minor"),
    "line_value_minor": of_line(lambda fact, line: line["value_minor"]),
    "line_invoiced_minor": line_fact("net_minor"),
    "line_credited_before_minor": line_fact("credited_before_minor"),
    "line_quantity_milli": of_line(lambda fact, line: thousandths(line["quantity"])),
    "line_received_milli": received(lambda line: thousandths(line["quantity"])),
    "line_discrepancies": received(lambda line: len(line["discrepancies"])),
    "line_days_since_delivery": age(line_day("delivered_at")),
    "line_days_since_invoice": age(line_day("invoiced_at")),
    "line_days_since_request": age(of_line(lambda fact, line: day_of(fact, "requested_at"))),
    "line_expiry_days": age(line_day("expires_on"), -1),
    "line_has_source": of_line(lambda fact, line: line["source"] is not None),
    "line_lot_differs": of_line(lot_differs),
    "line_evidence": of_line(lambda fact, line: len(line["evidence"])),
    "line_credits": line_credits,
    "line_condition": portion("condition"),
    "line_damage_code": portion("damage_code"),
    "line_temperature_ok": portion("temperature_ok"),
    "line_recall_open": portion("recall_open"),
    "portion_quantity_milli": lambda k: (
        None if portion("quantity")(k) is None else thousandths(portion("quantity")(k))
    ),
    "portion_remaining_life_days": age(portion_expiry, -1),
    "portion_evidence": lambda k: (
        None if portion("evidence")(k) is None else len(portion("evidence")(k))
    ),
    "credit_origin": of_credit(lambda c: c["origin"], "origin"),
    "credit_amount_minor": of_credit(lambda c: c["net_minor"], "net_minor"),
    "credit_quantity_milli": of_credit(lambda c: thousandths(c["quantity"]), "quantity"),
    "credit_unit_price_minor": of_credit(
        lambda c: share(c["net_minor"], thousandths(c["quantity"])), "quantity"
    ),
    "credit_is_round_amount": of_credit(
        lambda c: c["net_minor"] > 0 and c["net_minor"] % 1000 == 0, "net_minor"
    ),
    "credit_on_weekend": of_credit(lambda c: c["day"].isoweekday() >= 6, "day"),
    "credit_decision": of_credit(lambda c: c["decision"], "decision"),
    "credit_percent": of_credit(lambda c: c["percent"], "percent"),
    "credit_fee_minor": of_credit(lambda c: c["fee_minor"], "fee_minor"),
    "credit_note_lines": of_credit(lambda c: len(c["note"]["lines"]), "note"),
    "credit_note_total_minor": of_credit(
        lambda c: sum(line["net_minor"] for line in c["note"]["lines"]), "note"
    ),
    "credit_match": of_credit(lambda c: c["match"]["match"], "match"),
    "credit_sale_lines": of_credit(lambda c: len(c["match"]["invoices"]), "match"),
    "credit_sold_minor": of_credit(
        lambda c: sum(invoice[3] for invoice in c["match"]["invoices"]), "match"
    ),
    "credit_unmatched_minor": of_credit(lambda c: c["match"]["unmatched_minor"], "match"),
    "credit_unmatched_share_permille": of_credit(
        lambda c: share(c["match"]["unmatched_minor"], c["net_minor"]), "match"
    ),
    "credit_price_variance_minor": of_credit(lambda c: c["match"]["price_variance_minor"], "match"),
    "credit_days_since_sale": of_credit(lambda c: c["match"]["days_since_sale"], "match"),
    "exception_code": raised("code"),
    "exception_business_unit": raised("business_unit"),
    "exception_exposure_minor": raised("exposure_minor"),
    "exception_variance_minor": raised("variance_minor"),
    "exception_variance_share_permille": of_raised(variance_share),
    "exception_age_days": age(of_raised(lambda fact: day_of(fact, "opened_at"))),
    "exception_match": raised("match"),
    "exception_has_document": of_raised(lambda fact: fact.payload["document"] is not None),
    "exception_has_matched_document": of_raised(
        lambda fact: fact.payload["matched_document"] is not None
    ),
    "exception_code_resolved_365d": total("code.resolved", "count", 365),
    "exception_code_loss_rate_365d_permille": ratio(
        "code.resolved.costly", "code.resolved.count", 365
    ),
    "exception_code_mean_loss_365d_minor": ratio(
        "code.resolved.lost", "code.resolved.count", 365, 1
    ),
    "exception_code_mean_recovery_365d_minor": ratio(
        "code.resolved.back", "code.resolved.count", 365, 1
    ),
}


def naive_row(facts: list[Fact], question: Question) -> dict[str, Any]:
    """Every declared feature of a question, from all facts recorded before it."""
    row: dict[str, Any] = {}
    for fold in FOLDS:
        key = question.keys.get(fold.entity)
        named = any(key in set(fold.keys(fact)) for fact in facts)
        known = Known(facts, key or "", question.at.astimezone(UTC), named)
        for name, feature in FEATURES.items():
            if feature.fold == fold.name:
                row[name] = None if key is None else ANSWERS[name](known)
    return row
