"""What every ERP behind the port promises: fake, reference and real, held to the same tests."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from integrations.erp.documents import Document, LedgerLine
from integrations.erp.fake import Fault, FaultyErp, Script
from integrations.erp.port import Rejected, Unavailable, UnknownOutcome, send
from integrations.perform import Outcome, perform
from tests.contracts.erp_books import NOT_REAL, Books, books_of, new_case, payload
from tests.integrations.erp_database import engine_of_a_copy
from tests.integrations.erp_requests import (
    AT,
    charge,
    claim,
    closing,
    intercompany,
    memo,
    move,
    receipt,
    refurbish_order,
    refurbished,
    replacement,
    rma,
    settlement,
    whole_case,
)

REAL = [pytest.mark.tryton, pytest.mark.slow]
KINDS = [
    "rma", "receipt", "stock_move", "credit_memo", "charge_back", "supplier_claim",
    "claim_settlement", "intercompany", "refurbish_order", "refurbish_completion", "replacement",
    "closing",
]  # fmt: skip


@pytest.fixture(scope="module")
def engine(server_url: str, template_database: str) -> Iterator[Engine]:
    with engine_of_a_copy(server_url, template_database) as made:
        yield made


@pytest.fixture(
    scope="module",
    params=[*NOT_REAL, pytest.param("clerk", id="tryton", marks=REAL)],
)
def books(request: pytest.FixtureRequest) -> Iterator[Books]:
    yield from books_of(request.param, request)


@dataclass(frozen=True)
class Played:
    """A case in which every request was sent once, and what each was answered."""

    case: str
    documents: list[Document]


@pytest.fixture(scope="module")
def played(books: Books) -> Played:
    case = new_case("played")
    return Played(case, books.send_all(whole_case(case)))


@pytest.fixture
def case() -> str:
    return new_case()


@pytest.mark.parametrize("index", range(len(KINDS)), ids=KINDS)
def test_repeat_is_one_document(books: Books, played: Played, index: int) -> None:
    """Repeating any call under its key returns the first document and changes nothing."""
    key, asked = whole_case(played.case)[index]
    first = played.documents[index]
    before = books.lines(played.case), books.balance(played.case)
    again = send(books.erp, key, asked, AT + timedelta(hours=1))
    assert again == replace(first, repeated=True)
    assert (books.lines(played.case), books.balance(played.case)) == before
    assert first.kind == KINDS[index] and not first.repeated
    assert books.erp.document(key) == again


@pytest.mark.parametrize(
    ("index", "other"),
    [
        (0, lambda case: replace(rma(case), customer_id="C-2")),
        (1, lambda case: receipt(case, "2")),
        (2, lambda case: move(case, to="scrapped")),
        (3, lambda case: memo(case, 30_01)),
        (4, lambda case: charge(case, 5_01)),
        (5, lambda case: replace(claim(case), supplier_id="S-2")),
        (6, lambda case: settlement(case, 11_00)),
        (7, lambda case: intercompany(case, "2")),
        (8, lambda case: refurbish_order(case, "1")),
        (9, lambda case: refurbished(case, 3_01)),
        (10, lambda case: replace(replacement(case), quantity=Decimal(1))),
        (11, lambda case: memo(case)),
    ],
    ids=KINDS,
)
def test_key_reused(books: Books, played: Played, index: int, other: Any) -> None:
    """The same key with other content is rejected as ``key_reused`` and changes nothing."""
    key = whole_case(played.case)[index][0]
    before = books.lines(played.case)
    with pytest.raises(Rejected, match="other content") as rejected:
        send(books.erp, key, other(played.case), AT)
    assert rejected.value.code == "key_reused"
    assert books.lines(played.case) == before


def test_three_is_three(books: Books, case: str) -> None:
    """A quantity of 3 and one of 3.00 are the same content."""
    books.erp.receive(f"{case}/r", receipt(case, "3"), AT)
    assert books.erp.receive(f"{case}/r", receipt(case, "3.00"), AT).repeated


def test_whole_case_balances(books: Books, played: Played) -> None:
    """Every document balances, and a case that went back to its supplier leaves no interim."""
    for document in played.documents:
        entries = books.gl(document.number)
        assert sum(debit for _, debit, _ in entries) == sum(credit for _, _, credit in entries)
    assert books.balance(played.case) == {
        "accounts_receivable": -30_00,
        "sales_returns": 25_00,
        "tax_payable": 5_00,
        "cost_of_goods_sold": -18_00,
        "supplier_claims_receivable": 8_00,
        "accounts_payable": 10_00,
        "intercompany_receivable": 18_00,
        "intercompany_payable": -18_00,
        "refurbish_expense": 3_00,
        "workshop_absorbed": -3_00,
    }


def test_balances_by_case(books: Books, played: Played) -> None:
    """The balance of an account by case is what its documents come to, zeros left out."""
    for account in ("accounts_receivable", "cost_of_goods_sold", "returns_interim"):
        balance = books.erp.balances(account).get(played.case, 0)
        assert balance == books.balance(played.case).get(account, 0)
    assert played.case not in books.erp.balances("returns_interim")


@pytest.mark.parametrize(
    ("status", "account"),
    [
        ("unrestricted", "inventory"),
        ("quality_inspection", "inventory_in_inspection"),
        ("blocked", "inventory_blocked"),
        ("scrapped", "scrap_expense"),
        ("at_supplier", "goods_at_supplier"),
        ("donated", "donation_expense"),
    ],
)
def test_disposition_clears_interim(books: Books, case: str, status: str, account: str) -> None:
    """A receipt waits in the interim account at original cost; the move clears it whole."""
    books.erp.receive(f"{case}/r", receipt(case), AT)
    assert books.balance(case) == {"returns_interim": 18_00, "cost_of_goods_sold": -18_00}
    books.erp.move_stock(f"{case}/m", move(case, to=status), AT)
    assert books.balance(case) == {account: 18_00, "cost_of_goods_sold": -18_00}


def test_back_to_customer(books: Books, case: str) -> None:
    """Goods sent back to the customer leave no trace in the ledger's balances."""
    books.erp.receive(f"{case}/r", receipt(case), AT)
    books.erp.move_stock(f"{case}/m", move(case, to="at_customer"), AT)
    assert books.balance(case) == {}


