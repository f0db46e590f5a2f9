"""Bad input of every kind is told what is wrong, in one form, and changes nothing."""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from journal.codec import encode
from serving.errors import TYPE_BASE
from tests.serving.house import STORY, House, Json, cloud_event, request_body
from workflow.facts import InvoiceRecorded

RETURNS = "/v1/returns"


def problem(answer: httpx.Response, status: int, code: str, name: str = "") -> Json:
    """Check that an answer is a problem document; give it."""
    assert answer.status_code == status, (name, answer.text[:500])
    assert answer.headers["content-type"] == "application/problem+json"
    body: Json = answer.json()
    assert (body["code"], body["status"], body["type"]) == (code, status, TYPE_BASE + code)
    assert body["title"] and body["detail"]
    return body


def line(**more: object) -> Json:
    """The request of R-1001 with other fields in its line; ``...`` takes a field away."""
    body = request_body()
    body["lines"][0] |= more
    body["lines"][0] = {k: v for k, v in body["lines"][0].items() if v is not ...}
    return body


SOURCE = {"invoice_id": "INV-1001", "line": 1}
BODIES: dict[str, tuple[object, int, str]] = {
    "malformed": (b'{"customer": ', 400, "malformed_json"),
    "empty": (b"", 422, "invalid_request"),
    "not an object": ([1, 2], 422, "invalid_request"),
    "just null": (b"null", 422, "invalid_request"),
    "NaN": (orjson.dumps(request_body()).replace(b'"quantity":4', b'"quantity":NaN'), 400,
            "malformed_json"),
    "Infinity": (orjson.dumps(request_body()).replace(b'"quantity":4', b'"quantity":Infinity'),
                 400, "malformed_json"),
    "lone surrogate": (orjson.dumps(request_body()).replace(b"PO-77120", b"\\ud800"), 400,
                       "malformed_json"),
    "invalid UTF-8": (orjson.dumps(request_body()).replace(b"PO-77120", b"\xff\xfe"), 400,
                      "malformed_json"),
    "too deep": (b'{"lines":' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "malformed_json"),
    "deep": (b'{"lines":' + b"[" * 500 + b"]" * 500 + b"}", 422, "invalid_request"),
    "NUL in text": (line(reason_text="a\0b"), 422, "invalid_text"),
    "NUL in a name": (request_body() | {"a\0b": 1}, 422, "invalid_text"),
    "NUL in evidence": (line(evidence=["x\0.jpg"]), 422, "invalid_text"),
    "NUL in reference": (request_body(reference="\0"), 422, "invalid_text"),
    "unknown field": (request_body(colour="red"), 422, "invalid_request"),
    "unknown line field": (line(colour="red"), 422, "invalid_request"),
    "no lines": (request_body(lines=[]), 422, "invalid_request"),
    "501 lines": (request_body(lines=request_body()["lines"] * 501), 422, "invalid_request"),
    "unknown customer": (request_body(customer="C-9"), 422, "unknown_customer"),
    "unknown item": (line(sku="NOPE"), 422, "unknown_product"),
    "unknown invoice": (line(source=SOURCE | {"invoice_id": "INV-9"}), 422,
                        "unknown_invoice_line"),
    "unknown invoice line": (line(source=SOURCE | {"line": 9}), 422, "unknown_invoice_line"),
    "another's invoice": (request_body(customer="C-1002"), 422, "wrong_customer"),
    "wrong item": (line(sku="SEA-1001"), 422, "wrong_item"),
    "wrong lot": (line(lot="L0000"), 422, "wrong_lot"),
    "wrong unit": (line(uom="KG"), 422, "unknown_uom"),
    "long unit": (line(uom="K" * 13), 422, "invalid_request"),
    "decimals of a whole unit": (line(quantity="1.5"), 422, "invalid_quantity"),
    "unknown currency": (request_body(currency="XXX"), 422, "unknown_currency"),
    "lower case currency": (request_body(currency="usd"), 422, "unknown_currency"),
    "long currency": (request_body(currency="DOLLAR"), 422, "invalid_request"),
    "other currency": (request_body(currency="EUR"), 422, "currency_mismatch"),
    "negative": (line(quantity=-1), 422, "invalid_request"),
    "zero": (line(quantity=0), 422, "invalid_request"),
    "zero text": (line(quantity="0.000"), 422, "invalid_request"),
    "float": (line(quantity=4.0), 422, "invalid_request"),
    "true": (line(quantity=True), 422, "invalid_request"),
    "null": (line(quantity=None), 422, "invalid_request"),
    "no quantity": (line(quantity=...), 422, "invalid_request"),
    "huge": (line(quantity=10**15), 422, "invalid_request"),
    "huge text": (line(quantity="9" * 30), 422, "invalid_request"),
    "beyond 64 bits": (orjson.dumps(request_body()).replace(
        b'"quantity":4', b'"quantity":' + b"9" * 40), 422, "invalid_request"),
    "many decimals": (line(quantity="0." + "0" * 29 + "1"), 422, "invalid_request"),
    "exponent": (line(quantity="1e0"), 422, "invalid_request"),
    "NaN text": (line(quantity="NaN"), 422, "invalid_request"),
    "Infinity text": (line(quantity="-Infinity"), 422, "invalid_request"),
    "other digits": (line(quantity="\u0664"), 422, "invalid_request"),
    "underscore": (line(quantity="1_0"), 422, "invalid_request"),
    "unknown reason": (line(reason_code="bad luck"), 422, "invalid_request"),
    "unknown channel": (request_body(channel="telepathy"), 422, "invalid_request"),
    "id with slash": (request_body("R/1"), 422, "invalid_request"),
    "id with dots first": (request_body("../etc"), 422, "invalid_request"),
    "id with newline": (request_body("R-1\n2"), 422, "invalid_request"),
    "id with quote": (request_body("R';DROP TABLE event;--"), 422, "invalid_request"),
    "long id": (request_body("R" * 65), 422, "invalid_request"),
    "empty id": (request_body(""), 422, "invalid_request"),
    "number as id": (request_body(customer=1001), 422, "invalid_request"),
    "line as text": (line(source=SOURCE | {"line": "1"}), 422, "invalid_request"),
    "line as float": (line(source=SOURCE | {"line": 1.0}), 422, "invalid_request"),
    "line as true": (line(source=SOURCE | {"line": True}), 422, "invalid_request"),
    "line beyond 64 bits": (line(source=SOURCE | {"line": 2**63}), 422, "invalid_request"),
    "text of 1 MB": (line(reason_text="x" * 1_000_000), 413, "text_too_long"),
    "too much evidence": (line(evidence=["x"] * 21), 422, "invalid_request"),
}  # fmt: skip


