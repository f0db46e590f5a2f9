"""From wishes to what people do: requests with texts, parcels at the dock, looks at the goods."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from simulation.catalogue import PEOPLE_NAMES
from simulation.causes import CAUSES, Traits
from simulation.experts import (
    Found,
    deny_probability,
    inspection_truth,
    side_of,
)
from simulation.intents import (
    CancelIntent,
    InspectionIntent,
    LineTruth,
    ReceiptIntent,
    ReceiptIntentLine,
    RequestIntent,
    RequestIntentLine,
    RequestTruth,
)
from simulation.masters import Masters, Product
from simulation.recalls import Recall
from simulation.staff import STAFF, requester
from simulation.streams import Streams, office_time, one, pick, working_day
from simulation.texts import Text, compose
from simulation.wishes import Wish
from workflow.events import SourceRef

TRAIN_SHARE = 0.75
"""Share of the days whose texts come from the training bank of phrases."""
LABEL_NOISE = 0.02
"""Share of lines that a person settles on a neighbouring reason."""
STATED_NOISE = 0.04
"""Share of stated codes that are a neighbouring reason."""
STATES_CODE = {
    "portal": 0.5, "e_commerce": 0.55, "edi": 0.8, "key_account": 0.25, "service_desk": 0.08,
    "branch": 0.12,
}  # fmt: skip
_KINDS = {
    "exact": 0.84, "partial": 0.05, "short": 0.04, "over": 0.03, "blind": 0.02, "wrong_lot": 0.02,
}  # fmt: skip
_NOTES = {
    "sealed": ("Seal intact", "Unopened, clean", ""),
    "opened": ("Box opened", "Inner bag open", ""),
    "used": ("Traces of use", "Fitted once by the look of it", ""),
    "damaged": ("Carton crushed", "Visible damage", "Dented"),
    "defective": ("Fails function test", "Defect confirmed", ""),
    "spoiled": ("Off smell", "Mould visible", "Warm to the touch"),
    "empty": ("Box is empty", "Nothing inside but filler"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planned:
    """One return as people mean to play it."""

    request: RequestIntent
    receipts: tuple[ReceiptIntent, ...]
    inspections: tuple[InspectionIntent, ...]
    cancellation: CancelIntent | None
    wishes: tuple[Wish, ...]


@dataclass(frozen=True, slots=True)
class _Portion:
    """What an inspector will find of part of a line."""

    line: int
    number: int
    quantity: Decimal
    condition: str
    surplus: bool = False


class Planner:
    """Turns groups of wishes into planned returns."""

    def __init__(
        self,
        streams: Streams,
        masters: Masters,
        traits: Traits,
        recalls: tuple[Recall, ...],
        start: date,
        days: int,
    ) -> None:
        self._streams = streams
        self._masters = masters
        self._traits = traits
        self._recalls = recalls
        self._switch = start + timedelta(days=round(days * TRAIN_SHARE))

    def plan(self, number: int, wishes: list[Wish]) -> Planned:
        """The return ``R-{number}``; chance depends on the wishes, not on the number."""
        return_id, key = f"R-{number}", wishes[0].key
        asked_at = max(wish.asked_at for wish in wishes)
        portions = [p for n, wish in enumerate(wishes, 1) for p in self._portions(n, wish)]
        truth = self._truth(key, wishes, portions, asked_at)
        request = self._request(return_id, key, wishes, asked_at, truth)
        receipts = self._receipts(request, key, wishes)
        inspections = self._inspections(receipts, key, wishes, portions)
        return Planned(
            request, receipts, inspections, self._cancellation(request, key), tuple(wishes)
        )

    def _portions(self, number: int, wish: Wish) -> Iterator[_Portion]:
        draw = self._streams.of("portions", wish.key)
        conditions = dict(CAUSES[wish.reason].conditions)
        if wish.abuse == "credit_without_receipt":
            conditions = {"empty": 0.6, "used": 0.25, "sealed": 0.15}
        first = pick(draw, conditions)
        if wish.quantity < 2 or draw.random() > 0.22:
            yield _Portion(number, 1, wish.quantity, first)
            return
        part = Decimal(draw.randrange(1, int(wish.quantity)))
        yield _Portion(number, 1, part, first)
        other = "sealed" if first != "sealed" else pick(draw, conditions)
        yield _Portion(number, 2, wish.quantity - part, other)

    def _truth(
        self, key: str, wishes: list[Wish], portions: list[_Portion], asked_at: datetime
    ) -> RequestTruth:
        draw = self._streams.of("truth", key)
        abuse = next((wish.abuse for wish in wishes if wish.abuse), None)
        fault = any(CAUSES[wish.reason].customers_fault for wish in wishes)
        deny = deny_probability(abuse, (p.condition for p in portions), fault)
        if all(wish.reason == "pricing_or_billing" for wish in wishes):
            outcome = "nothing_to_send"
        else:
            lost = 0.5 if abuse == "credit_without_receipt" else 0.035
            outcome = pick(draw, {"never_sent": lost, "cancelled": 0.025, "sent": 1 - lost - 0.025})
        lines = tuple(self._line_truth(n, wish, asked_at) for n, wish in enumerate(wishes, 1))
        return RequestTruth(
            lines=lines,
            abuse=abuse,
            authorise=draw.random() >= (0.2 if abuse else 0.03),
            deny_credit=draw.random() < deny,
            deny_probability=deny,
            outcome=outcome,
            mistake=wishes[0].mistake,
        )

    def _bank(self, at: datetime) -> str:
        return "train" if at.date() < self._switch else "evaluation"

    def _line_truth(self, number: int, wish: Wish, asked_at: datetime) -> LineTruth:
        text = self._text(wish, asked_at)
        noisy = self._streams.of("label", wish.key).random() < LABEL_NOISE
        return LineTruth(
            line=number,
            reason=text.says,
            cause=wish.reason,
            labelled=CAUSES[wish.reason].mistaken_for if noisy else wish.reason,
            bank=self._bank(asked_at),
            template=text.template,
            language=text.language,
            second=text.second,
        )

    def _text(self, wish: Wish, asked_at: datetime) -> Text:
        draw = self._streams.of("text", wish.key)
        customer = wish.sale.customer.fact
        return compose(
            draw,
            bank_name=self._bank(asked_at),
            reason=wish.reason,
            side=side_of(customer.business_unit),
            country=customer.country,
            slots=self._slots(draw, wish),
        )

    def _slots(self, draw: random.Random, wish: Wish) -> dict[str, str]:
        sale, line = wish.sale, wish.line
        others = [p for p in self._masters.products if p.kind is line.product.kind]
        expires = line.lot.expires_on if line.lot else None
        shown = expires if expires and draw.random() < 0.7 else sale.fact.delivered_at.date()
        return {
            "item": line.product.noun,
            "qty": f"{wish.quantity.normalize():f}",
            "ordered": f"{line.fact.quantity.normalize():f}",
            "uom": one(draw, ("pcs", "units", line.fact.uom.lower(), "pieces")),
            "invoice": sale.fact.invoice_id,
            "order": sale.fact.order_id or "",
            "lot": line.fact.lot or "as marked",
            "carrier": sale.carrier.fact.name,
            "date": one(draw, (f"{shown:%d/%m/%Y}", f"{shown:%d.%m.%y}", f"{shown:%b %d}")),
            "weekday": f"{sale.fact.delivered_at:%A}",
            "other": draw.choice(others).noun + " " + one(draw, line.product.kind.qualities),
            "name": one(draw, PEOPLE_NAMES),
            "price": f"{line.fact.unit_price * Decimal(draw.randrange(70, 97)) / 100:.2f}",
            "part": one(draw, line.product.kind.parts or ("leaflet",)),
        }

    def _request(
        self, return_id: str, key: str, wishes: list[Wish], at: datetime, truth: RequestTruth
    ) -> RequestIntent:
        draw = self._streams.of("request", key)
        sale = wishes[0].sale
        customer = sale.customer.fact
        lines = tuple(
            self._request_line(n, wish, customer.channel, at) for n, wish in enumerate(wishes, 1)
        )
        return RequestIntent(
            return_id=return_id,
            at=at,
            customer_id=customer.customer_id,
            business_unit=customer.business_unit,
            channel=customer.channel,
            currency=sale.fact.currency,
            requested_by=requester(draw, customer.channel),
            lines=lines,
            reference=f"PO-{draw.randrange(10_000, 99_999)}" if draw.random() < 0.4 else None,
            truth=truth,
        )

    def _request_line(self, n: int, wish: Wish, channel: str, at: datetime) -> RequestIntentLine:
        draw = self._streams.of("request line", wish.key)
        cause, fact = CAUSES[wish.reason], wish.line.fact
        stated = None
        if draw.random() < STATES_CODE[channel]:
            stated = cause.mistaken_for if draw.random() < STATED_NOISE else wish.reason
        photos = draw.randrange(1, 4) if draw.random() < cause.photos else 0
        lot = fact.lot if draw.random() < 0.75 else None
        if wish.mistake == "wrong_lot" or (
            wish.abuse == "lot_never_shipped" and draw.random() < 0.2
        ):
            lot = _another_lot(draw, fact.lot)
        return RequestIntentLine(
            line=n,
            sku=fact.sku,
            quantity=wish.quantity,
            uom=fact.uom,
            lot=lot,
            source=SourceRef(wish.sale.fact.invoice_id, fact.line),
            reason_text=self._text(wish, at).text,
            stated_reason=stated,
            evidence=tuple(f"photo-{n}-{k}.jpg" for k in range(1, photos + 1)),
        )

    def _cancellation(self, request: RequestIntent, key: str) -> CancelIntent | None:
        if request.truth.outcome != "cancelled":
            return None
        draw = self._streams.of("cancel", key)
        at = request.at + timedelta(days=draw.randrange(0, 4), minutes=30)
        who = draw.choice(STAFF["customer_service"])
        return CancelIntent(request.return_id, at, who, "The customer keeps the goods after all.")

    def _receipts(
        self, request: RequestIntent, key: str, wishes: list[Wish]
    ) -> tuple[ReceiptIntent, ...]:
        if request.truth.outcome != "sent":
            return ()
        draw = self._streams.of("receipt", key)
        kind = pick(draw, _KINDS)
        if wishes[0].abuse == "lot_never_shipped":
            kind = "wrong_lot"
        day = working_day(request.at.date() + timedelta(days=3 + draw.randrange(8)))
        lines = [
            ReceiptIntentLine(n, w.line.fact.sku, w.quantity, w.line.fact.lot)
            for n, w in enumerate(wishes, 1)
        ]
        kind, batches = self._batches(draw, kind, lines)
        receipts = []
        for k, batch in enumerate(batches, 1):
            receipts.append(
                ReceiptIntent(
                    return_id=request.return_id,
                    receipt_id=f"RC-{request.return_id[2:]}-{k}",
                    at=office_time(draw, day),
                    warehouse=wishes[0].sale.fact.warehouse or "",
                    received_by=draw.choice(STAFF["warehouse"]),
                    lines=tuple(batch),
                    final=k == len(batches),
                    kind=kind,
                )
            )
            day = working_day(day + timedelta(days=1 + draw.randrange(6)))
        return tuple(receipts)

    def _batches(
        self, draw: random.Random, kind: str, lines: list[ReceiptIntentLine]
    ) -> tuple[str, list[list[ReceiptIntentLine]]]:
        """How the lines arrive: one parcel or two, and with what wrong. A kind that does not fit
        (a single piece cannot come short) becomes ``exact``."""
        first, rest = lines[0], lines[1:]
        whole = int(first.quantity)
        if kind in ("short", "partial") and whole >= 2:
            part = Decimal(draw.randrange(1, whole))
            came = _resized(first, part)
            if kind == "short":
                return kind, [[came, *rest]]
            return kind, [[came, *rest], [_resized(first, first.quantity - part)]]
        if kind == "over":
            return kind, [[_resized(first, first.quantity + draw.randrange(1, 3)), *rest]]
        if kind == "blind":
            stray: Product = draw.choice(self._masters.products)
            lot = "L0000" if stray.fact.lot_controlled else None
            extra = ReceiptIntentLine(None, stray.fact.sku, Decimal(draw.randrange(1, 4)), lot)
            return kind, [[*lines, extra]]
        if kind == "wrong_lot" and first.lot is not None:
            lot = _another_lot(draw, first.lot)
            return kind, [[ReceiptIntentLine(first.line, first.sku, first.quantity, lot), *rest]]
        return "exact", [lines]

    def _inspections(
        self,
        receipts: tuple[ReceiptIntent, ...],
        key: str,
        wishes: list[Wish],
        portions: list[_Portion],
    ) -> tuple[InspectionIntent, ...]:
        draw = self._streams.of("inspection", key)
        made: list[InspectionIntent] = []
        numbers: dict[int, int] = {}
        for receipt in receipts:
            day = working_day(receipt.at.date() + timedelta(days=draw.choice((0, 0, 0, 1, 1, 2))))
            at = max(office_time(draw, day), receipt.at + timedelta(minutes=30))
            inspector = draw.choice(STAFF["inspector"])
            for line in receipt.lines:
                if line.line is None:
                    continue
                wish = wishes[line.line - 1]
                for portion in _arrived(line, wish, portions):
                    number = numbers[line.line] = numbers.get(line.line, 0) + 1
                    at += timedelta(minutes=7)
                    intent = self._inspection(receipt, wish, line, portion, number, at)
                    made.append(replace(intent, inspected_by=inspector))
        return tuple(made)

    def _inspection(
        self,
        receipt: ReceiptIntent,
        wish: Wish,
        got: ReceiptIntentLine,
        portion: _Portion,
        number: int,
        at: datetime,
    ) -> InspectionIntent:
        draw = self._streams.of("found", wish.key, number)
        cause = CAUSES[wish.reason]
        damaged = portion.condition in ("damaged", "spoiled") and cause.damage_codes
        warm = self._temperature(draw, wish)
        found = self._found(wish, got, portion, warm, at)
        lot = wish.line.lot
        return InspectionIntent(
            return_id=receipt.return_id,
            receipt_id=receipt.receipt_id,
            line=portion.line,
            portion=f"{portion.line}.{number}",
            at=at,
            inspected_by=STAFF["inspector"][0],
            quantity=portion.quantity,
            condition=portion.condition,
            lot=got.lot,
            damage_code=one(draw, cause.damage_codes) if damaged else None,
            expires_on=lot.expires_on if lot else None,
            temperature_ok=warm,
            note=one(draw, _NOTES[portion.condition]),
            evidence=_evidence(draw, warm),
            truth=inspection_truth(found, draw),
            surplus=portion.surplus,
        )

    def _temperature(self, draw: random.Random, wish: Wish) -> bool | None:
        """What the logger says; ``None`` where goods need no cold or nobody kept a record."""
        if not wish.line.product.kind.cold_chain or draw.random() < 0.25:
            return None
        spoilt = wish.reason == "spoiled_or_temperature" or wish.sale.warm_ride
        return draw.random() > (0.85 if spoilt else 0.3)

    def _found(
        self,
        wish: Wish,
        got: ReceiptIntentLine,
        portion: _Portion,
        temperature_ok: bool | None,
        at: datetime,
    ) -> Found:
        product, lot = wish.line.product.fact, wish.line.lot
        supplier = self._traits.suppliers[product.supplier_id or ""].fact
        left = None
        if lot is not None and lot.expires_on is not None and product.shelf_life_days:
            left = (lot.expires_on - at.date()).days / product.shelf_life_days
        since = (at - wish.sale.fact.delivered_at).days
        return Found(
            condition=portion.condition,
            reason=wish.reason,
            item_class=product.item_class,
            business_unit=product.business_unit,
            regulated=product.regulated,
            cold_chain=product.cold_chain,
            temperature_ok=temperature_ok,
            refurbishable=product.refurbishable,
            date_kind=product.date_kind,
            life_left=left,
            supplier_accepts=supplier.accepts_returns,
            supplier_percent=supplier.credit_percent,
            claim_days_left=supplier.claim_window_days - since,
            value_minor=int(portion.quantity * product.unit_cost_minor),
            recall_open=any(self._recalled(recall, wish, got.lot, at) for recall in self._recalls),
            lot_matches=got.lot == wish.line.fact.lot,
        )

    def _recalled(self, recall: Recall, wish: Wish, lot: str | None, at: datetime) -> bool:
        closed = recall.closed.closed_at if recall.closed else None
        open_now = recall.opened.opened_at <= at and (closed is None or at < closed)
        return open_now and recall.hits(wish.line.fact.sku, lot)


def _arrived(line: ReceiptIntentLine, wish: Wish, portions: list[_Portion]) -> Iterator[_Portion]:
    """What of the planned portions is in this parcel; anything beyond is surplus."""
    left = line.quantity
    for portion in portions:
        if portion.line != line.line or left <= 0:
            continue
        quantity = min(portion.quantity, left)
        left -= quantity
        yield _Portion(portion.line, portion.number, quantity, portion.condition)
    if left > 0 and line.line is not None:
        yield _Portion(line.line, 9, left, "sealed", surplus=True)


def _resized(line: ReceiptIntentLine, quantity: Decimal) -> ReceiptIntentLine:
    return ReceiptIntentLine(line.line, line.sku, quantity, line.lot)


def _another_lot(draw: random.Random, lot: str | None) -> str:
    """A lot of the same pattern that was not the one given."""
    number = int(lot[1:]) if lot else 0
    return f"L{number + draw.choice((-2, -1, 1, 2)) * 3:04d}" if lot else "L9999"


def _evidence(draw: random.Random, temperature_ok: bool | None) -> tuple[str, ...]:
    """A picture of some of the goods; the logger's record wherever somebody read it."""
    picture = ("inspection.jpg",) if draw.random() < 0.3 else ()
    return picture if temperature_ok is None else (*picture, "temperature.csv")
