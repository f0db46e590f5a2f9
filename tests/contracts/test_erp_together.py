"""What every ERP behind the port promises to many writers at once; the real one on PostgreSQL."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from sqlalchemy import Engine

from integrations.erp.port import Rejected, Unavailable, send
from integrations.perform import Outcome, perform
from tests.contracts.erp_books import NOT_REAL, Books, books_of, new_case, payload
from tests.integrations.erp_database import engine_of_a_copy
from tests.integrations.erp_requests import AT, memo, move, receipt, whole_case

REAL = [pytest.mark.tryton, pytest.mark.slow]
WRITERS = 40
MOST_TRIES = 40
Answer = TypeVar("Answer")


@pytest.fixture(scope="module")
def engine(server_url: str, template_database: str) -> Iterator[Engine]:
    with engine_of_a_copy(server_url, template_database) as made:
        yield made


@pytest.fixture(
    scope="module",
    params=[*NOT_REAL, pytest.param("clerk_on_postgresql", id="tryton", marks=REAL)],
)
def books(request: pytest.FixtureRequest) -> Iterator[Books]:
    yield from books_of(request.param, request)


@pytest.fixture
def case() -> str:
    return new_case()


def insist(call: Callable[[], Answer]) -> Answer:
    """As a worker does: what is unavailable is asked again."""
    for _ in range(MOST_TRIES):
        try:
            return call()
        except Unavailable:
            time.sleep(0.05)
    raise AssertionError(f"still unavailable after {MOST_TRIES} tries")


def credit(books: Books, case: str, sequence: int) -> Outcome:
    """A credit of the case, as its effect asks for it."""
    told, key = payload(case) | {"sequence": sequence}, f"{case}/1/credit/{sequence}"
    return insist(lambda: perform("erp.credit_memo", key, case, told, books.erp, AT))


def test_forty_writers_of_one_credit(books: Books, case: str) -> None:
    """Forty workers that perform the same credit at once get one document; one of them wrote it."""
    with ThreadPoolExecutor(WRITERS) as pool:
        written = list(pool.map(lambda _: credit(books, case, 1), range(WRITERS)))
    assert len({outcome.reference for outcome in written}) == 1
    assert sum(not outcome.repeated for outcome in written) == 1
    assert len(books.lines(case)) == 1
    assert books.balance(case)["accounts_receivable"] == -36_00


def test_forty_writers_of_one_case(books: Books, case: str) -> None:
    """Forty workers with five credits of one case, each credit with eight of them: each is posted
    once, and the ledger comes to five."""
    with ThreadPoolExecutor(WRITERS) as pool:
        written = list(pool.map(lambda n: credit(books, case, 1 + n % 5), range(WRITERS)))
    assert len({outcome.reference for outcome in written}) == 5
    assert sum(not outcome.repeated for outcome in written) == 5
    assert len(books.lines(case)) == 5
    assert books.balance(case)["accounts_receivable"] == -5 * 36_00


def test_two_workers_on_one_case(books: Books, case: str, request: pytest.FixtureRequest) -> None:
    """Two workers that both do everything a case asks, in order, leave what one leaves in the
    fake."""
    asked = whole_case(case)
    alone = next(books_of("fake", request))
    alone.send_all(asked)

    def work(_: int) -> list[str]:
        return [insist(lambda k=k, r=r: send(books.erp, k, r, AT)).number for k, r in asked]  # type: ignore[misc]

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(work, range(2))
    assert first == second
    assert [line.kind for line in books.lines(case)] == [line.kind for line in alone.lines(case)]
    assert books.balance(case) == alone.balance(case)


def test_concurrent_moves(books: Books, case: str) -> None:
    """Threads that move more than was received get exactly what was received."""
    books.erp.receive(f"{case}/r", receipt(case, "3"), AT)

    def one(part: int) -> str:
        asked = move(case, "1", part=part)
        try:
            return insist(lambda: books.erp.move_stock(f"{case}/m/{part}", asked, AT)).kind
        except Rejected as rejected:
            return rejected.code

    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(one, range(8)))
    assert answers == {"stock_move": 3, "insufficient_stock": 5}
    assert "returns_interim" not in books.balance(case)


def test_one_key_two_cases(books: Books, case: str) -> None:
    """Threads that use one key for different cases: one wins, the others are rejected."""

    def one(number: int) -> str:
        asked = memo(f"{case}-{number}")
        try:
            return insist(lambda: books.erp.post_credit_memo(f"{case}/shared", asked, AT)).kind
        except Rejected as rejected:
            return rejected.code

    with ThreadPoolExecutor(4) as pool:
        answers = Counter(pool.map(one, range(4)))
    assert answers == {"credit_memo": 1, "key_reused": 3}