def test_a_bad_request_is_told_what_is_wrong(house: House) -> None:
    """Each bad body of a request has its own stable code, and changes nothing."""
    before = house.footprint()
    for name, (body, status, code) in BODIES.items():
        problem(house.post(RETURNS, body), status, code, name)
    assert house.footprint() == before


STEPS: dict[str, tuple[str, str, object, int, str]] = {
    "receipt with a damage code of ours alone": (
        "receipts", "warehouse",
        {"receipt_id": "RC-1", "warehouse": "W",
         "lines": [{"line": 1, "sku": "PMP-1001", "quantity": 1, "damage_code": "QQ"}]},
        422, "not_allowed_value"),
    "receipt of nothing": (
        "receipts", "warehouse", {"receipt_id": "RC-1", "warehouse": "W", "lines": []},
        422, "invalid_quantity"),
    "receipt of a line twice": (
        "receipts", "warehouse",
        {"receipt_id": "RC-1", "warehouse": "W",
         "lines": [{"line": 1, "sku": "PMP-1001", "quantity": 1}] * 2},
        422, "invalid_quantity"),
    "receipt of an unknown line": (
        "receipts", "warehouse",
        {"receipt_id": "RC-1", "warehouse": "W",
         "lines": [{"line": 7, "sku": "PMP-1001", "quantity": 1}]},
        404, "unknown_line"),
    "receipt with NUL": (
        "receipts", "warehouse",
        {"receipt_id": "RC-1", "warehouse": "W", "lines": [{"sku": "A\0", "quantity": 1}]},
        422, "invalid_text"),
    "condition": (
        "inspections", "inspector", {"line": 1, "quantity": 1, "condition": "so-so"},
        422, "invalid_request"),
    "date": (
        "inspections", "inspector",
        {"line": 1, "quantity": 1, "condition": "sealed", "expires_on": "2026-02-30"},
        422, "invalid_request"),
    "note with NUL": (
        "inspections", "inspector",
        {"line": 1, "quantity": 1, "condition": "sealed", "note": "\0"},
        422, "invalid_text"),
    "long note": (
        "inspections", "inspector",
        {"line": 1, "quantity": 1, "condition": "sealed", "note": "x" * 2001},
        422, "invalid_request"),
    "unknown disposition": (
        "dispositions", "quality",
        {"portion": "1.1", "parts": [{"disposition": "eat", "quantity": 1}]},
        422, "invalid_request"),
    "no parts": ("dispositions", "quality", {"portion": "1.1", "parts": []},
                 422, "invalid_request"),
    "odd portion": (
        "dispositions", "quality",
        {"portion": "1.x", "parts": [{"disposition": "scrap", "quantity": 1}]},
        422, "invalid_request"),
    "no reason to cancel": ("cancellations", "service", {"because": " "}, 422, "invalid_request"),
    "nothing held": ("releases", "clerk", {"line": 1, "sequence": 1, "because": "asked"},
                     409, "wrong_state"),
}  # fmt: skip


