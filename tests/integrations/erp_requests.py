"""R-1001 as an ERP is asked: one plain request of every type, to vary with ``replace``."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from integrations.erp.documents import (
    ChargeBack,
    ClaimSettlement,
    Closing,
    CreditMemo,
    Intercompany,
    IntercompanyLine,
    Receipt,
    ReceiptLine,
    RefurbishCompletion,
    RefurbishOrder,
    Replacement,
    Request,
    Rma,
    RmaLine,
    StockMove,
    SupplierClaim,
)

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)


def rma(case: str) -> Rma:
    line = RmaLine(1, "SKU-1", Decimal(3), "pcs", "L7", "INV-1", 1)
    return Rma(case, "C-1", "industrial", "USD", (line,), datetime(2026, 12, 2, tzinfo=UTC))


def receipt(case: str, quantity: str = "3", cost: int = 6_00, line: int | None = 1) -> Receipt:
    got = ReceiptLine(line, "SKU-1", "L7", Decimal(quantity), cost)
    return Receipt(case, "GR-1", "W1", AT, "USD", (got,))


def move(
    case: str, quantity: str = "3", to: str = "unrestricted", part: int = 1, line: int | None = 1
) -> StockMove:
    return StockMove(
        case,
        line,
        "1.1",
        part,
        "SKU-1",
        "L7",
        "W1",
        Decimal(quantity),
        "restock",
        "returns",
        to,
        6_00,
        "USD",
    )


def memo(case: str, net: int = 30_00, tax: int = 6_00) -> CreditMemo:
    return CreditMemo(
        case, 1, 1, "C-1", "SKU-1", "INV-1", 1, net, tax, "USD", "full", "defective_on_arrival"
    )


def charge(case: str, net: int = 5_00, tax: int = 1_00) -> ChargeBack:
    return ChargeBack(
        case, 1, 1, "C-1", "SKU-1", "INV-1", 1, net, tax, "USD", "credit", "wrong_item"
    )


def claim(case: str) -> SupplierClaim:
    return SupplierClaim(
        case,
        1,
        "1.1",
        "S-1",
        "SKU-1",
        "L7",
        Decimal(3),
        18_00,
        "USD",
        "defective_on_arrival",
        date(2027, 1, 31),
    )


def settlement(
    case: str, paid: int = 10_00, outcome: Literal["recovered", "written_off"] = "recovered"
) -> ClaimSettlement:
    return ClaimSettlement(case, 1, "1.1", "S-1", outcome, paid, paid, "USD", "PWA", True)


def intercompany(case: str, quantity: str = "3") -> Intercompany:
    line = IntercompanyLine(1, "SKU-1", "L7", Decimal(quantity), int(Decimal(quantity) * 6_00))
    return Intercompany(case, "food", "industrial", "at_customer", "USD", (line,))


def refurbish_order(case: str, quantity: str = "2") -> RefurbishOrder:
    by = date(2026, 11, 12)
    return RefurbishOrder(case, 1, "1.1", 1, "SKU-1", "L7", "W1", Decimal(quantity), by)


def refurbished(
    case: str, cost: int = 3_00, costing: Literal["expensed", "capitalised"] = "expensed"
) -> RefurbishCompletion:
    return RefurbishCompletion(
        case, 1, "1.1", 1, 1, "SKU-1", Decimal(2), "as_new", "unrestricted", costing, cost, "USD"
    )


def replacement(case: str) -> Replacement:
    return Replacement(case, 1, "1.1", "C-1", "SKU-1", Decimal(3), "pcs")


def closing(case: str) -> Closing:
    return Closing(case)


def whole_case(case: str) -> list[tuple[str, Request]]:
    """Every type of request once, in an order the ERP accepts; goods go back to the supplier."""
    return [
        (f"{case}/rma", rma(case)),
        (f"{case}/receipt/GR-1", receipt(case)),
        (f"{case}/1.1/move/1", move(case, to="at_supplier")),
        (f"{case}/1/credit/1", memo(case)),
        (f"{case}/1/charge_back/1", charge(case)),
        (f"{case}/1.1/claim/1", claim(case)),
        (f"{case}/1.1/recovery/1.1", settlement(case)),
        (f"{case}/intercompany/GR-1", intercompany(case)),
        (f"{case}/1.1/refurbish/1", refurbish_order(case)),
        (f"{case}/1.1/refurbished/1", refurbished(case)),
        (f"{case}/1/replacement/2", replacement(case)),
        (f"{case}/close", closing(case)),
    ]
