"""The reference ERP: a small, strict system of record in PostgreSQL schema ``erp``.

It shares the server with the journal and nothing else: its writes are its own transactions,
as those of a remote ERP would be. What a document does is ``booking.py``; here are locks,
keys, numbers and rows. One call is a batch of one, so both ways keep the same promises.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError

from integrations.erp.booking import (
    Booking,
    Row,
    Shelf,
    Standing,
    Unjudged,
    book,
    fingerprint,
)
from integrations.erp.documents import Changes, Document, InvoicedLine, OnHand, Post, Request
from integrations.erp.ledger_lines import gl_balances, page, stock_on_hand
from integrations.erp.one_door import OneDoor, filters, repeated
from integrations.erp.port import Rejected, Unavailable, UnknownOutcome
from integrations.erp.tables import (
    DETAILS,
    document,
    gl_line,
    return_case,
    unjudged_stock,
)
from integrations.erp.writing import add_stock, draw_numbers, gl_rows, insert_rows
from journal.tables import invoice, invoice_line

MOST_POSTS = 5_000
"""Documents written by one round of statements; longer batches go in several rounds."""

_AWAY = (OperationalError, InterfaceError)


@dataclass(frozen=True, slots=True)
class ReferenceErp(OneDoor):
    """``ErpPort`` and ``BulkErp`` on an engine whose database has schema ``erp``."""

    engine: Engine

    def post(self, key: str, request: Request, at: datetime) -> Document:
        """Write the request once; a repeat answers with the first document."""
        answer = self.post_many([Post(key, request, at)])[0]
        if isinstance(answer, Rejected):
            raise answer
        return answer

    def post_many(
        self, posts: Sequence[Post], connection: Connection | None = None
    ) -> list[Document | Rejected]:
        """Write requests in order in one transaction; answers are in that order.

        A rejected request leaves the others alone. With ``connection`` they are written in the
        caller's transaction, whose commit and errors are the caller's. Without, raises
        ``Unavailable`` or ``UnknownOutcome`` as a whole.
        """
        if connection is not None:
            return _write_all(connection, posts)
        try:
            return self._in_own_transaction(posts)
        except IntegrityError:
            # Another transaction wrote one of the keys, for another case, since we looked.
            return self._in_own_transaction(posts)
        except DataError as error:
            # A value that no column can hold; alone, each post shows whether it has it.
            if len(posts) > 1:
                return [answer for post in posts for answer in self.post_many([post])]
            why = str(error.orig).splitlines()[0]
            return [Rejected("invalid_payload", f"{posts[0].key} cannot be stored: {why}")]

    def _in_own_transaction(self, posts: Sequence[Post]) -> list[Document | Rejected]:
        try:
            conn = self.engine.connect()
        except _AWAY as error:
            raise Unavailable(f"The reference ERP cannot be reached: {error.orig}") from error
        with conn:
            try:
                answers = _write_all(conn, posts)
            except _AWAY as error:
                raise Unavailable(f"The reference ERP did not answer: {error.orig}") from error
            try:
                conn.commit()
            except _AWAY as error:
                raise UnknownOutcome(f"The commit was not answered: {error.orig}") from error
        return answers

    def document(self, key: str) -> Document | None:
        """The document written under a key, or ``None``."""
        with self._reading() as conn:
            found = _documents(conn, [key]).get(key)
        return replace(found[0], repeated=True) if found else None

    def changes(self, after: str = "", limit: int = 10_000) -> Changes:
        """Ledger lines after a cursor, in commit-safe order; see ``ledger_lines.page``."""
        with self._reading() as conn:
            return page(conn, after, limit)

    def balances(self, account: str) -> dict[str | None, int]:
        """Balance of an account by case."""
        with self._reading() as conn:
            rows = list(gl_balances(conn, account))
        return {row["return_id"]: row["balance_minor"] for row in rows}

    def on_hand(self) -> list[OnHand]:
        """Goods of returns by place, item and lot."""
        with self._reading() as conn:
            return stock_on_hand(conn)

    def find_invoice_lines(
        self,
        *,
        invoice_id: str | None = None,
        customer_id: str | None = None,
        sku: str | None = None,
        limit: int = 100,
    ) -> list[InvoicedLine]:
        """Invoiced lines that match, newest first.

        The reference ERP has no order desk of its own: its invoices are those the journal was
        told.
        """
        wanted = filters(invoice_id=invoice_id, customer_id=customer_id, sku=sku)
        query = (
            select(invoice_line, invoice.c.currency)
            .join(invoice, invoice.c.invoice_id == invoice_line.c.invoice_id)
            .where(*(invoice_line.c[name] == value for name, value in wanted.items()))
            .order_by(invoice_line.c.invoiced_at.desc(), invoice_line.c.line)
            .limit(limit)
        )
        with self._reading() as conn:
            return [
                InvoicedLine(
                    row.invoice_id,
                    row.line,
                    row.customer_id,
                    row.sku,
                    row.lot,
                    row.delivered_quantity,
                    row.net_minor,
                    row.tax_minor,
                    row.currency,
                    row.invoiced_at,
                )
                for row in conn.execute(query)
            ]

    def _reading(self) -> Connection:
        try:
            return self.engine.connect()
        except _AWAY as error:
            raise Unavailable(f"The reference ERP cannot be reached: {error.orig}") from error


@dataclass(slots=True)
class _Round:
    """What one round of statements knows and will write."""

    documents: dict[str, tuple[Document, str]]
    standings: dict[str, Standing]
    written: list[tuple[Post, Booking, str]] = field(default_factory=list)

    def answer(self, post: Post) -> Document | Rejected:
        """The document that the post leads to; its number is drawn when all are known."""
        digest = fingerprint(post.request)
        try:
            known = self.documents.get(post.key)
            if known is not None:
                return repeated(known[0], known[1], digest)
            return_id = post.request.return_id
            booking = book(post.request, self.standings[return_id])
        except Rejected as rejected:
            return rejected
        self.standings[return_id] = booking.standing
        self.written.append((post, booking, digest))
        first = Document("", post.key, booking.kind, return_id, post.at)
        self.documents[post.key] = (first, digest)
        return first


def _write_all(conn: Connection, posts: Sequence[Post]) -> list[Document | Rejected]:
    _lock_cases(conn, posts)
    answers: list[Document | Rejected] = []
    for start in range(0, len(posts), MOST_POSTS):
        answers.extend(_write_round(conn, posts[start : start + MOST_POSTS]))
    return answers


def _lock_cases(conn: Connection, posts: Sequence[Post]) -> None:
    """Serialise with every other writer of these cases, in one order for everybody."""
    cases = sorted({post.request.return_id for post in posts})
    insert_rows(
        conn,
        return_case,
        [{"return_id": case, "has_rma": False, "closed": False} for case in cases],
        "ON CONFLICT DO NOTHING",
    )
    conn.execute(
        text(
            "SELECT return_id FROM erp.return_case WHERE return_id = ANY(:cases) "
            "ORDER BY return_id FOR UPDATE"
        ),
        {"cases": cases},
    )


def _write_round(conn: Connection, posts: Sequence[Post]) -> list[Document | Rejected]:
    cases = sorted({post.request.return_id for post in posts})
    known = _documents(conn, [post.key for post in posts])
    work = _Round(known, _standings(conn, cases))
    answers = [work.answer(post) for post in posts]
    numbers = draw_numbers(conn, Counter(booking.kind for _, booking, _ in work.written))
    number_of = {post.key: next(numbers[booking.kind]) for post, booking, _ in work.written}
    _write_documents(conn, work, number_of)
    add_stock(conn, [change for _, booking, _ in work.written for change in booking.stock])
    _write_standings(conn, {post.request.return_id for post, _, _ in work.written}, work.standings)
    return [
        replace(a, number=number_of[a.key]) if isinstance(a, Document) and not a.number else a
        for a in answers
    ]


def _documents(conn: Connection, keys: Sequence[str]) -> dict[str, tuple[Document, str]]:
    rows = conn.execute(
        text(
            "SELECT number, key, kind, return_id, posted_at, fingerprint "
            "FROM erp.document WHERE key = ANY(:keys)"
        ),
        {"keys": list(keys)},
    )
    return {
        row.key: (
            Document(row.number, row.key, row.kind, row.return_id, row.posted_at),
            row.fingerprint,
        )
        for row in rows
    }


def _standings(conn: Connection, cases: Sequence[str]) -> dict[str, Standing]:
    heads = conn.execute(
        text(
            "SELECT return_id, currency, has_rma, closed FROM erp.return_case "
            "WHERE return_id = ANY(:cases)"
        ),
        {"cases": cases},
    ).all()
    shelves: dict[str, dict[Shelf, Unjudged]] = defaultdict(dict)
    for row in conn.execute(
        text(
            "SELECT return_id, line, sku, quantity, value_minor FROM erp.unjudged_stock "
            "WHERE return_id = ANY(:cases)"
        ),
        {"cases": cases},
    ):
        shelves[row.return_id][Shelf(row.line, row.sku)] = Unjudged(row.quantity, row.value_minor)
    return {
        row.return_id: Standing(row.currency, row.has_rma, row.closed, shelves[row.return_id])
        for row in heads
    }


def _write_documents(conn: Connection, work: _Round, number_of: dict[str, str]) -> None:
    heads: list[Row] = []
    entries: list[Row] = []
    details: dict[str, list[Row]] = defaultdict(list)
    for post, booking, digest in work.written:
        number, return_id = number_of[post.key], post.request.return_id
        heads.append(
            {
                "number": number,
                "key": post.key,
                "kind": booking.kind,
                "return_id": return_id,
                "fingerprint": digest,
                "origin": "workflow",
                "posted_at": post.at,
            }
        )
        for table, rows in booking.details.items():
            details[table].extend({"number": number, **row} for row in rows)
        currency = booking.standing.currency
        entries.extend(gl_rows(number, booking.gl, currency, return_id, post.at))
    insert_rows(conn, document, heads)
    for table, all_rows in details.items():
        insert_rows(conn, DETAILS[table], all_rows)
    insert_rows(conn, gl_line, entries)


def _write_standings(conn: Connection, cases: set[str], standings: dict[str, Standing]) -> None:
    insert_rows(
        conn,
        return_case,
        [
            {
                "return_id": case,
                "currency": standings[case].currency,
                "has_rma": standings[case].has_rma,
                "closed": standings[case].closed,
            }
            for case in sorted(cases)
        ],
        "ON CONFLICT (return_id) DO UPDATE SET currency = excluded.currency, "
        "has_rma = excluded.has_rma, closed = excluded.closed",
    )
    insert_rows(
        conn,
        unjudged_stock,
        [
            {"return_id": case, **shelf._asdict(), **held._asdict()}
            for case in sorted(cases)
            for shelf, held in standings[case].unjudged.items()
        ],
        "ON CONFLICT (return_id, line, sku) "
        "DO UPDATE SET quantity = excluded.quantity, value_minor = excluded.value_minor",
    )