def test_close_needs_clear_interim(books: Books, case: str) -> None:
    """A case closes only when nothing is left in returns, and then takes nothing more."""
    books.erp.receive(f"{case}/r", receipt(case), AT)
    books.erp.move_stock(f"{case}/m/1", move(case, "2"), AT)
    with pytest.raises(Rejected, match="1 of SKU-1 in returns") as rejected:
        books.erp.close(f"{case}/close", closing(case), AT)
    assert rejected.value.code == "interim_open"
    books.erp.move_stock(f"{case}/m/2", move(case, "1", "scrapped", 2), AT)
    books.erp.close(f"{case}/close", closing(case), AT)
    with pytest.raises(Rejected, match="is closed") as rejected:
        books.erp.post_credit_memo(f"{case}/credit", memo(case), AT)
    assert rejected.value.code == "case_closed"
    assert books.erp.move_stock(f"{case}/m/1", move(case, "2"), AT).repeated


def test_credit_only_case_closes(books: Books, case: str) -> None:
    """A case without RMA and goods is credited and closed all the same."""
    books.erp.post_credit_memo(f"{case}/credit", memo(case), AT)
    assert books.erp.close(f"{case}/close", closing(case), AT).kind == "closing"


@pytest.mark.parametrize(
    ("code", "before", "asked"),
    [
        ("insufficient_stock", [], move),
        ("insufficient_stock", [receipt], lambda case: move(case, "4")),
        ("insufficient_stock", [receipt], lambda case: replace(move(case), sku="SKU-2")),
        ("insufficient_stock", [receipt], lambda case: move(case, line=None)),
        ("rma_exists", [rma], rma),
        ("currency_mismatch", [rma], lambda case: replace(memo(case), currency="EUR")),
        ("unknown_status", [receipt], lambda case: move(case, to="lost")),
        ("unknown_status", [receipt], lambda case: replace(move(case), from_status="lost")),
        ("invalid_quantity", [], lambda case: receipt(case, "0")),
        ("invalid_quantity", [], lambda case: receipt(case, "-1")),
        ("invalid_quantity", [], lambda case: receipt(case, "NaN")),
        ("invalid_quantity", [], lambda case: receipt(case, "1e50")),
        ("invalid_quantity", [], lambda case: replace(claim(case), quantity=Decimal(0))),
        ("invalid_amount", [], lambda case: receipt(case, cost=-1)),
        ("invalid_amount", [], lambda case: memo(case, 0, 0)),
        ("invalid_amount", [], lambda case: memo(case, -1, 0)),
        ("invalid_amount", [], lambda case: memo(case, 10**18, 0)),
        ("invalid_amount", [], lambda case: replace(memo(case), freight_minor=-1)),
        ("invalid_amount", [], lambda case: replace(memo(case), return_freight_minor=30_01)),
        ("invalid_amount", [], lambda case: charge(case, 0, 0)),
        ("invalid_amount", [], lambda case: charge(case, -1, 0)),
        ("invalid_amount", [], lambda case: replace(claim(case), claimed_minor=-1)),
        ("invalid_payload", [], lambda case: replace(rma(case), lines=())),
        ("invalid_payload", [], lambda case: replace(receipt(case), lines=())),
        ("invalid_payload", [], lambda case: replace(rma(case), lines=rma(case).lines * 2)),
    ],
)
def test_rejections(books: Books, case: str, code: str, before: list[Any], asked: Any) -> None:
    """What cannot be posted is rejected with its code, and leaves nothing behind."""
    for number, make in enumerate(before):
        send(books.erp, f"{case}/before/{number}", make(case), AT)
    lines = books.lines(case)
    with pytest.raises(Rejected) as rejected:
        send(books.erp, f"{case}/asked", asked(case), AT)
    assert rejected.value.code == code
    assert books.lines(case) == lines
    assert books.erp.document(f"{case}/asked") is None


