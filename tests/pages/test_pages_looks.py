"""What pages show: every situation, units for people, texts that stay texts, errors in style."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from starlette.testclient import TestClient

from features.catalogue import FEATURES
from features.comparisons import DERIVED
from journal.codec import encode
from serving.app import create_app
from serving.pages import event_sentences, pushes, sentences
from serving.present import quantity
from tests.pages.conftest import SignIn, token_of
from tests.pages.desk_world import PASSWORD, DeskWorld, every_situation, line, make_desk
from tests.pages.fake_models import make_models
from workflow.events import CaseEvent
from workflow.money import CURRENCIES

Visit = Callable[[], TestClient]


@pytest.fixture
def full(database_url: str, tmp_path: Path) -> Any:
    made = make_desk(database_url, tmp_path, make_models())
    every_situation(made)
    yield made
    made.services.engine.dispose()


def test_every_situation_has_a_page(full: DeskWorld) -> None:
    """Refused, closed, parked, recalled, surplus, two people, no answer: nothing breaks a page."""
    with TestClient(create_app(full.services), follow_redirects=False) as client:
        token = token_of(client.get("/sign-in"))
        client.post("/sign-in", data={"user": "nadia", "password": PASSWORD, "csrf": token})
        pages = {n: client.get(f"/returns/R-10{n:02}").text for n in range(1, 12)}
        paths = "/queue /queue?order=risk /returns?status=closed /exceptions /models /effects"
        lists = [client.get(path) for path in paths.split()]
    assert all(answer.status_code == 200 for answer in lists)
    assert "<script" not in pages[2] and "&lt;script&gt;alert(&#39;hello&#39;)" in pages[2]
    assert '<mark class="for"' in pages[2] and '<mark class="against"' in pages[2]
    assert "it does not read this language" in pages[2]
    assert "The item is sold as not returnable" in pages[4] and "Needs two keys." in pages[4]
    assert "Also: Special orders come back only for a fault." in pages[4]
    assert "<b>Refused.</b>" in pages[11] and "cut or made for this customer" in pages[11]
    assert "Rules tried:" in pages[11] and "not: recall_open" in pages[11]
    assert "Needs 2 people." in pages[5] and "xenia said yes." in pages[5]
    assert "nothing is left to do" in pages[6]
    assert "Credit memo in the ERP is parked.</b> period_closed" in pages[7]
    assert "Restock, refurbish, donate, return to customer and keep at customer." in pages[8]
    assert "2 of SEA-1001: more than was authorised." in pages[9]
    assert "Credit memo in the ERP" in lists[5].text and "period_closed" in lists[5].text
    assert "version 3 in use" in lists[4].text and "approved by milo" in lists[4].text


def test_pushes_are_told_in_units_for_people(sign_in: SignIn) -> None:
    """Money of the case's currency, days, and what is not known; drawn to scale."""
    text = sign_in("nadia").get("/returns/R-1001").text
    assert "Costs us USD 91.00 a unit" in text
    # Asked four hours ago, eleven days after delivery: past midnight that is a day more.
    assert re.search(r"\b1[12] days since delivery", text)
    assert "Not known: supplier recovery rate in 365 days" in text
    assert 'class="for" x="100.0" width="100.0"' in text  # the strongest fills its half
    assert 'class="against"' in text


def test_no_sentence_about_a_thousand_is_left() -> None:
    """Every declared permille sentence reads as per cent, once."""
    columns: list[Any] = [*FEATURES.values(), *DERIVED.values()]
    for column in columns:
        push = {"feature": column.name, "value": 125, "push": 0.5}
        said = pushes.says(push, "EUR")
        assert "{" not in said and "thousand" not in said, said
        if column.unit == "permille":
            assert said.count("12.5 %") == 1, said
        if column.unit == "minor":
            assert said.count("EUR 1.25") == 1, said


def test_what_a_model_cannot_rule_out_is_told_in_few_words() -> None:
    """The likeliest by name and the rest by number; nothing of a text that is none of ours."""
    many = {"value": "recall", "abstained": None, "set": ["recall", *"abcdefg"]}
    assert pushes.not_ruled_out(many) == "a or b or c or d or 3 others"
    assert pushes.not_ruled_out(many | {"set": list("abcde")}) == "a or b or c or d or e"
    assert pushes.not_ruled_out(many | {"set": ["recall"]}) == ""
    doubtful = {"value": None, "abstained": "too_uncertain", "set": ["wrong_item", "recall"]}
    assert pushes.not_ruled_out(doubtful) == "wrong item or recall"
    assert pushes.not_ruled_out(many | {"value": None, "abstained": "out_of_scope"}) == ""


def test_units_by_currency_and_size() -> None:
    """Yen have no decimals, dinars three; quantities lose what they do not need."""
    assert pushes.told(12_345, "minor", "JPY") == "JPY 12,345"
    assert pushes.told(12_345, "minor", "KWD") == "KWD 12.345"
    assert pushes.told(4_000, "milli-units") == "4" and pushes.told(1_500, "milli-units") == "1.5"
    assert pushes.told(7, "permille") == "0.7 %" and pushes.told(True, "yes/no") == "yes"
    assert CURRENCIES["JPY"] == 0 and sentences.major(12_345, "JPY") == "12345"


