"""Rows of a mapped ERP over its wire: found by key, listed, posted; its answers judged.

Written document by document: a header with its lines inside, or, where the file names an address
of the lines, the header first and each line after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from integrations.erp import envelopes
from integrations.erp.envelopes import same
from integrations.erp.keys_there import key_there
from integrations.erp.mapping import ErpMapping, Operation
from integrations.erp.port import Rejected, Unavailable, UnknownOutcome

Json = dict[str, Any]
PASSING = (408, 425, 429)
"""Answers after which the same request may succeed."""
MISSING = 404
MOST_LINES = 5000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``body`` is parsed JSON or ``None``."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Transport(Protocol):
    """Sends one request, signed in. Errors: ``ConnectionError`` where nothing was sent,
    ``TimeoutError`` where the answer was lost."""

    def send(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str],
        body: Json | None,
    ) -> Answer: ...  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wire:
    """Errors of every method: ``Unavailable``, ``Rejected``; of a write also ``UnknownOutcome``."""

    mapping: ErpMapping
    transport: Transport

    def key(self, operation: Operation, key: str) -> str:
        """Our key as it stands there."""
        return key_there(key, operation.key_form, operation.key_chars)

    def find(self, operation: Operation, key: str) -> Json | None:
        """The row of a document by our key."""
        told = self.key(operation, key)
        if self.mapping.protocol == "rest":
            answer = self._get(f"{operation.path}/eid:{quote(told, safe='')}", {}, {})
            return None if answer.status == MISSING else self._judged(answer).body
        rows = self._rows(operation.path, envelopes.query_of(self._protocol, {operation.key: told}))
        if len(rows) > 1:
            said = f"{self.mapping.title} has {len(rows)} documents under {key}."
            raise Rejected("several_documents", said)
        return rows[0] if rows else None

    def listed(
        self, operation: Operation, filters: Mapping[str, str], limit: int, lines: str = ""
    ) -> list[Json]:
        """Whole rows that match, with their ``lines`` inside. A record service answers a query with
        numbers only, so each row is read."""
        rows = self._rows(operation.path, envelopes.query_of(self._protocol, filters, lines, limit))
        if self._protocol != "rest" or not lines:
            return rows
        whole = {"expandSubResources": "true"}
        return [self._judged(self._get(f"{operation.path}/{row['id']}", whole, {})).body
                for row in rows[:limit]]  # fmt: skip

    def post(self, path: str, body: Json) -> Json:
        """Write a row; it as it was answered, empty where the answer has none."""
        headers = {}
        if self._protocol == "odata2":  # SAP Gateway wants a token that a read gave out
            headers = {"X-CSRF-Token": self._token(path)}
        try:
            answer = self.transport.send("POST", path, {}, headers, body)
        except ConnectionError as error:
            raise Unavailable(f"{self.mapping.title} is away: {error}") from error
        except TimeoutError as error:
            raise UnknownOutcome(f"{self.mapping.title} did not answer: {error}") from error
        return envelopes.row_of(self._protocol, self._judged(answer).body)

    def complete(self, operation: Operation, head: Json, lines: Sequence[Json]) -> None:
        """Post the lines of a header that are not there yet. They are written one after the other,
        so those there are the first of ours; a clerk may have added others behind them.

        Errors: ``Rejected`` ``key_reused`` where one there is not ours.
        """
        path = operation.lines_at.format_map(head)
        link = {}
        if operation.lines_link:
            link = {operation.lines_link: str(envelopes.get(head, operation.number))}
        query = envelopes.query_of(self._protocol, link, limit=MOST_LINES)
        there = self._rows(path, query)
        there.sort(key=lambda row: int(envelopes.get(row, operation.lines_order) or 0))
        for kept, asked in zip(there, lines, strict=False):
            self.check_same(asked, kept)
        for line in lines[len(there) :]:
            self.post(path, line | link)

    def check_same(self, asked: Json, kept: Json, paths: Sequence[str] = ()) -> None:
        """Refuse what is there under a key and is something else; compared is what both have."""
        for path in paths or list(asked):
            ours, theirs = envelopes.get(asked, path), envelopes.get(kept, path)
            if ours is not None and theirs is not None and not same(ours, theirs):
                said = f"{path} is {theirs} in {self.mapping.title}, not {ours}."
                raise Rejected("key_reused", said)

    @property
    def _protocol(self) -> str:
        return self.mapping.protocol

    def _rows(self, path: str, query: Mapping[str, str]) -> list[Json]:
        return envelopes.rows_of(self._protocol, self._judged(self._get(path, query, {})).body)

    def _get(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        try:
            return self.transport.send("GET", path, query, headers, None)
        except (ConnectionError, TimeoutError) as error:
            raise Unavailable(f"{self.mapping.title} is away: {error}") from error

    def _token(self, path: str) -> str:
        answer = self._judged(self._get(path, {"$top": "1"}, {"X-CSRF-Token": "Fetch"}))
        lower = {name.lower(): value for name, value in answer.headers.items()}
        return lower.get("x-csrf-token", "")

    def _judged(self, answer: Answer) -> Answer:
        if answer.status >= 500 or answer.status in PASSING:
            raise Unavailable(f"{self.mapping.title} answered {answer.status}.")
        if answer.status >= 300:
            said = f"{self.mapping.title} answered {answer.status}: {str(answer.body)[:500]}"
            raise Rejected("refused_by_system", said)
        return answer
