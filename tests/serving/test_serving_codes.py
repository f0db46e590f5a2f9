"""Codes of other systems: translated with what is lost, kept and found where nobody knows them."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from serving.masters import check
from simulation.story import SKU
from tests.serving.house import STORY, House, request_body
from workflow.facts import CreditNoteLine, CreditNoteRecorded, StockStatusReported

Json = dict[str, Any]
SAP = {"vocabulary": "return_reason", "system": "sap", "code": "Z07"}


def report(**other: Any) -> StockStatusReported:
    told = StockStatusReported(
        "WMS-1", "sap_stock", SKU, Decimal(1), "EA", STORY.requested_at, lot="L2217"
    )
    return replace(told, **other)


def note(reason: str | None, system: str | None) -> CreditNoteRecorded:
    line = CreditNoteLine(1, SKU, Decimal(1), Decimal(148), 140_60, reason=reason)
    return CreditNoteRecorded(
        "CN-1", "C-1001", "industrial", "USD", STORY.requested_at, (line,), system=system
    )


def asked(system: str, code: str, return_id: str) -> Json:
    """R-1001's request with a reason in somebody else's code."""
    body = request_body(return_id, 1)
    del body["lines"][0]["reason_code"]
    body["lines"][0]["foreign_reason"] = {"system": system, "code": code}
    return body


def unknown(house: House) -> list[str]:
    items = house.get("/v1/findings", kind="code").json()["items"]
    return [str(one["finding_id"]) for one in items]


def agree(house: House, **other: object) -> Json:
    body = SAP | {"ours": "wrong_item", "match": "near", "loss": "Also wrong sizes."} | other
    made = house.post("/v1/crosswalk/mappings", body, "author")
    assert made.status_code == 201, made.text
    path = f"/v1/crosswalk/mappings/{made.json()['mapping_id']}/approval"
    done = house.post(path, {}, "author2")
    assert done.status_code == 200, done.text
    found: Json = done.json()
    return found


def test_a_code_that_ships_is_translated_with_its_loss(house: House) -> None:
    """Exactly where it means the same; with what differs where it is only near."""
    case = house.post("/v1/returns", asked("x12_1293", "DT", "R-1")).json()
    assert case["lines"][0]["foreign_reason"] == "x12_1293:DT"
    assert (case["lines"][0]["reason"], case["lines"][0]["reason_how"]) == (
        "damaged_in_transit", "stated",
    )  # fmt: skip
    near = {"vocabulary": "return_reason", "system": "x12_1293", "code": "EI"}
    told = house.get("/v1/crosswalk/meaning", **near).json()
    assert (told["ours"], told["match"]) == ("no_longer_needed", "near")
    assert told["loss"] == "Stock of a dealer, not a need that ended."
    assert unknown(house) == []


def test_a_code_that_nobody_knows_is_kept_and_found(house: House) -> None:
    """The request goes on without a stated reason; twice told it is one finding."""
    for number in (1, 2):
        case = house.post("/v1/returns", asked("sap", "Z07", f"R-{number}")).json()
        assert case["lines"][0]["foreign_reason"] == "sap:Z07"
        assert case["lines"][0]["reason_how"] != "stated"
    assert unknown(house) == ["code.unknown:return_reason:sap:Z07"]
    several = {"vocabulary": "return_reason", "system": "shopify", "code": "DEFECTIVE"}
    assert house.get("/v1/crosswalk/meaning", **several).json()["match"] == "several"


def test_two_people_agree_what_it_means(house: House) -> None:
    """Used from then on, with what is lost; the finding is closed; taken back it is open again."""
    house.tell(note("Z07", "sap"))
    assert unknown(house) == ["code.unknown:return_reason:sap:Z07"]
    mapping = agree(house)
    assert (mapping["status"], mapping["approved_by"]) == ("approved", "pavel.policy")
    assert unknown(house) == []
    case = house.post("/v1/returns", asked("sap", "Z07", "R-3")).json()
    assert case["lines"][0]["reason"] == "wrong_item"
    assert house.get("/v1/crosswalk/meaning", **SAP).json()["loss"] == "Also wrong sizes."
    path = f"/v1/crosswalk/mappings/{mapping['mapping_id']}/withdrawal"
    house.post(path, {"because": "It means late delivery."}, "author")
    assert unknown(house) == ["code.unknown:return_reason:sap:Z07"]
    assert house.differences() == []


def test_what_facts_tell_is_translated_in_the_answer(house: House) -> None:
    """Whoever tells a code learns at once what became of it."""
    answer = house.tell(report(status="blocked", disposition="no such"), note("ZZ", None)).json()
    (status, disposition), (reason,) = (item["codes"] for item in answer["items"])
    assert (status["ours"], status["match"]) == ("blocked", "exact")
    assert (disposition["ours"], disposition["match"]) == (None, "unknown")
    assert (reason["system"], reason["match"]) == ("own", "unknown")
    assert sorted(unknown(house)) == [
        "code.unknown:disposition:sap_stock:no~20such", "code.unknown:return_reason:own:ZZ",
    ]  # fmt: skip


def test_a_reason_in_words_is_no_reason_to_refuse_a_document(house: House) -> None:
    """However long and in whatever script it is told, the document is recorded and it is found."""
    answer = house.tell(note("Щ" * 300 + "\n", "sap")).json()
    assert answer["recorded"] == 1
    assert len(unknown(house)) == 1
    check(house.services)
    assert len(unknown(house)) == 1


def test_a_code_may_mean_nothing_here(house: House) -> None:
    """Said so with why, it is known: no finding, and nothing is guessed."""
    house.tell(note("Z07", "sap"))
    agree(house, ours=None, match="none", loss="An internal correction.")
    assert unknown(house) == []
    assert house.get("/v1/crosswalk/meaning", **SAP).json()["ours"] is None


def test_what_is_refused(house: House) -> None:
    """No loss undeclared, no code that is not ours; nobody approves their own."""
    good = SAP | {"ours": "wrong_item", "match": "exact"}
    for other, code in (
        ({"match": "near"}, "reason_required"),
        ({"ours": None, "match": "none"}, "reason_required"),
        ({"ours": None}, "not_allowed_value"),
        ({"ours": "no_such"}, "unknown_vocabulary"),
        ({"vocabulary": "colours"}, "unknown_vocabulary"),
        ({"code": " Z07\u200b"}, "not_allowed_value"),
    ):
        no = house.post("/v1/crosswalk/mappings", good | other, "author")
        assert (no.status_code in (422, 403), no.json()["code"]) == (True, code), other
    assert house.post("/v1/crosswalk/mappings", good, "quality").json()["code"] == "wrong_role"
    made = house.post("/v1/crosswalk/mappings", good, "author").json()["mapping_id"]
    path = f"/v1/crosswalk/mappings/{made}/approval"
    assert house.post(path, {}, "author").json()["code"] == "proposer_is_approver"
    assert house.post(path, {}, "quality").json()["code"] == "wrong_role"
    assert house.post(path, {}, "author2").status_code == 200
    assert house.post(path, {}, "author2").json()["code"] == "already_decided"
    missing = house.post("/v1/crosswalk/mappings/x:y:z:1/approval", {}, "author2")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_mapping")


def test_our_vocabularies_are_listed(house: House) -> None:
    """With the systems that ship with each."""
    listed = house.get("/v1/crosswalk").json()["vocabularies"]
    assert "restock" in listed["disposition"]["codes"]
    assert "sap_stock" in listed["stock_status"]["systems"]
