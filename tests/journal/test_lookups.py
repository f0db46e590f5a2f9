"""Masters, sources, recalls and worklists, as they are asked for."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from journal import lookups, worklists
from journal.journal import Journal
from tests.journal.ledger_story import (
    append,
    assessment,
    at,
    authorised,
    invoice,
    received,
    requested,
    task_opened,
    whole_case,
    write,
)
from workflow.events import AssessmentRecorded
from workflow.facts import (
    CustomerRegistered,
    ExceptionAssessed,
    ExceptionRaised,
    ExceptionResolved,
    FileImported,
    InvoiceLine,
    InvoiceRecorded,
    LotRegistered,
    ProductListed,
    PromotionApproved,
    PromotionProposed,
    RecallClosed,
    RecallOpened,
    RowsSetAside,
    SupplierRegistered,
)

CUSTOMER = CustomerRegistered(
    "C-1", "Acme", "industrial", "US", "portal", "key", True, "K-7", 30, warranty_days=730
)
PRODUCT = ProductListed(
    "MILK-1", "Milk", "dairy", "food", "case", 0, "S-1", "USD", 1200, True, 21, "use_by", "food",
    cold_chain=True, flags=("perishable",), temperature="refrigerated", warranty_days=5,
)  # fmt: skip
LOT = LotRegistered("MILK-1", "L-1", "S-1", date(2026, 10, 1), date(2026, 10, 22))
SUPPLIER = SupplierRegistered("S-1", "Dairy", 14, True, 80, True)


def test_masters_come_back_as_told(engine: Engine) -> None:
    """A master is the fact last told, every column of it; an unknown one is None."""
    old = CustomerRegistered("C-1", "Acne", "industrial", "US", "portal", "key")
    write(
        engine,
        Journal(),
        append("customer/C-1", old, CUSTOMER),
        append("product/MILK-1", PRODUCT),
        append("lot/MILK-1/L-1", LOT),
        append("supplier/S-1", SUPPLIER),
    )
    with engine.connect() as conn:
        assert lookups.customer(conn, "C-1") == CUSTOMER
        assert lookups.product(conn, "MILK-1") == PRODUCT
        assert lookups.lot(conn, "MILK-1", "L-1") == LOT
        assert lookups.supplier(conn, "S-1") == SUPPLIER
        assert lookups.customer(conn, "C-2") is None


def test_a_source_line_knows_what_is_left(engine: Engine) -> None:
    """Delivered, invoiced, returned and credited of a line, with its lot's date and carrier."""
    line = InvoiceLine(2, "MILK-1", "L-1", Decimal(6), "case", Decimal(15), 9_000, 450)
    bought = InvoiceRecorded(
        "I-9", "C-1", "food", "USD", at(-99), at(-50), (line,), carrier_id="K1", warehouse="WH1"
    )
    write(engine, Journal(), append("lot/MILK-1/L-1", LOT), append("invoice/I-9", bought))
    write(engine, Journal(), invoice(), append("case/R-1", *whole_case()))
    with engine.begin() as conn:
        source = lookups.source_line(conn, "I-9", 2, lock=True)
        assert source is not None
        assert (source.delivered, source.net_minor, source.tax_minor) == (Decimal(6), 9_000, 450)
        assert (source.lot, source.expires_on) == ("L-1", date(2026, 10, 22))
        assert (source.carrier_id, source.warehouse) == ("K1", "WH1")
        assert (source.invoiced_at, source.delivered_at) == (at(-99), at(-50))
        used = lookups.source_line(conn, "I-1", 1)
        assert used is not None
        assert (used.returnable, used.creditable_minor) == (Decimal(6), 6_000)
        assert lookups.source_line(conn, "I-9", 1) is None
        assert len(lookups.sale_lines(conn, "C-1", "MILK-1", at(0))) == 1
        assert lookups.sale_lines(conn, "C-1", "MILK-1", at(-100)) == []


@pytest.mark.parametrize(
    ("lots", "asked", "open_"),
    [
        (("L-1",), "L-1", True),
        (("L-1",), "L-2", False),
        ((), "L-2", True),
        (("L-1",), None, True),
    ],
)
def test_recalls_cover_lots(
    engine: Engine, lots: tuple[str, ...], asked: str | None, open_: bool
) -> None:
    """A recall covers its lots, or all; goods of an unknown lot are covered by any; closed none."""
    journal = Journal()
    opened = RecallOpened("RC-1", "MILK-1", lots, "S-1", "glass", at(0))
    write(engine, journal, append("recall/RC-1", opened))
    with engine.connect() as conn:
        assert lookups.open_recall(conn, "MILK-1", asked) is open_
        assert lookups.open_recall(conn, "SEAL-7", asked) is False
    write(engine, journal, append("recall/RC-1", RecallClosed("RC-1", "MILK-1", at(5))))
    with engine.connect() as conn:
        assert lookups.open_recall(conn, "MILK-1", asked) is False


