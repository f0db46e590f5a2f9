"""Our JSON-RPC client against an ERP that answers anything: what each answer means."""

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.erp.port import Unavailable, UnknownOutcome
from integrations.erp.tryton.rpc import (
    LONGEST_ERROR,
    Misspoken,
    NotAllowed,
    Overtaken,
    Rpc,
    Warned,
    body,
    from_wire,
)

LOGIN = {"result": [2, "token-1", None]}


def session(answer: Callable[[httpx.Request, dict[str, Any]], httpx.Response]) -> Rpc:
    """A session whose log-in works and whose other calls are answered by ``answer``."""

    def handle(request: httpx.Request) -> httpx.Response:
        told = json.loads(request.content)
        if told["method"] == "common.db.login":
            return httpx.Response(200, json=LOGIN)
        return answer(request, told)

    return Rpc("http://erp", "lab", "triage", "secret", transport=httpx.MockTransport(handle))


def saying(*answers: Any) -> Rpc:
    """A session that gives these answers, one a call, the last for ever."""
    left = list(answers)

    def answer(request: httpx.Request, told: dict[str, Any]) -> httpx.Response:
        now = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(now, Exception):
            raise now
        return now if isinstance(now, httpx.Response) else httpx.Response(200, json=now)

    return session(answer)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False) | st.dates()
    | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text().filter(lambda name: name != "__class__"), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60)
@given(values)
def test_wire_round_trip(value: Any) -> None:
    """Decimals, dates and times cross the wire exactly, however deep they lie."""
    sent = orjson.loads(body("m", [value]))["params"][0]
    assert from_wire(sent) == value


def test_envelope() -> None:
    """A request has exactly id, method and params; the last parameter is the context."""
    told = orjson.loads(body("model.x.read", [[1], ["name"], {"language": "en"}]))
    assert told == {
        "id": 1,
        "method": "model.x.read",
        "params": [[1], ["name"], {"language": "en"}],
    }


def test_session_header() -> None:
    """A call carries the session's token; the company and the guard go in the context."""
    seen: list[tuple[str, Any]] = []

    def answer(request: httpx.Request, told: dict[str, Any]) -> httpx.Response:
        seen.append((request.headers["Authorization"], told["params"][-1]))
        return httpx.Response(200, json={"result": True})

    assert session(answer).write("model.x.do", [1], context={"company": 1}) is True
    assert seen == [("Session dHJpYWdlOjI6dG9rZW4tMQ==", {"language": "en", "company": 1})]


def test_expired_session_logs_in_again() -> None:
    """A session that has ended is opened again and the call repeated once."""
    assert saying(httpx.Response(401), {"result": 7}).read("m") == 7


def test_refused_for_ever_is_unavailable() -> None:
    """Where no session holds, the caller may try again later."""
    with pytest.raises(Unavailable, match="ends every session"):
        saying(httpx.Response(401)).write("m")


def test_wrong_password_is_unavailable() -> None:
    """A refused log-in names the user and never the password."""
    transport = httpx.MockTransport(lambda _: httpx.Response(401))
    rpc = Rpc("http://erp", "lab", "triage", "secret", transport=transport)
    with pytest.raises(Unavailable, match="does not let triage in") as refused:
        rpc.read("m")
    assert "secret" not in str(refused.value) + repr(rpc)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (["UserError", ["No.", "Because.", None]], NotAllowed),
        (["UserWarning", ["abc.done", "Sure?", ""]], Warned),
        (["ConcurrencyException", "Records were modified"], Overtaken),
        (["'nosuch'", ""], Misspoken),
    ],
)
def test_typed_errors(error: list[Any], kind: type[Exception]) -> None:
    """Each error of the system is one type here: refusal, question, overtaken, fault of ours."""
    with pytest.raises(kind):
        saying({"error": error}).write("m")


def test_warning_has_its_name() -> None:
    """A warning is answered by its name, not by its translated text."""
    with pytest.raises(Warned) as asked:
        saying({"error": ["UserWarning", ["abc.complaint_similar", "Ähnlich", ""]]}).write("m")
    assert asked.value.name == "abc.complaint_similar"


def test_long_errors_are_cut() -> None:
    """Field definitions that the system adds to an error are not kept."""
    with pytest.raises(NotAllowed) as refused:
        saying({"error": ["UserError", ["x" * 9_000, "", {"fields": "y" * 9_000}]]}).write("m")
    assert len(str(refused.value)) == LONGEST_ERROR


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, text="<html>"),
        httpx.Response(200, content=b'{"result": [1, 2'),
        httpx.Response(200, json={"id": 1}),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("half an answer"),
        httpx.ReadError("reset"),
    ],
)
def test_lost_answers(answer: Any) -> None:
    """Of a write without a whole answer nobody knows the outcome; a read may be asked again."""
    with pytest.raises(UnknownOutcome):
        saying(answer).write("m")
    with pytest.raises(Unavailable):
        saying(answer).read("m")


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(503), httpx.Response(429), httpx.ConnectError("refused")],
)
def test_nothing_done(answer: Any) -> None:
    """Refused before anything was done, or rolled back: try again later."""
    with pytest.raises(Unavailable):
        saying(answer).write("m")


def test_tags_of_the_system() -> None:
    """What the system tags in an answer is read: money as decimals, days as days."""
    told = {
        "total": {"__class__": "Decimal", "decimal": "-129.60"},
        "on": {"__class__": "date", "year": 2026, "month": 11, "day": 23},
        "party.": {"code": "C-1", "id": 2},
        "at": {"__class__": "datetime", "year": 2026, "month": 1, "day": 2, "hour": 3,
               "minute": 4, "second": 5, "microsecond": 6},
    }  # fmt: skip
    assert saying({"result": told}).read("m") == {
        "total": Decimal("-129.60"),
        "on": date(2026, 11, 23),
        "party.": {"code": "C-1", "id": 2},
        "at": datetime(2026, 1, 2, 3, 4, 5, 6),  # noqa: DTZ001 - naive UTC, as the system has it
    }
