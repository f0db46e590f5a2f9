"""Small online-retail files, and the plainest possible computation of what they hold."""

import csv
import gzip
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"

STORY = """\
536365,85123A,WHITE HEART HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
536365,71053,"LANTERN, WHITE",8,2010-12-01 08:26:00,3.39,17850,United Kingdom
536365,POST,POSTAGE,1,2010-12-01 08:27:00,18.00,17850,United Kingdom
536366,71053,"LANTERN, WHITE",4,2010-12-02 09:00:00,3.00,17850,United Kingdom
536367,22632,HAND WARMER,10,2010-12-03 10:00:00,1.855,13047,France
536368,22632,HAND WARMER,3,2010-12-03 11:00:00,1.85,,United Kingdom
536369,22632,found,7,2010-12-03 11:30:00,0,,United Kingdom
536370,22632,HAND WARMER,1,2010-12-03 11:40:00,0.0,13047,France
536371,22632,wet damaged,-5,2010-12-04 08:00:00,0,,United Kingdom
A536372,B,Adjust bad debt,1,2010-12-04 09:00:00,-110.62,,United Kingdom
C536373,85123A,WHITE HEART HOLDER,-2,2010-12-05 10:00:00,2.55,17850,United Kingdom
C536374,71053,"LANTERN, WHITE",-10,2010-12-05 11:00:00,3.39,17850,United Kingdom
C536375,85123A,WHITE HEART HOLDER,-2,2010-12-06 10:00:00,2.55,13047,France
C536376,22632,HAND WARMER,-1,2010-12-06 12:00:00,1.85,,United Kingdom
C536377,D,Discount,-1,2010-12-06 13:00:00,27.50,17850,United Kingdom
C536378,22632,HAND WARMER,-4,2010-12-07 10:00:00,2.50,13047,France
"""


def write(path: Path, body: str = STORY, header: str = HEADER) -> Path:
    """A file of the form, gzipped where its name says so."""
    data = f"{header}\n{body}".encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def naive(lines: Iterable[str]) -> tuple[int, int, int, int, Decimal, Decimal, int]:
    """The published figures by their definitions alone: every credit against every line."""
    rows = list(csv.DictReader(StringIO("\n".join(lines))))
    credits = [r for r in rows if r["InvoiceNo"][0] == "C" and int(r["Quantity"]) < 0]
    named = [r for r in credits if r["CustomerID"]]
    sales: dict[tuple[str, str], list[dict[str, str]]] = {}
    for r in rows:
        if int(r["Quantity"]) > 0:
            sales.setdefault((r["CustomerID"], r["StockCode"]), []).append(r)
    unmatched = [
        c
        for c in named
        if not any(
            s["InvoiceNo"] != c["InvoiceNo"] and s["InvoiceDate"] <= c["InvoiceDate"]
            for s in sales.get((c["CustomerID"], c["StockCode"]), ())
        )
    ]
    return (
        len(rows),
        len(credits),
        len(named),
        len(unmatched),
        sum((_value(c) for c in unmatched), Decimal(0)),
        sum((_value(c) for c in named), Decimal(0)),
        sum(int(r["Quantity"]) < 0 and r["InvoiceNo"][0] != "C" for r in rows),
    )


def _value(row: dict[str, str]) -> Decimal:
    return -int(row["Quantity"]) * Decimal(row["UnitPrice"])
