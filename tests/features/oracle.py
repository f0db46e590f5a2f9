"""The naive answer to every declared feature: loop over all facts, every time.

Written from the documentation and not from the folds: dates, fractions and full histories
instead of day numbers, integer divisions and buckets.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

from features.fold import Fact

SLACK = 30
Happening = tuple[str, date, dict[str, int]]
Extract = Callable[[Fact], Iterator[Happening]]


def utc_day(text: str) -> date:
    return datetime.fromisoformat(text).astimezone(UTC).date()


def day_of(fact: Fact, field: str) -> date:
    return min(utc_day(fact.payload[field]), fact.recorded_at.date())


def thousandths(text: str) -> int:
    return int(Decimal(text) * 1000)


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


@dataclass(frozen=True)
class Series:
    """Everything that ever happened to the keys of one entity, of one kind.

    ``extract`` tells it fact by fact; ``whole`` where one fact says something about another.
    """

    extract: Extract
    longest: int
    whole: Callable[[list[Fact]], list[Happening]] | None = None

    def of(self, facts: list[Fact], key: str) -> list[Happening]:
        """What happened to one key."""
        told = self.whole or (lambda them: [row for fact in them for row in self.extract(fact)])
        return [row for row in told(facts) if row[0] == key]


def _each_line(kind: str, at: str, key: Callable[[Fact, Mapping[str, Any]], str | None]):  # type: ignore[no-untyped-def]
    def extract(fact: Fact) -> Iterator[Happening]:
        if fact.type != kind or (kind == "credit_note_recorded" and fact.payload["return_id"]):
            return
        for line in fact.payload["lines"]:
            name = key(fact, line)
            if name:
                values = {
                    "count": 1,
                    "milli": thousandths(line["quantity"]),
                    "minor": line.get("value_minor", line.get("net_minor", 0)),
                }
                yield name, day_of(fact, at), values

    return extract


def _each(
    kind: str,
    at: str,
    key: Callable[[Mapping[str, Any]], str | None],
    values: Callable[[Mapping[str, Any]], dict[str, int]] = lambda p: {"count": 1},
    when: Callable[[Mapping[str, Any]], bool] = lambda p: True,
) -> Extract:
    def extract(fact: Fact) -> Iterator[Happening]:
        if fact.type == kind and when(fact.payload):
            name = key(fact.payload)
            if name:
                yield name, day_of(fact, at), values(fact.payload)

    return extract


def _all(*extracts: Extract) -> Extract:
    return lambda fact: (row for extract in extracts for row in extract(fact))


def customer(p: Mapping[str, Any]) -> str | None:
    return p.get("customer_id")


def supplier(p: Mapping[str, Any]) -> str | None:
    return p.get("supplier_id")


def sku(p: Mapping[str, Any]) -> str | None:
    return p.get("sku")


def pair(p: Mapping[str, Any]) -> str | None:
    return f"{p['customer_id']}/{p['sku']}" if p["customer_id"] and p["sku"] else None


def lot(p: Mapping[str, Any]) -> str | None:
    return f"{p['sku']}/{p['lot']}" if p["sku"] and p["lot"] else None


def returned_lot(fact: Fact, line: Mapping[str, Any]) -> str | None:
    return lot({"sku": line["sku"], "lot": line["lot"] or line["facts"]["shipped_lot"]})


def _line_customer(fact: Fact, line: Mapping[str, Any]) -> str | None:
    return customer(fact.payload)


def _line_pair(fact: Fact, line: Mapping[str, Any]) -> str | None:
    return pair({"customer_id": fact.payload["customer_id"], "sku": line["sku"]})


def _line_sku(fact: Fact, line: Mapping[str, Any]) -> str | None:
    return sku(line)


def _net(p: Mapping[str, Any]) -> dict[str, int]:
    return {"count": 1, "minor": p["net_minor"]}


def _positive(p: Mapping[str, Any]) -> bool:
    return bool(p["net_minor"] > 0)


def _exposure(p: Mapping[str, Any]) -> dict[str, int]:
    return {"count": 1, "minor": p["exposure_minor"]}


def _loss(p: Mapping[str, Any]) -> dict[str, int]:
    return {"minor": p["loss_minor"]}


def _condition(*bad: str) -> Callable[[Mapping[str, Any]], dict[str, int]]:
    return lambda p: {"count": 1, "bad": int(p["condition"] in bad)}


def _fault(kind: str, reasons: tuple[str, ...]) -> Extract:
    def extract(fact: Fact) -> Iterator[Happening]:
        if fact.type == "return_requested":
            for line in fact.payload["lines"]:
                key = line["facts"][kind]
                if key and line["stated_reason"] in reasons:
                    yield key, day_of(fact, "requested_at"), {"count": 1}
        elif fact.type == "reason_settled" and fact.payload["how"] != "stated":
            key = fact.payload.get(kind)
            if key and fact.payload["reason"] in reasons:
                yield key, fact.recorded_at.date(), {"count": 1}

    return extract


def _parts(p: Mapping[str, Any]) -> dict[str, int]:
    sums = dict.fromkeys(("all", "restock", "scrap", "return_to_vendor"), 0)
    for part in p["parts"]:
        for name in ("all", part["disposition"]):
            sums[name] = sums.get(name, 0) + thousandths(part["quantity"])
    return sums


def _no_claims(fact: Fact) -> Iterator[Happening]:
    return iter(())


def _claims(facts: list[Fact]) -> list[Happening]:
    """A claim once, when first answered; refused if none of its answers paid; paid by answers.

    Whoever answers again after the first answer has left the series answers another claim."""
    rows: list[Happening] = []
    claims: dict[tuple[str, str], tuple[date, dict[str, int]]] = {}
    newest: dict[str, date] = {}
    for fact in facts:
        if fact.type != "supplier_claim_answered" or not fact.payload["supplier_id"]:
            continue
        p, day = fact.payload, day_of(fact, "answered_at")
        who, paid = p["supplier_id"], p["recovered_minor"]
        first, values = claims.get((who, p["claim_id"]), (None, {}))
        if first is None or first <= newest[who] - timedelta(days=365 + SLACK):
            values = {"count": 1, "claimed": p["claimed_minor"], "paid": 0, "refused": 1}
            claims[who, p["claim_id"]] = (day, values)
            rows.append((who, day, values))
        if paid:
            values["refused"] = 0
        rows.append((who, day, {"count": 0, "claimed": 0, "paid": paid, "refused": 0}))
        newest[who] = max(day, newest.get(who, day))
    return rows


def _outcome(p: Mapping[str, Any]) -> dict[str, int]:
    lost, back = p["loss_minor"], p["recovered_minor"]
    return {"count": 1, "costly": int(lost > 0), "lost": lost, "back": back}


_NOTED, _PROPOSED, _APPROVED = "credit_note_recorded", "credit_proposed", "credit_approved"
_RAISED, _RESOLVED = "exception_raised", "exception_resolved"
SUPPLIER_FAULTS = (
    "defective_on_arrival", "failed_in_service", "packaging_or_label", "quality_complaint",
    "recall",
)  # fmt: skip
CARRIER_FAULTS = ("damaged_in_transit", "spoiled_or_temperature")
BAD = _condition("damaged", "defective", "spoiled")

S: dict[str, Series] = {
    "customer.sold": Series(_each_line("invoice_recorded", "invoiced_at", _line_customer), 90),
    "customer.returned": Series(_each_line("return_requested", "requested_at", _line_customer), 90),
    "customer.granted": Series(
        _all(
            _each_line(_NOTED, "credited_at", _line_customer),
            _each(_APPROVED, "approved_at", customer, _net, _positive),
        ),
        90,
    ),
    "customer.asked": Series(
        _all(
            _each_line(_NOTED, "credited_at", _line_customer),
            _each(_PROPOSED, "proposed_at", customer, _net, _positive),
        ),
        90,
    ),
    "customer.unmatched": Series(
        _each(
            "credit_matched", "matched_at", customer,
            lambda p: {"minor": p["unmatched_minor"]}, lambda p: p["unmatched_minor"] > 0,
        ),
        365,
    ),
    "customer.denied": Series(_each("credit_denied", "denied_at", customer), 365),
    "customer.inspected": Series(
        _each("line_inspected", "inspected_at", customer, _condition("opened", "used", "empty")),
        365,
    ),
    "customer.disputed": Series(_each(_RAISED, "opened_at", customer, _exposure), 365),
    "customer.lost": Series(_each(_RESOLVED, "resolved_at", customer, _loss), 365),
    "pair.asked": Series(
        _all(
            _each_line(_NOTED, "credited_at", _line_pair),
            _each(_PROPOSED, "proposed_at", pair, _net, _positive),
        ),
        90,
    ),
    "pair.returned": Series(_each_line("return_requested", "requested_at", _line_pair), 90),
    "product.sold": Series(_each_line("invoice_recorded", "invoiced_at", _line_sku), 90),
    "product.returned": Series(_each_line("return_requested", "requested_at", _line_sku), 90),
    "product.credited": Series(
        _all(
            _each_line(_NOTED, "credited_at", _line_sku),
            _each(_APPROVED, "approved_at", sku, _net, _positive),
        ),
        90,
    ),
    "product.inspected": Series(_each("line_inspected", "inspected_at", sku, BAD), 365),
    "product.settled": Series(_each("disposition_confirmed", "confirmed_at", sku, _parts), 365),
    "product.written_off": Series(
        _each(
            "stock_write_off_recorded", "written_off_at", sku,
            lambda p: {"minor": p["value_minor"]},
        ),
        90,
    ),
    "lot.sold": Series(
        _each_line("invoice_recorded", "invoiced_at", lambda fact, line: lot(line)), 90
    ),
    "lot.returned": Series(_each_line("return_requested", "requested_at", returned_lot), 90),
    "lot.inspected": Series(_each("line_inspected", "inspected_at", lot, BAD), 365),
    "supplier.returned": Series(
        _each_line(
            "return_requested", "requested_at", lambda fact, line: line["facts"]["supplier_id"]
        ),
        90,
    ),
    "supplier.faults": Series(_fault("supplier_id", SUPPLIER_FAULTS), 90),
    "supplier.claimed": Series(_no_claims, 365, _claims),
    "supplier.disputed": Series(_each(_RAISED, "opened_at", supplier, _exposure), 365),
    "supplier.lost": Series(_each(_RESOLVED, "resolved_at", supplier, _loss), 365),
    "supplier.recalled": Series(_each("recall_opened", "opened_at", supplier), 365),
    "carrier.returned": Series(
        _each_line(
            "return_requested", "requested_at", lambda fact, line: line["facts"]["carrier_id"]
        ),
        90,
    ),
    "carrier.faults": Series(_fault("carrier_id", CARRIER_FAULTS), 90),
    "code.resolved": Series(_each(_RESOLVED, "resolved_at", lambda p: p["code"], _outcome), 365),
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """All facts recorded before the question, for one key of one entity."""

    facts: list[Fact]
    key: str
    at: datetime
    named: bool

    @property
    def day(self) -> date:
        return self.at.astimezone(UTC).date()

    def total(self, series: str, column: str, days: int, ahead: int = 0) -> int | None:
        if not self.named:
            return None
        mine = S[series].of(self.facts, self.key)
        if not mine:
            return 0
        end = self.day + timedelta(days=ahead)
        start = end - timedelta(days=days)
        newest = max(day for _, day, _ in mine)
        if start <= newest - timedelta(days=S[series].longest + SLACK):
            return None
        return sum(values[column] for _, day, values in mine if start <= day < end)

    def ratio(
        self, part: tuple[str, str], whole: tuple[str, str], days: int, scale: int
    ) -> int | None:
        upper, lower = self.total(*part, days), self.total(*whole, days)
        return None if upper is None or not lower else half_up(Fraction(scale * upper, lower))

    def since_last(self, series: str) -> int | None:
        mine = [day for _, day, _ in S[series].of(self.facts, self.key)]
        if not mine:
            return None
        oldest = max(mine) - timedelta(days=S[series].longest + SLACK)
        before = [day for day in mine if oldest < day < self.day]
        return (self.day - max(before)).days if before else None

    def last(self, kind: str, *names: str) -> Any:
        """The named field of the last fact of a kind that names this key by ``names``."""
        for fact in reversed(self.facts):
            if fact.type == kind and self.key == "/".join(str(fact.payload[n]) for n in names):
                return fact
        return None

    def told(self, kind: str, field: str, *names: str) -> Any:
        fact = self.last(kind, *names)
        return None if fact is None else fact.payload[field]