def test_blind_goods(books: Books, case: str) -> None:
    """Goods nobody announced are received without a line, and leave without one."""
    books.erp.receive(f"{case}/r", receipt(case, cost=0, line=None), AT)
    books.erp.move_stock(f"{case}/m", move(case, to="at_customer", line=None), AT)
    assert books.balance(case) == {}
    assert books.erp.close(f"{case}/close", closing(case), AT).kind == "closing"


def test_lost_response(books: Books, case: str) -> None:
    """A response lost after the write is found again by key: one document, no second try."""
    key = f"{case}/1/credit/1"
    faulty = FaultyErp(books.erp, Script({key: [Fault.DROP_AFTER]}))
    with pytest.raises(UnknownOutcome):
        FaultyErp(books.erp, Script({key: [Fault.DROP_AFTER]})).post(key, memo(case), AT)
    outcome = perform("erp.credit_memo", key, case, payload(case), faulty, AT)
    assert outcome.repeated
    assert [line.document for line in books.lines(case)] == [outcome.reference]


def test_lost_request(books: Books, case: str) -> None:
    """A request lost before the write is ``Unavailable``; the retry writes it once."""
    key = f"{case}/1/credit/1"
    faulty = FaultyErp(books.erp, Script({key: [Fault.DROP_BEFORE, Fault.DOWN, Fault.DUPLICATE]}))
    for _ in range(2):
        with pytest.raises(Unavailable):
            perform("erp.credit_memo", key, case, payload(case), faulty, AT)
        assert books.lines(case) == []
    outcome = perform("erp.credit_memo", key, case, payload(case), faulty, AT)
    assert perform("erp.credit_memo", key, case, payload(case), faulty, AT) == Outcome(
        outcome.reference, True
    )
    assert [line.document for line in books.lines(case)] == [outcome.reference]


def test_changes_by_cursor(books: Books, case: str) -> None:
    """Reading the ledger in pages gives what reading it at once gives, each document once."""
    start = books.erp.changes("", 1_000_000).cursor
    books.send_all(whole_case(case))
    cursor = start
    paged: list[LedgerLine] = []
    while (page := books.erp.changes(cursor, 2)).lines:
        paged += page.lines
        cursor = page.cursor
    assert paged == list(books.erp.changes(start).lines)
    assert [line.kind for line in paged] == KINDS
    assert books.erp.changes(cursor).cursor == cursor


def test_ledger_lines_say_what_happened(books: Books, played: Played) -> None:
    """A ledger line carries key, case, line, item, lot, quantity, money and place."""
    case = played.case
    moved = next(line for line in books.lines(case) if line.kind == "stock_move")
    assert (moved.system, moved.key, moved.line) == ("erp", f"{case}/1.1/move/1", 1)
    assert (moved.sku, moved.lot, moved.quantity) == ("SKU-1", "L7", Decimal(3))
    assert (moved.amount_minor, moved.currency, moved.at) == (18_00, "USD", AT)
    assert (moved.from_status, moved.to_status, moved.warehouse) == ("returns", "at_supplier", "W1")
    credited = next(line for line in books.lines(case) if line.kind == "credit_memo")
    assert (credited.amount_minor, credited.tax_minor) == (30_00, 6_00)
    assert (credited.invoice_id, credited.invoice_line) == ("INV-1", 1)
    received = next(line for line in books.lines(case) if line.kind == "receipt")
    assert (received.amount_minor, received.warehouse) == (18_00, "W1")


def test_on_hand_by_place_and_lot(books: Books, case: str) -> None:
    """Goods that came back are found where they stand, by lot, until they leave for a place where
    nobody counts them."""
    lot = f"LOT-{case}"

    def counted() -> dict[str, Decimal]:
        return {one.status: one.quantity for one in books.erp.on_hand() if one.lot == lot}

    got = receipt(case)
    books.erp.receive(f"{case}/r", replace(got, lines=(replace(got.lines[0], lot=lot),)), AT)
    assert counted() == {"returns": Decimal(3)}
    for part, quantity, status in ((1, "1", "blocked"), (2, "1", "scrapped")):
        moved = replace(move(case, quantity, status, part), lot=lot)
        books.erp.move_stock(f"{case}/m/{part}", moved, AT)
    assert counted() == {"returns": Decimal(1), "blocked": Decimal(1)}


def test_on_hand_without_lot(books: Books, case: str) -> None:
    """Goods without a lot are counted beside those with one, as their own line."""

    def counted() -> Decimal:
        found = [one for one in books.erp.on_hand() if (one.sku, one.lot) == ("SKU-2", None)]
        assert {one.warehouse for one in found} <= {"W1"}
        return sum((one.quantity for one in found if one.status == "returns"), Decimal(0))

    got, before = receipt(case), counted()
    books.erp.receive(
        f"{case}/r", replace(got, lines=(replace(got.lines[0], sku="SKU-2", lot=None),)), AT
    )
    assert counted() == before + 3


def test_invoice_lines_need_a_filter(books: Books) -> None:
    """Asking for all invoice lines there are is refused."""
    with pytest.raises(ValueError, match="at least one of invoice_id, customer_id, sku"):
        books.erp.find_invoice_lines()
