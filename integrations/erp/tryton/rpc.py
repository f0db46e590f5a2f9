"""JSON-RPC with a session: what crosses the wire, its tagged values and its typed errors.

Facts of the format: Tryton 8.2, ``POST /{database}/rpc/`` with exactly ``id``, ``method`` and
``params``, the context as the last parameter. An error is ``[type, arguments]`` in a reply with
status 200. Texts of errors are translated, so nothing is decided by them.
"""

import base64
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import orjson

from integrations.erp.port import Unavailable, UnknownOutcome
from journal import tracing

LONGEST_ERROR = 500
"""A domain error carries field definitions without end; what is kept of a message."""

Values = Mapping[str, Any]


class Answered(Exception):
    """The system answered with an error: nothing of the call was written."""


class NotAllowed(Answered):
    """A business "no": a wrong state, a missing field or right. Saying it again changes nothing."""


class Warned(Answered):
    """A question to a person; ``name`` says which. Repeat the call once it is answered."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}"[:LONGEST_ERROR])
        self.name = name

    @property
    def about(self) -> str:
        """What is asked, without the records it is asked of: ``invoice_similar``."""
        return self.name.rpartition(".")[2]


class Overtaken(Answered):
    """Another writer was faster: read again and decide anew."""


class Misspoken(Answered):
    """A fault of ours: a model, field or parameter that the system does not know."""


class SessionGone(Exception):
    """Log in again, then repeat: the call was refused before anything was done."""


def to_wire(value: object) -> object:
    """What JSON has no word for, as a tagged object. Times are naive UTC, as the system keeps
    them."""
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return {"__class__": "datetime"} | {name: getattr(value, name) for name in names}
        case date():
            named = {name: getattr(value, name) for name in ("year", "month", "day")}
            return {"__class__": "date"} | named
    raise TypeError(f"{type(value).__name__} cannot be sent")


def from_wire(value: Any) -> Any:
    """The reply with its tagged objects read; an unknown tag stays as it is."""
    if isinstance(value, list):
        return [from_wire(item) for item in value]
    if not isinstance(value, dict):
        return value
    parts = {name: from_wire(item) for name, item in value.items() if name != "__class__"}
    match value.get("__class__"):
        case "Decimal":
            return Decimal(parts["decimal"])
        case "date":
            return date(**parts)
        case "datetime":
            return datetime(**parts)  # noqa: DTZ001 - naive UTC, as the system keeps them
        case "timedelta":
            return timedelta(**parts)
        case "bytes":
            return base64.b64decode(parts["base64"])
    return value if "__class__" in value else parts


def body(method: str, params: Sequence[object]) -> bytes:
    """The request as it is sent."""
    options = orjson.OPT_PASSTHROUGH_DATETIME
    return orjson.dumps({"id": 1, "method": method, "params": params}, to_wire, options)


def result_of(reply: httpx.Response) -> Any:
    """The result, or the error that the reply is.

    ``SessionGone`` for 401; ``Unavailable`` for 429 and 503 (its own retries were used up and
    rolled back); ``UnknownOutcome`` for any other failure of the server or what stands before it.
    """
    if reply.status_code == 401:
        raise SessionGone
    if reply.status_code in (429, 503):
        raise Unavailable(f"The ERP answered {reply.status_code}.")
    if reply.status_code != 200:
        raise UnknownOutcome(f"The ERP answered {reply.status_code}.")
    try:
        answer = orjson.loads(reply.content)
    except orjson.JSONDecodeError as half:
        raise UnknownOutcome("The ERP's answer was cut off.") from half
    if not isinstance(answer, dict) or not ("result" in answer or answer.get("error")):
        raise UnknownOutcome("The ERP's answer has neither result nor error.")
    if answer.get("error"):
        raise error_of(answer["error"])
    return from_wire(answer["result"])


def error_of(error: Sequence[Any]) -> Answered:
    """The typed error of ``[type, arguments]``."""
    kind, *rest = error
    arguments = rest[0] if rest else ""
    texts = [str(part) for part in arguments] if isinstance(arguments, list) else [str(arguments)]
    match kind:
        case "UserError":
            return NotAllowed(": ".join(text for text in texts[:2] if text)[:LONGEST_ERROR])
        case "UserWarning":
            return Warned(texts[0], texts[1] if len(texts) > 1 else "")
        case "ConcurrencyException":
            return Overtaken(texts[0][:LONGEST_ERROR])
    return Misspoken(f"{kind} {texts[0]}".strip()[:LONGEST_ERROR])


@dataclass(slots=True)
class Rpc:
    """One user's session, safe to call from several threads; logs in when it must.

    Every call has a time limit. After it, or a broken connection, a read may simply be asked
    again (``Unavailable``); of a write nobody knows (``UnknownOutcome``).
    """

    url: str
    database: str
    login: str
    password: str = field(repr=False)
    seconds: float = 60.0
    language: str = "en"
    transport: httpx.BaseTransport | None = None
    _client: httpx.Client = field(init=False, repr=False)
    _token: str | None = field(init=False, default=None, repr=False)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        limit = httpx.Timeout(self.seconds, connect=min(self.seconds, 5.0))
        # No proxy of the environment between us and the books.
        self._client = httpx.Client(
            timeout=limit, transport=self.transport, trust_env=False, headers=_HEADERS
        )

    def close(self) -> None:
        """Close the connections; the session itself ends by itself."""
        self._client.close()

    def read(self, method: str, *params: object, context: Values | None = None) -> Any:
        """Call something that changes nothing."""
        try:
            return self._call(method, params, context)
        except UnknownOutcome as lost:
            raise Unavailable(str(lost)) from lost

    def write(self, method: str, *params: object, context: Values | None = None) -> Any:
        """Call something that changes something."""
        return self._call(method, params, context)

    def _call(self, method: str, params: Sequence[object], context: Values | None) -> Any:
        told = {"language": self.language, **(context or {})}
        token = self._token or self._log_in(None)
        try:
            return result_of(self._send(method, [*params, told], token))
        except SessionGone:
            token = self._log_in(token)
        try:
            return result_of(self._send(method, [*params, told], token))
        except SessionGone as refused:
            raise Unavailable("The ERP ends every session at once.") from refused

    def _log_in(self, stale: str | None) -> str:
        """A new token, unless another thread has one already."""
        with self._lock:
            if self._token is not None and self._token != stale:
                return self._token
            told = [self.login, {"password": self.password}, self.language]
            try:
                user, session, _ = result_of(self._send("common.db.login", told, None))
            except (SessionGone, TypeError, ValueError) as refused:
                raise Unavailable(f"The ERP does not let {self.login} in.") from refused
            except UnknownOutcome as lost:
                raise Unavailable(str(lost)) from lost
            said = f"{self.login}:{user}:{session}"
            self._token = base64.b64encode(said.encode()).decode()
            return self._token

    def _send(self, method: str, params: Sequence[object], token: str | None) -> httpx.Response:
        headers = tracing.headers() | ({"Authorization": f"Session {token}"} if token else {})
        address = f"{self.url}/{self.database}/rpc/"
        try:
            return self._client.post(address, content=body(method, params), headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as away:
            raise Unavailable(f"The ERP cannot be reached: {away}") from away
        except httpx.HTTPError as lost:
            raise UnknownOutcome(f"No answer of the ERP: {type(lost).__name__} {lost}") from lost


_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}
