"""Goods on the ERP's shelves against its own documents."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from integrations.erp.documents import LedgerLine, OnHand
from reconciliation.shelves import counted_otherwise, differing

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
GOT = LedgerLine(
    "erp", "receipt", "GR-1", "k1", "R-1", 1, "SKU-1", "L7", Decimal(3), 18_00, "USD", AT,
    warehouse="W1",
)  # fmt: skip
MOVED = replace(
    GOT, kind="stock_move", document="SM-1", key="k2", quantity=Decimal(1),
    from_status="returns", to_status="blocked",
)  # fmt: skip


def shelf(status: str, quantity: int, lot: str | None = "L7") -> OnHand:
    return OnHand("W1", status, "SKU-1", lot, Decimal(quantity))


RIGHT = [shelf("returns", 2), shelf("blocked", 1)]


def test_documents_and_shelves_agree() -> None:
    """What was received less what left, and what went where nobody counts, is no difference."""
    gone = replace(MOVED, document="SM-2", from_status="blocked", to_status="scrapped")
    assert differing(RIGHT, [GOT, MOVED], RIGHT) == []
    assert differing(RIGHT[:1], [GOT, MOVED, gone], RIGHT[:1]) == []
    assert differing([], [replace(GOT, voided=True)], []) == []


def test_a_count_below_the_documents() -> None:
    """Goods that a count did not find are named by place and lot, with what they are worth."""
    counted = [shelf("returns", 1), shelf("blocked", 1)]
    (found,) = counted_otherwise(differing(counted, [GOT, MOVED], counted))
    assert (found.code, found.exposure_minor, found.variance_minor) == ("R16", 6_00, 6_00)
    assert found.sku == "SKU-1" and found.anchor == "stock/W1/returns/SKU-1/L7"
    assert found.says == (
        "The ERP has 1 of SKU-1 lot L7 in returns of W1, its documents come to 2,"
        " USD 6.00 at cost: counted, corrected or moved without a document."
    )


def test_goods_without_any_document() -> None:
    """Goods on a shelf that no document put there are too much; what nobody says the cost of is
    worth nothing yet."""
    counted = [*RIGHT, replace(shelf("blocked", 4, None), sku="SKU-9")]
    (found,) = counted_otherwise(differing(counted, [GOT, MOVED], counted))
    assert (found.exposure_minor, found.variance_minor, found.sku) == (0, 0, "SKU-9")
    more = [shelf("returns", 5), shelf("blocked", 1)]
    (found,) = counted_otherwise(differing(more, [GOT, MOVED], more))
    assert (found.exposure_minor, found.variance_minor) == (18_00, -18_00)


def test_posted_while_we_read() -> None:
    """A move that is posted between two readings is no difference, whichever reading saw it."""
    early = [shelf("returns", 3)]
    assert differing(early, [GOT, MOVED], RIGHT) == []
    assert differing(early, [GOT], RIGHT) == []