def test_the_queue_in_four_orders_page_by_page(engine: Engine) -> None:
    """Every open task of the roles is listed once, in the order asked, however it is paged."""
    journal = Journal()
    for number in range(1, 6):
        return_id = f"R-{number}"
        risk = AssessmentRecorded(return_id, "credit", 1, assessment(number / 10), "1")
        events = (requested(return_id), risk, task_opened(return_id))
        write(engine, journal, append(f"case/{return_id}", *events))
    with engine.connect() as conn:
        for order in worklists.TASK_ORDERS:
            seen, cursor = [], None
            while True:
                page = worklists.tasks(
                    conn, roles={"finance_clerk"}, order=order, limit=2, cursor=cursor
                )
                seen += [row["task_id"] for row in page.rows]
                cursor = page.cursor
                if cursor is None:
                    break
            expected = [f"R-{n}-T1" for n in range(1, 6)]
            falling = order in ("risk", "value")
            assert seen == (expected[::-1] if falling else expected)
        assert worklists.tasks(conn, roles={"quality"}).rows == []
        with pytest.raises(worklists.BadCursor):
            worklists.tasks(conn, cursor="nonsense")


def test_leased_tasks_are_counted_not_hidden(engine: Engine) -> None:
    """A task that somebody else works on stays in the list and is counted as leased."""
    from journal import leases

    write(engine, Journal(), append("case/R-1", requested(), task_opened()))
    with engine.begin() as conn:
        leases.lease(conn, "R-1-T1", "fiona", at(0))
        others = worklists.tasks(conn, at=at(1), holder="frank")
        assert (len(others.rows), others.leased_to_others) == (1, 1)
        assert worklists.tasks(conn, at=at(1), holder="fiona").leased_to_others == 0
        assert worklists.tasks(conn, at=at(9), holder="frank").leased_to_others == 0


def test_exceptions_by_rank_until_resolved(engine: Engine) -> None:
    """The likeliest loss comes first; a resolved exception leaves the open list."""
    journal = Journal()
    for number, score in ((1, 0.2), (2, 0.9), (3, None)):
        raised = ExceptionRaised(
            f"X-{number}", "R8", "industrial", "USD", 5_000, -5_000, "CN-1", at(number), "says"
        )
        events: list[object] = [raised]
        if score is not None:
            events.append(ExceptionAssessed(f"X-{number}", assessment(score)))
        write(engine, journal, append(f"exception/X-{number}", *events))
    with engine.connect() as conn:
        ranked = [row["exception_id"] for row in worklists.exceptions(conn).rows]
        assert ranked == ["X-2", "X-1", "X-3"]
    resolved = ExceptionResolved("X-2", "R8", "recovered", 0, 5_000, "found", "fiona", at(60))
    write(engine, journal, append("exception/X-2", resolved))
    with engine.connect() as conn:
        assert len(worklists.exceptions(conn).rows) == 2
        found = worklists.exception(conn, "X-2")
        assert found is not None
        assert (found["status"], found["resolution"], found["rank_score"]) == (
            "resolved",
            "recovered",
            0.9,
        )


def test_returns_and_cases_as_shown(engine: Engine) -> None:
    """A case is shown with lines and tasks; lists filter by status and customer."""
    journal = Journal()
    write(engine, journal, invoice(), append("case/R-1", *whole_case()))
    write(engine, journal, append("case/R-2", requested("R-2")))
    with engine.connect() as conn:
        shown = lookups.case_rows(conn, "R-1")
        assert shown is not None
        assert (shown["case"]["status"], shown["case"]["version"]) == ("credited", 11)
        (line,) = shown["lines"]
        assert line["disposed"] == {"restock": "1", "scrap": "3"}
        assert line["reason"] == "defective_on_arrival"
        (task,) = shown["tasks"]
        assert (task["status"], task["decided_by"]) == ("decided", "fiona")
        assert lookups.case_rows(conn, "R-3") is None
        listed = worklists.returns(conn, status="under_review", customer_id="C-1").rows
        assert [row["return_id"] for row in listed] == ["R-2"]


def test_authorisations_that_ran_out(engine: Engine) -> None:
    """Only those past their time of which nothing arrived."""
    journal = Journal()
    write(engine, journal, invoice(), append("case/R-1", requested(), authorised(quantity="1")))
    came = (requested("R-2"), authorised("R-2", "1"), received("R-2", "1"))
    write(engine, journal, append("case/R-2", *came))
    with engine.connect() as conn:
        assert lookups.expired_authorisations(conn, at(50_001)) == ["R-1"]
        assert lookups.expired_authorisations(conn, at(49_000)) == []


def test_promotions_and_imports(engine: Engine) -> None:
    """The approved version is champion under its alias; a file is known by its digest."""
    write(
        engine,
        Journal(),
        append(
            "model/reason",
            PromotionProposed("P-1", "reason", "3", "dana", (("macro_f1", 0.8),)),
            PromotionApproved("P-1", "reason", "3", "axel", "champion", "sha256:aa"),
        ),
        append(
            "import/d1",
            RowsSetAside("f.csv", "d1", "zero_price", (3, 7)),
            RowsSetAside("f.csv", "d1", "zero_price", (90,)),
            FileImported("f.csv", "d1", "online-retail", 100, (("sales", 97),)),
        ),
    )
    with engine.connect() as conn:
        champion = lookups.champion(conn, "reason")
        assert champion is not None
        assert (champion["version"], champion["bundle_digest"]) == ("3", "sha256:aa")
        assert [row["status"] for row in lookups.proposals(conn, "reason")] == ["approved"]
        assert [row["in_ledger"] for row in lookups.champions(conn)] == [True]
        imported = lookups.file_import(conn, "d1")
        assert imported is not None
        assert imported["counts"] == [["sales", 97]]
        assert lookups.file_import(conn, "d2") is None
