"""Effects over HTTP: parked with their exchange, tried again by one or by cause, given up."""

import pytest

from integrations.erp.port import Rejected, Unavailable
from journal import outbox, systems
from journal.systems import NotNow
from journal.worker import Hopeless
from serving.checkup import checkup
from tests.serving.house import House, Json, request_body
from tests.serving.test_serving_clockwork import moody

PATH = "/v1/effects"
RMA = "R-1001/rma"
WHY = {"reason_code": "posted_by_hand", "note": "Booked by the clerk."}


def park(house: House, key: str = RMA, code: str = "case_closed", says: str = "Closed.") -> None:
    performer = moody(house, Rejected(code, says))
    with pytest.raises(Hopeless) as no:
        performer.perform(key)
    performer.park(key, str(no.value))


def requested(house: House, *returns: str) -> None:
    for return_id in returns or ("R-1001",):
        assert house.post("/v1/returns", request_body(return_id, 1)).status_code == 201


def parked(house: House, cause: str | None = None) -> Json:
    query = {"cause": cause} if cause else {}
    found: Json = house.get(PATH, **query).json()
    return found


def test_what_was_asked_and_answered_is_shown(house: House) -> None:
    """Every failed attempt with its request and answer, and the one that succeeded after; no
    secret in it, as many as are counted; money, cause and system beside the key."""
    requested(house)
    performer = moody(house, Unavailable("line cut; password=hunter2"))
    with pytest.raises(NotNow):
        performer.perform(RMA)
    park(house, says="Token Bearer abcdefghijklmn is not welcome.")
    (item,) = parked(house)["items"]
    assert (item["key"], item["cause"], item["system"]) == (RMA, "case_closed", "erp")
    shown = house.get(f"{PATH}/{RMA}").json()
    assert [t["outcome"] for t in shown["tries"]] == ["unavailable", "rejected"]
    assert shown["attempts"] == len(shown["tries"])
    assert shown["tries"][0]["request"]["kind"] == "erp.rma"
    assert shown["tries"][0]["request"]["lines"][0]["sku"] == "PMP-1001"
    assert "hunter2" not in str(shown) and "abcdefghijklmn" not in str(shown)
    assert house.post(f"{PATH}/{RMA}/retry", {}, "lead").json()["status"] == "pending"
    house.work()
    done = house.get(f"{PATH}/{RMA}").json()
    assert (done["status"], done["tries"][-1]["outcome"]) == ("done", "done")
    assert house.differences() == []


def test_all_of_a_cause_are_tried_again(house: House) -> None:
    """One repair, one request: those of another cause stay parked."""
    requested(house, "R-1001", "R-1002", "R-1003")
    park(house)
    park(house, "R-1002/rma")
    park(house, "R-1003/rma", "invalid_payload", "No such unit.")
    assert parked(house)["causes"] == {"case_closed": 2, "invalid_payload": 1}
    assert len(parked(house, cause="case_closed")["items"]) == 2
    queued = house.post(f"{PATH}/retry", {"cause": "case_closed"}, "admin").json()["queued"]
    assert queued == [RMA, "R-1002/rma"]
    assert house.post(f"{PATH}/retry", {}, "admin").json()["queued"] == ["R-1003/rma"]
    house.work()
    assert parked(house)["items"] == []


def test_what_is_given_up_says_who_and_why_and_the_case_goes_on(house: House) -> None:
    """Two people must name the same reason: who names another is the first of two, and nobody is
    both. An event of the case; nobody performs it any more; the checkup is content, the books are
    not: reconciliation keeps showing it."""
    requested(house)
    park(house)
    give_up = f"{PATH}/{RMA}/abandonment"
    asked = house.post(give_up, WHY | {"reason_code": "not_owed"}, "admin").json()
    assert (asked["status"], asked["giving_up"]["proposed_by"]) == ("parked", "alma.admin")
    assert house.post(give_up, WHY, "lead").json()["giving_up"]["proposed_by"] == "lena.lead"
    assert house.post(give_up, WHY, "lead").json()["code"] == "already_decided"
    given = house.post(give_up, WHY, "lead2").json()
    assert (given["status"], given["error"]) == ("abandoned", "case_closed: Closed.")
    event = house.case()["timeline"][-1]
    assert event["type"] == "effect_abandoned" and event["data"]["note"] == WHY["note"]
    assert (event["data"]["proposed_by"], event["data"]["abandoned_by"]) == (
        "lena.lead",
        "luis.lead",
    )
    assert house.case()["effects"] == [{"key": RMA, "status": "abandoned"}]
    with house.services.engine.begin() as conn:
        assert outbox.claim(conn, RMA) is None and not outbox.retry(conn, RMA)
    assert not any("parked" in fault for fault in checkup(house.services))
    assert house.differences() == []
    with house.services.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE effect SET status = 'pending'")
    assert any("told that it is abandoned" in found for found in house.differences())