def test_an_unknown_feature_keeps_its_own_sentence() -> None:
    """A model of another version still explains itself."""
    push = {"feature": "moon_phase", "value": 3, "push": 0.1, "says": "The moon is full"}
    assert pushes.says(push) == "The moon is full"
    assert pushes.says(push | {"says": ""}) == "Moon phase"


def test_marks_never_change_the_text() -> None:
    """Whatever the spans: the pieces put together are the text."""
    spans = [(2, 5, 1.0), (4, 9, 0.5), (7, 8, -0.4), (90, 95, 1.0), (3, 3, 2.0), (0, 1, 0.001)]
    said: Any = {
        "explanation": {
            "pushes": [
                {"feature": "x", "value": "x", "push": p, "start": a, "end": b} for a, b, p in spans
            ]
        }
    }
    text = "abcdefghijkl"
    pieces = pushes.marked(text, said)
    assert "".join(piece for piece, _ in pieces) == text
    assert ("cde", "for") in pieces and ("h", "against") in pieces
    assert pushes.marked(text, None) == [(text, "")] and pushes.marked("", said) == []


def test_every_event_of_a_case_has_a_sentence(desk: DeskWorld) -> None:
    """Nobody reads a type's name in the timeline."""
    names = set()
    for event in get_args(CaseEvent):
        name = event.__name__
        names.add("".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_"))
    assert names == event_sentences.KNOWN
    with desk.services.engine.connect() as conn:
        for entry in desk.services.cases.history(conn, "R-1001"):
            assert encode(entry.event)[0] == entry.type
            assert event_sentences.says(entry.type, entry.payload, "USD").endswith((".", "”"))


def test_times_are_told_as_people_do() -> None:
    """Until when, since when, and on which day."""
    now = datetime(2026, 11, 2, 12, tzinfo=UTC)
    told = [
        sentences.until(datetime(2026, 11, 2, 17, tzinfo=UTC), now),
        sentences.until(datetime(2026, 10, 30, 12, tzinfo=UTC), now),
        sentences.day("2026-11-02T12:05:00Z"),
        sentences.date_only("2026-11-02"),
        sentences.count(quantity(Decimal("3.50"))),
    ]
    assert told == ["in 5 h", "3 days ago", "2 Nov 2026, 12:05", "2 Nov 2026", "3.5"]


def test_a_missing_page_or_return_is_told_in_the_desks_own_style(sign_in: SignIn) -> None:
    """With a way on; the machines' part of the site keeps problem documents."""
    client = sign_in("nadia")
    for path in ("/nowhere/at/all", "/returns/R-0", "/returns/%3Cscript%3E"):
        answer = client.get(path)
        assert answer.status_code == 404 and "To the queue" in answer.text, path
        assert "<script" not in answer.text
    for path in ("/v1/nothing", "/v2/nothing"):
        assert client.get(path).headers["content-type"] == "application/problem+json"
    assert client.get("/v1/queue/x/lease").status_code == 405


def test_bad_addresses_are_told_and_change_nothing(sign_in: SignIn) -> None:
    """A broken cursor, a huge field, an unknown order."""
    client = sign_in("nadia")
    assert client.get("/queue?cursor=zzz").status_code == 400
    assert client.get("/queue?order=zzz&role=admin").status_code == 200
    token = token_of(client.get("/queue"))
    form = {"csrf": token, "once": "k", "task": "x" * 500, "choice": "approve"}
    answer = client.post("/returns/R-1001/decision", data=form)
    assert answer.status_code == 422 and "That cannot be read" in answer.text


def test_a_bug_is_a_page_that_tells_a_number_only(sign_in: SignIn, desk: DeskWorld) -> None:
    """Never a trace."""
    client = sign_in("nadia")

    def broken() -> datetime:
        raise AssertionError("secret of the house")

    clock, desk.services.clock = desk.services.clock, broken
    client.get("/sign-in")
    desk.services.clock = clock
    desk.services.policies = None  # type: ignore[assignment]
    answer = client.get("/returns/R-1001")
    assert answer.status_code == 500 and "It is logged as" in answer.text
    assert "NoneType" not in answer.text and "Traceback" not in answer.text


def test_quotes_in_names_stay_inside_their_attributes(sign_in: SignIn, desk: DeskWorld) -> None:
    """A customer's filter or a return's number cannot break out of the markup."""
    client = sign_in("nadia")
    text = client.get('/returns?customer="><script>alert(1)</script>').text
    assert "<script" not in text and "&#34;&gt;&lt;script&gt;" in text
    number = 'R-9"onfocus='
    desk.ask("R-9", [line(desk.sell("SEA-1001", 4, 58_00), 1, '"><img src=x>', "SEA-1001")])
    assert "<img src=x" not in client.get("/returns/R-9").text
    assert client.get(f"/returns/{number}").status_code == 404
