"""What the reference ERP promises beyond the port: batches, constraints, a cursor, clerks."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import count

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import SchemaItem

from integrations.erp.accounts import ACCOUNTS
from integrations.erp.documents import Document, LedgerLine, Post
from integrations.erp.ledger_lines import clerk_entries, gl_balances, inject_error, ledger_lines
from integrations.erp.port import Rejected, Unavailable
from integrations.erp.reference import ReferenceErp
from integrations.erp.tables import TransactionId, metadata
from integrations.perform import Asked, BulkErp, Outcome, perform_many
from tests.integrations.erp_database import engine_of_a_copy
from tests.integrations.erp_requests import AT, memo, move, receipt, rma, whole_case
from tests.integrations.test_perform import walked
from workflow.effects import Effect

_cases = count(1)


@pytest.fixture(scope="module")
def engine(server_url: str, template_database: str) -> Iterator[Engine]:
    with engine_of_a_copy(server_url, template_database) as made:
        yield made


@pytest.fixture
def case() -> str:
    return f"R-{next(_cases)}-{id(object())}"


@pytest.fixture
def erp(engine: Engine) -> ReferenceErp:
    return ReferenceErp(engine)


def posts(case: str) -> list[Post]:
    return [Post(key, asked, AT) for key, asked in whole_case(case)]


def mine(engine: Engine, case: str, **more: bool) -> list[dict[str, object]]:
    with engine.connect() as conn:
        return list(ledger_lines(conn, return_id=case, **more))


def balances(engine: Engine, account: str, case: str) -> list[int]:
    with engine.connect() as conn:
        found = list(gl_balances(conn, account))
    return [row["balance_minor"] for row in found if row["return_id"] == case]


def test_migration_makes_the_tables(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema that the migration makes is the one that the code describes, accounts included."""
    monkeypatch.setitem(ischema_names, "xid8", TransactionId)

    def in_erp(item: SchemaItem, name: str | None, kind: str, *_: object) -> bool:
        return kind != "table" or getattr(item, "schema", None) == "erp"

    with engine.connect() as conn:
        context = MigrationContext.configure(
            conn, opts={"include_schemas": True, "include_object": in_erp}
        )
        assert compare_metadata(context, metadata) == []
        codes = conn.execute(text("SELECT code, holds FROM erp.account"))
        assert {row.code: row.holds for row in codes} == ACCOUNTS


def test_unbalanced_document_is_refused(engine: Engine, erp: ReferenceErp, case: str) -> None:
    """The database itself refuses to commit a document whose debits are not its credits."""
    number = erp.post_credit_memo(f"{case}/credit", memo(case), AT).number
    change = text(
        "UPDATE erp.gl_line SET debit_minor = debit_minor + 1 "
        "WHERE number = :number AND account = 'sales_returns'"
    )
    with (
        pytest.raises(IntegrityError, match=f"document {number} does not balance.* are 1"),
        engine.begin() as conn,
    ):
        conn.execute(change, {"number": number})


def test_batch_is_repeatable(engine: Engine, erp: ReferenceErp, case: str) -> None:
    """A batch is answered in order; the same batch again writes nothing."""
    assert isinstance(erp, BulkErp)
    first = erp.post_many(posts(case))
    lines = mine(engine, case)
    again = erp.post_many(posts(case))
    assert again == [replace(d, repeated=True) for d in first if isinstance(d, Document)]
    assert mine(engine, case) == lines
    assert len(lines) == 12


def test_batch_repeats_within_itself(erp: ReferenceErp, case: str) -> None:
    """A key that stands twice in one batch is written once and answered twice."""
    once, twice = erp.post_many([Post(f"{case}/c", memo(case), AT)] * 2)
    assert isinstance(once, Document)
    assert twice == replace(once, repeated=True)


def test_batch_in_the_callers_transaction(engine: Engine, erp: ReferenceErp, case: str) -> None:
    """With the caller's connection nothing is written unless the caller commits."""
    with engine.connect() as conn:
        erp.post_many(posts(case), conn)
        assert len(list(ledger_lines(conn, return_id=case))) == 12
        conn.rollback()
    assert mine(engine, case) == []
    with engine.begin() as conn:
        erp.post_many(posts(case), conn)
    assert len(mine(engine, case)) == 12


