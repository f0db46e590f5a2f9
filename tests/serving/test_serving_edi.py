"""``POST /v1/edi``: sets become returns and facts, once, and are acknowledged."""

from typing import Any, cast

import httpx

from tests.integrations.edi_texts import CREDIT, WANTED, interchange
from tests.serving.house import STORY, House, cloud_event, request_body

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
    rejected, early, taken, other = report["sets"]
    assert (rejected["status"], rejected["faults"][0]["at"]) == ("rejected", "BLI03 (segment 5)")
    assert (early["status"], early["waits_for"]) == ("parked", ["invoice/INV-9"])
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


def test_a_group_that_lost_a_piece_records_nothing(house: House) -> None:
    """A set without its end, or a trailer that counts one more: both sets are rejected, the 997
    says so, and nothing but the interchange is known."""
    before = house.rows("SELECT count(*) FROM event")[0][0]
    whole = interchange(WANTED, CREDIT)
    endless, miscounted = whole.replace("SE*9*0001~\n", ""), whole.replace("GE*2", "GE*3")
    for number, broken in enumerate((endless, miscounted)):
        report = send(house, broken.replace("000000042", f"00000005{number}"))
        assert [one["status"] for one in report["sets"]] == ["rejected", "rejected"]
        assert report["sets"][0]["faults"][0]["at"] == "GE"
        assert "AK9*R*" in report["acknowledgement"]
    assert house.rows("SELECT count(*) FROM event")[0][0] == before + 2
    assert [one["status"] for one in send(house, whole)["sets"]] == ["requested", "recorded"]


def test_a_return_wanted_too_early_is_asked_for_by_itself(empty_house: House) -> None:
    """A 180 before the invoice waits; once the invoice is there the return is asked for, once."""
    house = empty_house
    (early,) = send(house, interchange(WANTED))["sets"]
    assert early["status"] == "parked" and "invoice/INV-1001" in early["waits_for"]
    assert house.tell(*STORY.facts()).status_code == 200
    (row,) = house.rows("SELECT return_id, reference FROM return_case")
    assert row == ("X12-NORTHGATE-PO-77120", "PO-77120")
    assert house.get("/v1/events/parked").json()["items"] == []
    (again,) = send(house, interchange(WANTED, control="000000044"))["sets"]
    assert (again["status"], again["return_id"]) == ("repeated", row[0])


def test_a_return_may_be_wanted_by_an_event(house: House) -> None:
    """The same request as an event, numbered from it; malformed it is refused with its place."""
    event = cloud_event(STORY.invoice(), "w-1") | {"type": "returns-triage.return_wanted"}
    event["data"] = request_body(None) | {"channel": "portal"}
    (item,) = house.post("/v1/events", event, "feed").json()["items"]
    assert item["status"] == "requested" and item["return_id"].startswith("EV-")
    assert house.case(item["return_id"])["channel"] == "portal"
    (again,) = house.post("/v1/events", event, "feed").json()["items"]
    assert again["status"] == "repeated"
    event |= {"id": "w-2", "data": {"customer": "C-1001", "lines": []}}
    refused = house.post("/v1/events", event, "feed").json()
    assert (refused["code"], refused["errors"][0]["at"]) == ("invalid_event", "lines")
    form = house.get("/v1/events/schema/return_wanted").json()
    assert {"customer", "lines"} <= set(form["required"])


def test_an_answer_to_a_claim_of_nobody_is_kept_for_a_person(house: House) -> None:
    """The 997 accepts it, so it must not be lost: it is on the list of facts that wait, once."""
    answer = (
        "812", "BCD*20260609*CN-S7*A*9100*C***SO-1", "N9*CL*CL-404", "N1*SU*Seals*92*S-1001",
        "CDD*12*C**9100***1*EA",
    )  # fmt: skip
    (kept,) = send(house, interchange(answer))["sets"]
    assert (kept["status"], kept["reason"]) == ("parked", "invalid_event")
    (row,) = house.get("/v1/events/parked").json()["items"]
    assert row["parked_id"] == kept["parked_id"] and "CL-404" in row["event"]


def test_a_broken_interchange_is_answered_with_a_ta1(house: House) -> None:
    """Counts and control numbers that do not agree, a cut line, a number used twice: each problem
    carries the TA1 with its code; without a readable ISA there is none. Nothing is recorded."""
    whole = interchange(CREDIT)
    for text, code, note in (
        (whole.replace("IEA*1*", "IEA*2*"), "edi_envelope", "021"),
        (whole.replace("IEA*1*000000042", "IEA*1*000000043"), "edi_envelope", "001"),
        (whole.partition("IEA")[0], "edi_envelope", "023"),
        (whole.replace("ST*812", "XX*812"), "unreadable_edi", "024"),
    ):
        problem = post(house, text).json()
        assert problem["code"] == code, problem
        isa, ta1, iea = problem["acknowledgement"].splitlines()
        assert ta1 == f"TA1*000000042*260609*0830*R*{note}~"
        assert isa[35:50].strip() == "TRIAGE" and iea == "IEA*0*000000042~"
    assert "acknowledgement" not in post(house, "ISA*00*").json()
    assert house.rows("SELECT count(*) FROM credit_note") == [(0,)]
    asked = whole.replace("*0*P*>", "*1*P*>")
    answer = send(house, asked)["acknowledgement"].splitlines()
    assert answer[1] == "TA1*000000042*260609*0830*A*000~" and answer[2].startswith("GS*FA")
    reused = post(house, interchange(WANTED)).json()
    assert "*R*025~" in reused["acknowledgement"]


def test_a_debit_waits_for_a_person(house: House) -> None:
    """Who takes how much for what, and what to do; in the 997 it is accepted, since it was
    understood; nothing is booked, again it is the same, and a person settles it."""
    debit = tuple(
        part.replace("*14060*C*", "*14060*D*").replace("*11*C*", "*11*D*") for part in CREDIT
    )
    supplier = (
        "812", "BCD*20260609*DM-7*A*5000*D", "N1*SU*Pumps*92*S-1001", "N9*CL*CL-1001",
        "CDD*11*D**5000***1*EA", "LIN**VP*PMP-1001",
    )  # fmt: skip
    report = send(house, interchange(debit, supplier))
    assert [one["status"] for one in report["sets"]] == ["parked", "parked"], report
    assert {one["reason"] for one in report["sets"]} == {"debit_adjustment"}
    assert "AK9*A*2*2*2" in report["acknowledgement"]
    mine, theirs = (one["says"] for one in report["sets"])
    assert "customer C-1001 deducts USD 140.60 (INV-1001)" in mine
    assert "supplier S-1001 takes USD 50.00 back of claim CL-1001" in theirs
    assert house.rows("SELECT count(*) FROM credit_note") == [(0,)]
    (first, _) = house.get("/v1/events/parked", "lead").json()["items"]
    again = house.post(f"/v1/events/parked/{first['parked_id']}/retry", {}, "lead").json()
    assert (again["status"], again["reason"]) == ("parked", "debit_adjustment"), again
    gone = house.post(
        f"/v1/events/parked/{first['parked_id']}/abandonment", {"because": "Refused there."}, "lead"
    )
    assert gone.status_code == 200
    wrong = tuple(part.replace("*14060*C*", "*14060*X*") for part in CREDIT)
    (rejected,) = send(house, interchange(wrong, control="000000044"))["sets"]
    assert rejected["faults"][0]["at"] == "BCD05 (segment 2)"