def test_a_bad_step_is_told_what_is_wrong(house: House) -> None:
    """Receipts, inspections, dispositions: each bad body has its own code and changes nothing."""
    assert house.post(RETURNS, request_body()).status_code == 201
    before = house.footprint()
    for name, (path, who, body, status, code) in STEPS.items():
        problem(house.post(f"{RETURNS}/R-1001/{path}", body, who), status, code, name)
    for path in ("receipts", "inspections", "dispositions", "cancellations", "releases"):
        problem(house.post(f"{RETURNS}/R-1001/{path}", b"{", "quality"), 400, "malformed_json")
        problem(house.post(f"{RETURNS}/R-1001/{path}", {}, "quality"), 422, "invalid_request")
    assert house.footprint() == before


INVOICE = STORY.invoice()


def invoice(change: Callable[[Json], None], **more: object) -> Json:
    event = cloud_event(INVOICE, "e-1")
    event["data"] |= {"invoice_id": "INV-2"}
    change(event["data"])
    return event | more


def fields(**more: object) -> Callable[[Json], None]:
    return lambda data: data.update(more)


def first_line(**more: object) -> Callable[[Json], None]:
    return lambda data: data["lines"][0].update(more)


FUTURE = (STORY.requested_at + timedelta(days=1)).isoformat()
DEEP = orjson.dumps(invoice(fields(more=0))).replace(
    b'"more":0', b'"more":' + b"[" * 300 + b"]" * 300
)
EVENTS: dict[str, tuple[object, int, str]] = {
    "no id": (cloud_event(INVOICE, ""), 422, "invalid_event"),
    "id is a number": (cloud_event(INVOICE, "x") | {"id": 5}, 422, "invalid_event"),
    "id with NUL": (cloud_event(INVOICE, "a\0"), 422, "invalid_text"),
    "source is an object": (cloud_event(INVOICE, "x") | {"source": {}}, 422, "invalid_event"),
    "no version": (cloud_event(INVOICE, "x") | {"specversion": "0.3"}, 422, "invalid_event"),
    "an event of ours": (
        cloud_event(INVOICE, "x") | {"type": "returns-triage.return_closed"},
        422, "unknown_event_type"),
    "data is text": (cloud_event(INVOICE, "x") | {"data": "x"}, 422, "invalid_event"),
    "missing field": (invoice(lambda data: data.pop("currency")), 422, "invalid_event"),
    "unknown field": (invoice(fields(colour="red")), 422, "invalid_event"),
    "unknown line field": (invoice(first_line(colour="red")), 422, "invalid_event"),
    "unknown currency": (invoice(fields(currency="ABC")), 422, "unknown_currency"),
    "future": (invoice(fields(invoiced_at=FUTURE)), 422, "future_date"),
    "no offset": (invoice(fields(invoiced_at="2026-05-01T00:00:00")), 422, "invalid_event"),
    "long ago": (invoice(fields(invoiced_at="0001-01-01T00:00:00+14:00")), 422, "invalid_event"),
    "far away": (invoice(fields(invoiced_at="9999-12-31T23:59:59-14:00")), 422, "future_date"),
    "time as number": (invoice(fields(invoiced_at=1_700_000_000)), 422, "invalid_event"),
    "negative quantity": (invoice(first_line(quantity="-1")), 422, "invalid_quantity"),
    "zero quantity": (invoice(first_line(quantity="0.0")), 422, "invalid_quantity"),
    "huge quantity": (invoice(first_line(quantity="9" * 30)), 422, "invalid_quantity"),
    "exponent": (invoice(first_line(quantity="1E+5000")), 422, "invalid_quantity"),
    "NaN": (invoice(first_line(quantity="NaN")), 422, "invalid_event"),
    "negative money": (invoice(first_line(net_minor=-1)), 422, "invalid_event"),
    "float money": (invoice(first_line(net_minor=1.5)), 422, "invalid_event"),
    "huge money": (invoice(first_line(net_minor=10**18)), 422, "invalid_event"),
    "line zero": (invoice(first_line(line=0)), 422, "invalid_event"),
    "line beyond 32 bits": (invoice(first_line(line=2**31)), 422, "invalid_event"),
    "line twice": (invoice(lambda d: d["lines"].append(d["lines"][0])), 422, "invalid_event"),
    "no lines": (invoice(fields(lines=[])), 422, "invalid_event"),
    "NUL": (invoice(first_line(description="a\0b")), 422, "invalid_text"),
    "too deep": (DEEP, 422, "invalid_event"),
    "odd number": (invoice(fields(invoice_id="INV/2 ")), 422, "invalid_event"),
    "long text": (invoice(first_line(description="x" * 2001)), 422, "invalid_event"),
}  # fmt: skip