def test_bulk_speed(erp: ReferenceErp, case: str) -> None:
    """Together, effects take less than a third of the time of one by one; a repeat adds none.

    Quiet machines do several thousand a second; a ratio holds on busy ones too.
    """
    effects = walked("restock")
    asked = [
        Asked(_renumbered(effect, f"{case}-{number}"), AT)
        for number in range(400)
        for effect in effects
    ]
    alone = [Asked(_renumbered(effect, f"{case}-alone"), AT) for effect in effects]
    started = time.perf_counter()
    for one in alone:
        perform_many([one], erp)
    each = (time.perf_counter() - started) / len(alone)
    started = time.perf_counter()
    answers = perform_many(asked, erp)
    assert (time.perf_counter() - started) / len(asked) < each / 3
    assert all(isinstance(a, Outcome) and not a.repeated for a in answers)
    assert all(isinstance(a, Outcome) and a.repeated for a in perform_many(asked, erp))


def _renumbered(effect: Effect, case: str) -> Effect:
    payload = {**effect.payload, "return_id": case}
    return Effect(effect.key.replace("R-1001", case), effect.kind, case, payload)


def test_concurrent_batches_agree(engine: Engine, erp: ReferenceErp, case: str) -> None:
    """Overlapping batches in any order from several threads end in one document a key."""
    batch = [post for number in range(20) for post in posts(f"{case}-{number}")]
    orders = [batch, [p for n in range(19, -1, -1) for p in posts(f"{case}-{n}")]] * 2
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(erp.post_many, orders))
    numbers = {(a.key, a.number) for many in answers for a in many if isinstance(a, Document)}
    assert len(numbers) == len(batch)
    assert all(len(mine(engine, f"{case}-{number}")) == 12 for number in range(20))


def test_text_that_cannot_be_stored(erp: ReferenceErp, case: str) -> None:
    """A character PostgreSQL cannot hold is a rejection of its own effect only."""
    bad = Post(f"{case}/bad", replace(memo(case), reason="\x00"), AT)
    good = Post(f"{case}/good", memo(case), AT)
    answers = erp.post_many([bad, good])
    assert isinstance(answers[0], Rejected) and answers[0].code == "invalid_payload"
    assert isinstance(answers[1], Document)


def test_unreachable_is_unavailable(case: str) -> None:
    """A server that cannot be reached is ``Unavailable`` for writes and reads."""
    nowhere = ReferenceErp(create_engine("postgresql+psycopg://x@/x?host=/nonexistent"))
    with pytest.raises(Unavailable, match="cannot be reached"):
        nowhere.post_credit_memo("k", memo(case), AT)
    with pytest.raises(Unavailable, match="cannot be reached"):
        nowhere.document("k")


def test_cursor_never_skips_a_slower_transaction(
    engine: Engine, erp: ReferenceErp, case: str
) -> None:
    """What a faster transaction wrote is shown only when no slower one can still come before it."""
    start = erp.changes("", 1_000_000).cursor
    with engine.connect() as slow:
        erp.post_many([Post(f"{case}/slow", memo(f"{case}-slow"), AT)], slow)
        erp.post_credit_memo(f"{case}/fast", memo(f"{case}-fast"), AT)
        assert erp.changes(start).lines == ()
        slow.commit()
    shown = erp.changes(start).lines
    assert [line.key for line in shown] == [f"{case}/slow", f"{case}/fast"]


@pytest.mark.parametrize("cursor", ["x", "1", "1:", "-1:2", "1:2:3"])
def test_bad_cursor(erp: ReferenceErp, cursor: str) -> None:
    """A cursor that is none of ours is refused by its text."""
    with pytest.raises(ValueError, match="no cursor of this ledger"):
        erp.changes(cursor)


def test_stock_balances(engine: Engine, erp: ReferenceErp, case: str) -> None:
    """Stock follows receipts and moves by item, lot, warehouse and status."""
    sku = f"SKU-{case}"
    got = replace(receipt(case), lines=(replace(receipt(case).lines[0], sku=sku),))
    erp.receive(f"{case}/r", got, AT)
    erp.move_stock(f"{case}/m", replace(move(case, "2"), sku=sku), AT)
    assert stock(engine, sku) == {("L7", "returns"): 1, ("L7", "unrestricted"): 2}


