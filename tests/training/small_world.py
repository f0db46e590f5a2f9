"""A few hundred returns, credit notes and exceptions with a known pattern, as journal facts.

Goods found damaged are scrapped, sealed ones restocked, defective ones sent to the vendor, with
some noise; credits far above the usual are denied; exceptions of R11 cost their exposure.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from features.fold import Fact
from journal.codec import encode
from workflow.events import (
    CreditApproved,
    CreditDenied,
    CreditProposed,
    DispositionConfirmed,
    DispositionPart,
    DispositionProposed,
    LineFacts,
    LineInspected,
    ReasonSettled,
    RequestedLine,
    ReturnRequested,
    TaskDecided,
    Verdict,
)
from workflow.facts import (
    CreditMatched,
    CreditNoteLine,
    CreditNoteRecorded,
    CustomerRegistered,
    ExceptionRaised,
    ExceptionResolved,
)

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
VERDICT = Verdict("fake@1#0", "yes", "a-rule", "Because.")
USUAL = {"sealed": "restock", "damaged": "scrap", "defective": "return_to_vendor"}
REASONS = ("no_longer_needed", "damaged_in_transit", "defective_on_arrival")
WORDS = {
    "no_longer_needed": "we ordered too many and the job is finished",
    "damaged_in_transit": "carton crushed when the driver brought it",
    "defective_on_arrival": "does not switch on, dead out of the box",
}


@dataclass
class SmallWorld:
    """Writes facts in journal order; ``truth`` keeps the labels it meant, by portion or credit."""

    seed: int = 1
    position: int = 0
    now: datetime = START
    truth: dict[str, str] = field(default_factory=dict)

    def facts(self, cases: int, notes: int = 0) -> Iterator[Fact]:
        """Customers, then cases; an exception with every third, a credit note with the first."""
        chance = random.Random(self.seed)
        customers = [f"C-{i}" for i in range(max(6, cases // 12))]
        for customer in customers:
            unit = "industrial" if chance.random() < 0.6 else "food"
            yield self.fact(CustomerRegistered(customer, customer, unit, "US", "portal", "key"))
        for number in range(cases):
            self.now += timedelta(hours=chance.randint(1, 8))
            yield from self.case(chance, number, chance.choice(customers))
            if number < notes:
                yield from self.note(chance, number, chance.choice(customers))

    def fact(self, event: object) -> Fact:
        self.position += 1
        self.now += timedelta(seconds=1)
        name, payload = encode(event)
        return Fact(self.position, self.now, name, payload)

    def case(self, chance: random.Random, number: int, customer: str) -> Iterator[Fact]:
        case, sku = f"R-{number}", f"SKU-{number % 20}"
        pick = chance.randrange(3)
        condition = ("sealed", "damaged", "defective")[pick]
        reason = REASONS[pick if chance.random() < 0.8 else chance.randrange(3)]
        suspicious = chance.random() < 0.15
        net = chance.randint(2_000, 20_000) * (12 if suspicious else 1)
        yield self.fact(self.request(case, customer, sku, reason, net))
        yield self.fact(ReasonSettled(case, 1, reason, "person", "pam"))
        yield self.fact(
            LineInspected(
                case,
                1,
                "1.1",
                Decimal(2),
                condition,
                "ines",
                self.now,
                customer_id=customer,
                sku=sku,
                damage_code="WC" if pick == 1 else None,
            )
        )
        right = USUAL[condition] if chance.random() < 0.9 else chance.choice(list(USUAL.values()))
        self.truth[f"{case}/1.1"] = right
        parts = (DispositionPart(right, Decimal(2)),)
        allowed = ("quarantine", "restock", "return_to_vendor", "scrap")
        yield self.fact(DispositionProposed(case, 1, "1.1", parts, "model", "m", allowed, ()))
        how = "person" if chance.random() < 0.7 or number % 10 else "rule"
        yield self.fact(
            DispositionConfirmed(
                case, 1, "1.1", parts, "ines", self.now, VERDICT, how, customer, sku
            )
        )
        yield from self.credit(chance, case, customer, sku, net, suspicious)
        if number % 3 == 0:
            yield from self.exception(chance, number, case, customer, net)

    def request(self, case: str, customer: str, sku: str, reason: str, net: int) -> ReturnRequested:
        facts = LineFacts(
            item_class="hydraulics",
            regulated="none",
            returnable="always",
            stocked=True,
            lot_controlled=False,
            refurbishable=False,
            cold_chain=False,
            date_kind="none",
            shelf_life_days=None,
            supplier_id="S-1",
            supplier_accepts_returns=True,
            supplier_claim_window_days=90,
            unit_cost_minor=600,
            invoiced_at=self.now - timedelta(days=9),
            delivered_at=self.now - timedelta(days=8),
            delivered=Decimal(2),
            net_minor=net,
        )
        line = RequestedLine(
            1, sku, Decimal(2), "pcs", f"{WORDS[reason]} ({case})", facts, value_minor=net
        )
        return ReturnRequested(
            case, customer, "industrial", "portal", "USD", "pam", self.now, (line,)
        )

    def credit(
        self, chance: random.Random, case: str, customer: str, sku: str, net: int, odd: bool
    ) -> Iterator[Fact]:
        yield self.fact(
            CreditProposed(
                case,
                1,
                "1.1",
                1,
                Decimal(2),
                "full",
                "on_approval",
                100,
                0,
                net,
                0,
                self.now,
                VERDICT,
                customer_id=customer,
                sku=sku,
            )
        )
        denied = odd if chance.random() < 0.9 else not odd
        self.truth[f"{case}/1/1"] = "anomalous" if denied else "normal"
        yield self.fact(
            TaskDecided(
                case,
                f"T-{case}",
                "credit",
                "reject" if denied else "approve",
                "finn",
                "finance_clerk",
                self.now,
                1,
                "1.1",
                sequence=1,
            )
        )
        if denied:
            event: object = CreditDenied(
                case, 1, "1.1", 1, "finn", self.now, "Too much.", VERDICT, customer, sku
            )
        else:
            event = CreditApproved(
                case,
                1,
                "1.1",
                1,
                "full",
                "on_approval",
                net,
                0,
                "USD",
                "finn",
                self.now,
                VERDICT,
                customer,
                sku,
            )
        yield self.fact(event)

    def exception(
        self, chance: random.Random, number: int, case: str, customer: str, net: int
    ) -> Iterator[Fact]:
        code = chance.choice(("R11", "R20", "R3"))
        name = f"X-{number}"
        yield self.fact(
            ExceptionRaised(
                name,
                code,
                "industrial",
                "USD",
                net,
                net,
                case,
                self.now,
                "Differs.",
                return_id=case,
                line=None,
                customer_id=customer,
                document=f"CM-{number}",
            )
        )
        lost = net if code == "R11" or chance.random() < 0.05 else 0
        yield self.fact(
            ExceptionResolved(
                name,
                code,
                "written_off" if lost else "explained",
                lost,
                0,
                "",
                "finn",
                self.now,
                customer,
            )
        )

    def note(self, chance: random.Random, number: int, customer: str) -> Iterator[Fact]:
        net = chance.randint(1_000, 9_000)
        name, sku = f"N-{number}", f"SKU-{number % 20}"
        line = CreditNoteLine(1, sku, Decimal(1), Decimal("10.00"), net)
        yield self.fact(CreditNoteRecorded(name, customer, "industrial", "USD", self.now, (line,)))
        yield self.fact(
            CreditMatched(
                name,
                1,
                customer,
                sku,
                "confirmed",
                Decimal(1),
                net,
                Decimal(0),
                0,
                0,
                5,
                (("INV-1", 1, Decimal(1), net),),
                self.now,
            )
        )