def test_a_bad_event_is_told_what_is_wrong(house: House) -> None:
    """A single event that cannot be a fact is answered with its own problem; nothing is kept."""
    before = house.footprint()
    for name, (event, status, code) in EVENTS.items():
        problem(house.post("/v1/events", event, "feed"), status, code, name)
    problem(house.post("/v1/events", [], "feed"), 422, "invalid_request")
    problem(house.post("/v1/events", [{}] * 1001, "feed"), 422, "invalid_request")
    problem(house.post("/v1/events", [1], "feed"), 422, "invalid_request")
    problem(house.post("/v1/events", b"[", "feed"), 400, "malformed_json")
    problem(house.post("/v1/events", [], "service"), 403, "wrong_role")
    assert house.footprint() == before


def test_events_are_judged_one_by_one(house: House) -> None:
    """A bad event never fails its neighbours; a repetition by id or by document changes
    nothing; an id that comes again with other data is refused."""
    good = invoice(fields())
    other = invoice(fields(invoice_id="INV-3")) | {"id": "e-2"}
    bad = invoice(fields(currency="ABC")) | {"id": "e-3"}
    answer = house.post("/v1/events", [good, bad, other, good], "feed").json()
    assert answer["recorded"] == 3
    kinds = [item.get("status", item.get("problem", {}).get("code")) for item in answer["items"]]
    assert kinds == ["recorded", "unknown_currency", "recorded", "repeated"]
    before = house.footprint()
    assert house.post("/v1/events", good, "feed").json()["items"][0]["status"] == "repeated"
    reused = other | {"id": "e-1"}
    problem(house.post("/v1/events", reused, "feed"), 409, "event_id_reused")
    assert house.footprint() == before
    again = good | {"id": "e-9"}
    assert house.post("/v1/events", again, "feed").json()["items"][0]["status"] == "repeated"
    assert house.differences() == []


def test_an_event_in_binary_mode_is_the_same_event(house: House) -> None:
    """CloudEvents in binary mode carry their head in ``ce-`` headers, percent-encoded."""
    event = invoice(fields())
    event["source"] = "/wms/K\u00f6ln"
    head = {f"ce_{name}": quote(event[name]) for name in ("id", "source", "type", "specversion")}
    answer = house.post("/v1/events", event["data"], "feed", **head)
    assert answer.json()["items"][0]["status"] == "recorded"
    told = house.post("/v1/events", event, "feed")
    assert told.json()["items"][0]["status"] == "repeated"