def stock(engine: Engine, sku: str) -> dict[tuple[str, str], Decimal]:
    query = text(
        "SELECT lot, status, quantity FROM erp.stock_balance "
        "WHERE sku = :sku AND warehouse = 'W1' AND quantity <> 0"
    )
    with engine.connect() as conn:
        return {(row.lot, row.status): row.quantity for row in conn.execute(query, {"sku": sku})}


def test_invoice_lines_come_from_the_journal(engine: Engine, erp: ReferenceErp, case: str) -> None:
    """The reference ERP finds the invoices that the journal was told, newest first."""
    with engine.begin() as conn:
        for number, day in ((1, "2026-10-01"), (2, "2026-10-02")):
            _invoice(conn, f"{case}-INV-{number}", case, day)
    found = erp.find_invoice_lines(customer_id=case, sku="SKU-1")
    assert [line.invoice_id for line in found] == [f"{case}-INV-2", f"{case}-INV-1"]
    assert (found[0].quantity, found[0].net_minor) == (Decimal(10), 100_00)
    assert (found[0].line, found[0].currency, found[0].lot) == (1, "USD", None)
    assert erp.find_invoice_lines(invoice_id=f"{case}-INV-1", limit=1)[0].line == 1
    assert erp.find_invoice_lines(customer_id=case, sku="SKU-2") == []


def _invoice(conn: Connection, invoice_id: str, customer_id: str, day: str) -> None:
    values = {"invoice_id": invoice_id, "customer_id": customer_id, "day": day}
    conn.execute(
        text(
            "INSERT INTO invoice (invoice_id, customer_id, business_unit, currency, invoiced_at, "
            "delivered_at) VALUES (:invoice_id, :customer_id, 'industrial', 'USD', :day, :day)"
        ),
        values,
    )
    conn.execute(
        text(
            "INSERT INTO invoice_line (invoice_id, line, customer_id, sku, invoiced_at, "
            "delivered_quantity, uom, unit_price, net_minor, description) VALUES "
            "(:invoice_id, 1, :customer_id, 'SKU-1', :day, 10, 'pcs', 10, 10000, 'Seal')"
        ),
        values,
    )


# -- clerks ----------------------------------------------------------------------------------


def err(engine: Engine, kind: str, key: str, **more: object) -> None:
    with engine.begin() as conn:
        inject_error(conn, kind, key, AT, **more)  # type: ignore[arg-type]


def shown(erp: ReferenceErp, start: str) -> tuple[LedgerLine, ...]:
    return erp.changes(start).lines


def test_duplicate_credit_memo(engine: Engine, erp: ReferenceErp, case: str) -> None:
    """A clerk's second credit stands in the case under a key of the clerk's own, balanced."""
    erp.post_credit_memo(f"{case}/credit", memo(case), AT)
    err(engine, "duplicate_credit_memo", f"{case}/credit", clerk="carl")
    first, second = mine(engine, case)
    assert str(second["key"]).startswith("manual/carl/CM-")
    same = ("line", "sku", "amount_minor", "invoice_id", "customer_id", "return_id")
    assert [first[name] for name in same] == [second[name] for name in same]
    assert balances(engine, "accounts_receivable", case) == [-72_00]


def test_credit_without_case(engine: Engine, erp: ReferenceErp, case: str) -> None:
    """A clerk's credit without a case has neither key nor return number."""
    erp.post_credit_memo(f"{case}/credit", replace(memo(case), customer_id=case), AT)
    err(engine, "credit_without_case", f"{case}/credit")
    with engine.connect() as conn:
        found = [line for line in ledger_lines(conn) if line["customer_id"] == case]
    assert [(line["key"], line["return_id"]) for line in found] == [
        (f"{case}/credit", case),
        (None, None),
    ]


def test_changed_amount(engine: Engine, erp: ReferenceErp, case: str) -> None:
    """A changed credit is shown again with its new amount, and its ledger entries follow."""
    erp.post_credit_memo(f"{case}/credit", memo(case), AT)
    start = erp.changes("", 1_000_000).cursor
    err(engine, "changed_amount", f"{case}/credit", delta_minor=-5_00)
    assert [(line.key, line.amount_minor) for line in shown(erp, start)] == [
        (f"{case}/credit", 25_00)
    ]
    assert balances(engine, "sales_returns", case) == [25_00]
    assert erp.post_credit_memo(f"{case}/credit", memo(case), AT).repeated


