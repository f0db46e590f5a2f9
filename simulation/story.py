"""R-1001, the one return that README, docs, tests and the demo follow.

Northgate Hydraulics bought ten gear pumps at a contract discount and sends four back: three leak at
first fill, one is still sealed. ``Story(requested_at)`` dates everything relative to the day
the customer asks, so that the story is always inside its return window; by default that is
``REQUESTED_AT``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from simulation.addresses import WAREHOUSES
from simulation.intents import (
    InspectionIntent,
    InspectionTruth,
    LineTruth,
    ReceiptIntent,
    ReceiptIntentLine,
    RequestIntent,
    RequestIntentLine,
    RequestTruth,
)
from workflow.actor import Actor
from workflow.events import SourceRef
from workflow.facts import (
    CarrierRegistered,
    CustomerRegistered,
    InvoiceLine,
    InvoiceRecorded,
    LotRegistered,
    ProductListed,
    SupplierRegistered,
)

RETURN_ID = "R-1001"
CUSTOMER_ID = "C-1001"
OTHER_CUSTOMER_ID = "C-1002"
SUPPLIER_ID = "S-1001"
CARRIER_ID = "CR-1001"
SKU = "PMP-1001"
OTHER_SKU = "SEA-1001"
LOT = "L2217"
INVOICE_ID = "INV-1001"
WAREHOUSE = "W-IND-1"
BUSINESS_UNIT = "industrial"
CURRENCY = "USD"

DELIVERED = Decimal(10)
RETURNED = Decimal(4)
LEAKING = Decimal(3)
SEALED = Decimal(1)
OVER_RETURN = Decimal(11)
"""More than was delivered: the house must refuse it."""
UNIT_PRICE = Decimal("148.00")
NET_MINOR = 1_406_00
"""Ten at 148.00 less 5 % contract discount: what was really invoiced."""
TAX_MINOR = 112_48
VALUE_MINOR = 562_40
"""Net value of the four pumps at the price really invoiced."""
REASON = "defective_on_arrival"
TEXT = (
    "Hi team, 3 of the 4 gear pumps leak at the shaft seal on first fill, oil all over the carton. "
    "The fourth is still sealed, we do not want to risk it. Please advise. Regards, Dana Whitfield"
)
REQUESTED_AT = datetime(2026, 6, 9, 8, 40, tzinfo=UTC)

PEOPLE: Mapping[str, Actor] = MappingProxyType(
    {
        "service": Actor("casey.service", frozenset({"customer_service"})),
        "warehouse": Actor("wade.warehouse", frozenset({"warehouse"})),
        "inspector": Actor("iris.inspector", frozenset({"inspector"})),
        "quality": Actor("quinn.quality", frozenset({"quality"})),
        "returns": Actor("rhea.returns", frozenset({"returns_manager"})),
        "clerk": Actor("finn.clerk", frozenset({"finance_clerk"})),
        "lead": Actor("lena.lead", frozenset({"finance_lead"})),
        "procurement": Actor("piet.procurement", frozenset({"procurement"})),
    }
)
"""Who appears in the story, by the part they play."""

_CUSTOMERS = (
    CustomerRegistered(
        CUSTOMER_ID, "Northgate Hydraulics", BUSINESS_UNIT, "US", "key_account", "key_account",
        contract="CON-1001", return_window_days=60,
    ),
    CustomerRegistered(
        OTHER_CUSTOMER_ID, "Bayside Machine Works", BUSINESS_UNIT, "US", "branch", "standard"
    ),
)  # fmt: skip
_PRODUCTS = (
    ProductListed(
        SKU, "Gear pump GP-22, 12 cc, shaft seal NBR", "pumps", BUSINESS_UNIT, "EA", 0,
        SUPPLIER_ID, CURRENCY, 91_00, lot_controlled=True, refurbishable=True,
    ),
    ProductListed(
        OTHER_SKU, "Seal kit for gear pump GP-22", "seals", BUSINESS_UNIT, "EA", 0,
        SUPPLIER_ID, CURRENCY, 8_40,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Story:
    """Facts and intents of R-1001 around the moment the customer asks. The delivery was
    eleven days earlier, the goods arrive three days later and are inspected that day."""

    requested_at: datetime = REQUESTED_AT

    @property
    def delivered_at(self) -> datetime:
        return self.requested_at - timedelta(days=11)

    @property
    def received_at(self) -> datetime:
        return self.requested_at + timedelta(days=3)

    def masters(self) -> tuple[object, ...]:
        """Two customers, places and parties, two products and the lot that was shipped."""
        produced = date.fromordinal(self.delivered_at.toordinal() - 40)
        return (
            *_CUSTOMERS,
            WAREHOUSES[WAREHOUSE],
            SupplierRegistered(SUPPLIER_ID, "Corbel Fluid Power", 30, True, 100),
            CarrierRegistered(CARRIER_ID, "Redline Freight"),
            *_PRODUCTS,
            LotRegistered(SKU, LOT, SUPPLIER_ID, produced, None),
        )

    def invoice(self) -> InvoiceRecorded:
        """Ten pumps and two seal kits, delivered and invoiced."""
        lines = (
            InvoiceLine(
                1, SKU, LOT, DELIVERED, "EA", UNIT_PRICE, NET_MINOR, TAX_MINOR, "Gear pump GP-22"
            ),
            InvoiceLine(
                2, OTHER_SKU, None, Decimal(2), "EA", Decimal("14.50"), 29_00, 2_32, "Seal kit"
            ),
        )
        return InvoiceRecorded(
            INVOICE_ID, CUSTOMER_ID, BUSINESS_UNIT, CURRENCY,
            self.delivered_at - timedelta(days=2), self.delivered_at, lines,
            "SO-1001", CARRIER_ID, WAREHOUSE, "US", "key_account",
        )  # fmt: skip

    def facts(self) -> tuple[object, ...]:
        """Everything that must be known before the customer asks."""
        return (*self.masters(), self.invoice())

    def request(self, quantity: Decimal = RETURNED) -> RequestIntent:
        """Customer service asks for Northgate; give ``OVER_RETURN`` to be refused."""
        source = SourceRef(INVOICE_ID, 1)
        line = RequestIntentLine(1, SKU, quantity, "EA", LOT, source, TEXT, None, ("photo-1.jpg",))
        told = LineTruth(1, REASON, REASON, REASON, "train", TEXT, "en")
        truth = RequestTruth((told,), None, True, False, 0.0, "sent")
        return RequestIntent(
            RETURN_ID, self.requested_at, CUSTOMER_ID, BUSINESS_UNIT, "service_desk", CURRENCY,
            PEOPLE["service"], (line,), "PO-77120", truth,
        )  # fmt: skip

    def receipt(self) -> ReceiptIntent:
        """All four arrive, in the lot that was shipped."""
        line = ReceiptIntentLine(1, SKU, RETURNED, LOT)
        return ReceiptIntent(
            RETURN_ID, "RC-1001", self.received_at, WAREHOUSE, PEOPLE["warehouse"], (line,), True,
            "exact",
        )  # fmt: skip

    def inspections(self) -> tuple[InspectionIntent, InspectionIntent]:
        """Three leak and go back to the vendor; the sealed one goes back on the shelf."""
        return (
            self._inspection(1, LEAKING, "defective", "Leaks at shaft seal", "return_to_vendor"),
            self._inspection(2, SEALED, "sealed", "Factory seal intact", "restock"),
        )

    def _inspection(
        self, part: int, quantity: Decimal, condition: str, note: str, disposition: str
    ) -> InspectionIntent:
        truth = InspectionTruth(((disposition, 1.0),), ((disposition, 0.0),))
        return InspectionIntent(
            RETURN_ID, "RC-1001", 1, f"1.{part}",
            self.received_at + timedelta(hours=2, minutes=part),
            PEOPLE["inspector"], quantity, condition, LOT, None, None, None, note, (), truth,
        )  # fmt: skip
