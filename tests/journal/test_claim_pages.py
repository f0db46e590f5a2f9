"""Claims page by page: every order is total, and no claim is shown twice or left out."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from journal import claims, tables
from journal.worklists import BadCursor

START = datetime(2026, 3, 1, tzinfo=UTC)


def a_claim(number: int) -> dict[str, Any]:
    """One of several that agree in deadline, money, supplier or day."""
    return {
        "claim_id": f"R-{number}:1.1:1", "return_id": f"R-{number}", "line": 1, "portion": "1.1",
        "part": 1, "key": f"R-{number}/1.1/claim/1", "supplier_id": f"S-{number % 3}",
        "customer_id": "C-1", "business_unit": "industrial", "sku": "A", "quantity": 1,
        "claimed_minor": 10_00 * (number % 4 + 1), "currency": "USD", "status": "open",
        "claim_by": None if number % 5 == 0 else date(2026, 4, 1 + number % 3),
        "raised_at": START + timedelta(days=number % 6), "policy": "claims@1#0", "rule": "usual",
    }  # fmt: skip


@pytest.mark.parametrize("order", sorted(claims.ORDERS))
def test_pages_follow_each_other(engine: Engine, order: str) -> None:
    """Read two by two it is the list read at once; claims without a last day come last."""
    with engine.begin() as conn:
        conn.execute(tables.claim.insert(), [a_claim(number) for number in range(11)])
        whole = [row["claim_id"] for row in claims.listed(conn, order=order).rows]
        seen, cursor = list[str](), None
        for _ in range(6):
            found = claims.listed(conn, order=order, limit=2, cursor=cursor)
            seen += [row["claim_id"] for row in found.rows]
            cursor = found.cursor
        assert cursor is None and seen == whole and len(set(seen)) == 11
        if order == "deadline":
            assert set(whole[-3:]) == {"R-0:1.1:1", "R-5:1.1:1", "R-10:1.1:1"}
        if order == "money":
            assert whole[0] == "R-7:1.1:1"
        few = claims.suppliers(conn)
        assert [(row["supplier_id"], row["many"]) for row in few] == [
            ("S-0", 4), ("S-1", 4), ("S-2", 3),
        ]  # fmt: skip
        with pytest.raises(BadCursor):
            claims.listed(conn, order=order, cursor="nonsense")