def test_a_code_is_corrected_and_tried_again(house: House) -> None:
    """What the other system did not take is asked otherwise, under the same key; the journal keeps
    what it was, who and why, and a wish to give it up no longer stands."""
    requested(house)
    park(house, code="not_covered", says="No place for lot.")
    house.post(f"{PATH}/{RMA}/abandonment", WHY, "lead")
    fields = {f["path"]: f["value"] for f in house.get(f"{PATH}/{RMA}").json()["correctable"]}
    assert fields["lines.1.lot"] == "L2217" and "lines.1.quantity" not in fields
    body = {"changes": {"lines.1.lot": None, "business_unit": "IND2"}, "because": "Their unit."}
    told = house.post(f"{PATH}/{RMA}/correction", body, "lead").json()
    assert (told["status"], told["giving_up"], told["attempts"]) == ("pending", None, 0)
    (line,) = told["payload"]["lines"]
    assert (line["lot"], line["quantity"], told["payload"]["business_unit"]) == (None, "1", "IND2")
    event = house.case()["timeline"][-1]["data"]
    assert event["changes"][0] == {"path": "lines.1.lot", "was": "L2217", "now": None}
    assert (event["corrected_by"], event["because"]) == ("lena.lead", "Their unit.")
    house.work()
    assert house.get(f"{PATH}/{RMA}").json()["status"] == "done"
    assert house.rows("SELECT lot FROM erp.rma_line") == [(None,)]
    assert house.differences() == []


def test_what_was_decided_cannot_be_corrected(house: House) -> None:
    """Amounts, quantities, units, items, parties, keys: by their code, and nothing is changed."""
    requested(house)
    park(house)
    before = house.footprint()
    path = f"{PATH}/{RMA}/correction"
    for changes, who, code in (
        ({"lines.1.quantity": "9"}, "lead", "not_correctable"),
        ({"lines.1.uom": "CS"}, "lead", "not_correctable"),
        ({"lines.1.sku": "X"}, "lead", "not_correctable"),
        ({"customer_id": "C-2"}, "lead", "not_correctable"),
        ({"lines.1.lot": "L1", "return_id": "R-2"}, "lead", "not_correctable"),
        ({"lines.9.lot": "L1"}, "lead", "not_allowed_value"),
        ({"lines.1.lot": "L2217"}, "lead", "not_allowed_value"),
        ({"lines.1.lot": "L\x071"}, "lead", "not_allowed_value"),
        ({"lines.1.invoice_line": "one"}, "lead", "not_allowed_value"),
        ({"business_unit": None}, "lead", "not_allowed_value"),
        ({"lines.1.lot": "L1"}, "clerk", "wrong_role"),
        ({"lines.1.lot": "L1"}, "feed", "wrong_role"),
        ({}, "lead", "invalid_request"),
    ):
        answer = house.post(path, {"changes": changes, "because": "So."}, who)
        assert answer.json().get("code") == code, (changes, answer.text)
    assert house.footprint() == before
    assert house.get(f"{PATH}/{RMA}").json()["payload"]["lines"][0]["lot"] == "L2217"


def test_who_may_not_and_what_cannot(house: House) -> None:
    """By its code, and nothing is changed."""
    requested(house)
    before = house.footprint()
    for who, path, body, code in (
        ("clerk", f"{RMA}/retry", {}, "wrong_role"),
        ("returns", "retry", {}, "wrong_role"),
        ("lead", f"{RMA}/retry", {}, "not_parked"),
        ("lead", "R-1001/none/retry", {}, "unknown_effect"),
        ("lead", f"{RMA}/abandonment", WHY, "not_parked"),
        ("lead", "nothing/abandonment", WHY, "unknown_effect"),
        ("lead", f"{RMA}/abandonment", WHY | {"note": ""}, "invalid_request"),
    ):
        assert house.post(f"{PATH}/{path}", body, who).json()["code"] == code, path
    assert house.get(f"{PATH}/R-1/none").json()["code"] == "unknown_effect"
    assert house.footprint() == before
    park(house)
    for who in ("clerk", "service"):
        refused = house.post(f"{PATH}/{RMA}/abandonment", WHY, who)
        assert (refused.status_code, refused.json()["code"]) == (403, "wrong_role")


def test_a_retried_effect_cannot_be_given_up_under_way(house: House) -> None:
    """Once it is in the queue again it may be written at any moment."""
    requested(house)
    park(house)
    house.post(f"{PATH}/{RMA}/retry", {}, "lead")
    refused = house.post(f"{PATH}/{RMA}/abandonment", WHY, "lead")
    assert refused.json()["code"] == "not_parked"


def test_an_error_of_our_own_is_tried_twelve_times(house: House) -> None:
    """Each time later; then a person looks, with the last error before their eyes."""
    requested(house)
    errors = [RuntimeError("a bug")] * outbox.MAX_ATTEMPTS
    performer = moody(house, *errors)
    for number in range(outbox.MAX_ATTEMPTS):
        expected = NotNow if number + 1 < outbox.MAX_ATTEMPTS else Hopeless
        with pytest.raises(expected, match="a bug"):
            performer.perform(RMA)
    with house.services.engine.connect() as conn:
        assert systems.down(conn) == {}