def test_deleted_stock_move(engine: Engine, erp: ReferenceErp, case: str) -> None:
    """A deleted move is gone from the ledger, and its goods and their value wait again."""
    sku = f"SKU-{case}"
    got = replace(receipt(case), lines=(replace(receipt(case).lines[0], sku=sku),))
    erp.receive(f"{case}/r", got, AT)
    erp.move_stock(f"{case}/m", replace(move(case), sku=sku), AT)
    start = erp.changes("", 1_000_000).cursor
    err(engine, "deleted_stock_move", f"{case}/m")
    assert [(line.key, line.voided) for line in shown(erp, start)] == [(f"{case}/m", True)]
    assert [line["kind"] for line in mine(engine, case)] == ["receipt"]
    assert len(mine(engine, case, voided=True)) == 2
    assert balances(engine, "returns_interim", case) == [18_00]
    assert stock(engine, sku) == {("L7", "returns"): 3}


@pytest.mark.parametrize("kind", ["receipt", "stock_move"])
def test_lot_changed(engine: Engine, erp: ReferenceErp, case: str, kind: str) -> None:
    """A changed lot shows on the document, and stock moves from the one lot to the other."""
    sku = f"SKU-{case}"
    got = replace(receipt(case), lines=(replace(receipt(case).lines[0], sku=sku),))
    erp.receive(f"{case}/receipt", got, AT)
    erp.move_stock(f"{case}/stock_move", replace(move(case), sku=sku), AT)
    err(engine, "lot_changed", f"{case}/{kind}", lot="L8")
    lots = {line["kind"]: line["lot"] for line in mine(engine, case)}
    assert lots == {"receipt": "L7", "stock_move": "L7", kind: "L8"}
    if kind == "receipt":
        expected = {("L7", "returns"): -3, ("L8", "returns"): 3, ("L7", "unrestricted"): 3}
    else:
        expected = {("L7", "returns"): 3, ("L8", "returns"): -3, ("L8", "unrestricted"): 3}
    assert stock(engine, sku) == expected


def test_truth_is_kept(engine: Engine, erp: ReferenceErp, case: str) -> None:
    """What clerks did can be read back, to judge what reconciliation found."""
    erp.post_credit_memo(f"{case}/credit", memo(case), AT)
    err(engine, "changed_amount", f"{case}/credit", delta_minor=1, clerk="carl")
    with engine.connect() as conn:
        last = clerk_entries(conn)[-1]
    assert (last.kind, last.key, last.clerk) == ("changed_amount", f"{case}/credit", "carl")
    assert (last.before, last.after) == ({"net_minor": 30_00}, {"net_minor": 30_01})


@pytest.mark.parametrize(
    ("kind", "key", "more", "says"),
    [
        ("burn", "rma", {}, "No clerk's error 'burn'; there are duplicate_credit_memo"),
        ("changed_amount", "none", {}, "The ERP has no document under"),
        ("changed_amount", "rma", {}, "changed_amount cannot be done to the rma RMA-"),
        ("changed_amount", "credit", {"delta_minor": 0}, "cannot change by 0"),
        ("changed_amount", "credit", {"delta_minor": -31_00}, "over 3000 cannot change by -3100"),
        ("lot_changed", "receipt", {"lot": "L7"}, "Give another lot for GR-"),
        ("lot_changed", "receipt", {}, "Give another lot for GR-"),
    ],
)
def test_impossible_errors(
    engine: Engine,
    erp: ReferenceErp,
    case: str,
    kind: str,
    key: str,
    more: dict[str, object],
    says: str,
) -> None:
    """An error that cannot be made is refused by name and changes nothing."""
    erp.create_rma(f"{case}/rma", rma(case), AT)
    erp.receive(f"{case}/receipt", receipt(case), AT)
    erp.post_credit_memo(f"{case}/credit", memo(case), AT)
    before = mine(engine, case)
    with pytest.raises(ValueError, match=says):
        err(engine, kind, f"{case}/{key}", **more)
    assert mine(engine, case) == before


def test_a_move_is_deleted_once(engine: Engine, erp: ReferenceErp, case: str) -> None:
    """A move that is voided already cannot be voided again."""
    erp.receive(f"{case}/r", receipt(case), AT)
    erp.move_stock(f"{case}/m", move(case), AT)
    err(engine, "deleted_stock_move", f"{case}/m")
    with pytest.raises(ValueError, match="voided stock_move SM-"):
        err(engine, "deleted_stock_move", f"{case}/m")
