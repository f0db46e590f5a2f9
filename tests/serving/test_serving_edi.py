"""``POST /v1/edi``: sets become returns and facts, once, and are acknowledged."""

from typing import Any, cast

import httpx

from tests.integrations.edi_texts import CREDIT, WANTED, interchange
from tests.serving.house import House

Json = dict[str, Any]


def send(house: House, text: str, who: str = "feed", kind: str = "application/edi-x12") -> Json:
    found: Json = post(house, text, who, kind).json()
    return found


def post(house: House, text: str, who: str = "feed", kind: str = "text/plain") -> httpx.Response:
    headers = house.headers(who, "") | {"Content-Type": kind}
    answer = house.client.post("/v1/edi", content=text.encode(), headers=headers)
    return cast(httpx.Response, answer)


def test_an_interchange_is_taken_once(house: House) -> None:
    """A 180 becomes a return in the channel EDI, an 812 a credit note; again, nothing changes."""
    text = interchange(WANTED, CREDIT)
    report = send(house, text)
    assert [one["status"] for one in report["sets"]] == ["requested", "recorded"], report
    case = house.case(report["sets"][0]["return_id"])
    assert (case["channel"], case["reference"]) == ("edi", "PO-77120")
    assert case["lines"][0]["reason"] == "damaged_in_transit"
    assert report["sets"][0]["codes"][0]["match"] == "exact"
    assert "AK9*A*2*2*2" in report["acknowledgement"]
    assert house.rows("SELECT reason, net_minor FROM credit_note_line") == [("11", 14060)]
    before = house.footprint()
    again = send(house, text)
    assert again["repeated"] and again["acknowledgement"] == report["acknowledgement"]
    assert house.footprint() == before
    reused = post(house, interchange(CREDIT))
    assert (reused.status_code, reused.json()["code"]) == (409, "control_number_reused")
    later = send(house, interchange(WANTED, CREDIT, control="000000043"))
    assert [one["status"] for one in later["sets"]] == ["repeated", "repeated"]
    assert house.differences() == []


def test_what_cannot_be_taken_says_where(house: House) -> None:
    """A bad set is rejected with its places, its neighbours are taken; a test records nothing."""
    bad = tuple(part.replace("*4*EA", "*four*EA") for part in WANTED)
    unknown = tuple(part.replace("INV-1001", "INV-9") for part in WANTED)
    report = send(house, interchange(bad, unknown, CREDIT, ("850", "BEG*00*SA*1")))
    rejected, refused, taken, other = report["sets"]
    assert (rejected["status"], rejected["faults"][0]["at"]) == ("rejected", "BLI03 (segment 5)")
    assert refused["problem"]["code"] == "unknown_invoice_line"
    assert (taken["status"], other["status"]) == ("recorded", "rejected")
    assert "AK9*P*4*4*2" in report["acknowledgement"]
    before = house.footprint()
    tested = send(house, interchange(WANTED, control="000000050", usage="T"))
    assert (tested["test"], tested["sets"][0]["status"]) == (True, "tested")
    assert house.rows("SELECT count(*) FROM return_case") == [(0,)]
    assert post(house, "ISA*", "service").json()["code"] == "wrong_role"
    assert post(house, "UNB+UNOA").json()["code"] == "unreadable_edi"
    assert post(house, interchange(WANTED)[:-10]).json()["code"] == "edi_envelope"
    assert post(house, "{}", kind="application/json").status_code == 415
    assert house.footprint()[1:] == before[1:]