def test_a_fact_is_kept_as_it_was_told(house: House) -> None:
    """What the feed gives out is what was told, field for field."""
    feed = house.get("/v1/events", type="invoice_recorded").json()
    (item,) = feed["items"]
    assert item["data"] == encode(INVOICE)[1]
    assert isinstance(INVOICE, InvoiceRecorded)
    assert house.get("/v1/events", after=feed["next_after"]).json()["items"] == []


def test_bodies_have_a_limit_and_a_kind(house: House) -> None:
    """Too long is 413, announced or not; a body that is not JSON by its own word is 415."""
    before = house.footprint()
    most = house.services.settings.max_body_bytes
    big = b'{"customer":"' + b"x" * most + b'"}'
    problem(house.post(RETURNS, big), 413, "body_too_large")

    def parts() -> Iterator[bytes]:
        for _ in range(0, len(big), 65536):
            yield b"x" * 65536

    headers = house.headers("service", Content_Type="application/json")
    answer: Any = house.client.post(RETURNS, content=parts(), headers=headers)
    problem(answer, 413, "body_too_large")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
        for path in (RETURNS, "/v1/events", "/v1/score/return-reason", "/v2/models/reason/infer"):
            found = house.post(path, request_body(), "feed", Content_Type=kind)
            problem(found, 415, "unsupported_media_type")
    assert house.footprint() == before


def test_unknown_places_methods_and_parameters(house: House) -> None:
    """404, 405 and bad parameters are problem documents too; a 405 names what is allowed."""
    before = house.footprint()
    for path, code in (
        ("/v1/returns/R-0", "unknown_return"),
        ("/v1/returns/%27%3B--", "unknown_return"),
        ("/v1/queue/T-0", "unknown_task"),
        ("/v1/exceptions/X-0", "unknown_exception"),
        ("/v2/models/oracle", "unknown_model"),
        ("/v1/nothing", "not_found"),
        ("/v1/returns/a/b/c", "not_found"),
    ):
        problem(house.get(path), 404, code)
    wrong = house.client.request("DELETE", RETURNS, headers=house.headers("service"))
    problem(wrong, 405, "method_not_allowed")  # type: ignore[arg-type]
    assert wrong.headers["allow"]
    for path, query in (
        (RETURNS, {"limit": "0"}),
        (RETURNS, {"limit": "201"}),
        (RETURNS, {"limit": "x"}),
        ("/v1/queue", {"order": "luck"}),
        ("/v1/queue", {"role": "king"}),
        ("/v1/events", {"after": "-1"}),
        ("/v1/events", {"after": str(2**63)}),
        ("/v1/exceptions", {"status": "odd"}),
    ):
        problem(house.get(path, **query), 422, "invalid_request")
    problem(house.get("/v1/score/schema/oracle"), 422, "invalid_request")
    for path in (RETURNS, "/v1/queue", "/v1/exceptions"):
        for cursor in ("x", "e30", "W10", "bnVsbA", "\u00e9", "WyJhIiwiYiJd"):
            problem(house.get(path, cursor=cursor), 400, "invalid_cursor")
        problem(house.get(path, cursor="a\0"), 400, "invalid_text")
    for value, identity in ((1e300, "x"), (2**63, "x"), (1, "a\0")):
        forged = base64.urlsafe_b64encode(orjson.dumps([value, identity])).decode()
        found = house.get("/v1/exceptions", order="exposure", cursor=forged)
        assert found.status_code in (200, 422), found.text
    problem(house.get("/v1/returns/a%00b"), 400, "invalid_text")
    problem(house.get("/v1/queue/a%00b"), 400, "invalid_text")
    problem(house.get(RETURNS, status="\0"), 400, "invalid_text")
    assert house.footprint() == before


def test_nobody_is_anonymous(house: House) -> None:
    """No key, another scheme, an unknown or revoked key: 401 that says how to sign in."""
    for headers in (
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer nobody"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer \u00ff\u00fe".encode("latin-1")},
    ):
        for path in (RETURNS, "/v1/queue", "/v1/events", "/v1/models", "/v2/models/reason"):
            answer: Any = house.client.get(path, headers=headers)  # type: ignore[arg-type]
            problem(answer, 401, "not_signed_in")
            assert answer.headers["www-authenticate"] == "Bearer"
