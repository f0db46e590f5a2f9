"""A large write-off of an exception over HTTP: two finance leads, and what each of them sees."""

from dataclasses import replace

from journal.entries import Append
from tests.serving.house import House
from tests.serving.test_serving_at_once import FINDING
from workflow.actor import SYSTEM

X = "/v1/exceptions/X-1"
OFF = {"resolution": "written_off", "note": "Nobody knows any more."}


def test_two_finance_leads_write_off_what_is_above_the_top_limit(house: House) -> None:
    """The first word stays and is shown, the exception stays open; the first may not be the
    second, a no opens it again; the second closes it. Nothing differs from the log."""
    finding = replace(FINDING, exposure_minor=9_000_00, currency="USD")
    with house.services.engine.begin() as conn:
        append = Append("exception/X-1", (finding,), SYSTEM, house.clock.now)
        house.services.journal.append(conn, [append])
    assert house.post(f"{X}/confirmation", {}, "lead").json()["code"] == "unknown_proposal"
    assert house.post(f"{X}/resolution", OFF, "clerk").json()["code"] == "over_limit"
    first = house.post(f"{X}/resolution", OFF, "lead").json()
    assert (first["status"], first["resolved_by"]) == ("open", None)
    said = first["proposal"]
    assert (said["proposed_by"], said["let_go_minor"]) == ("lena.lead", 9_000_00)
    assert house.post(f"{X}/resolution", OFF, "lead2").json()["code"] == "already_decided"
    own = house.post(f"{X}/confirmation", {}, "lead")
    assert (own.status_code, own.json()["code"]) == (403, "own_request")
    no = house.post(f"{X}/rejection", {"because": "Ask the bank."}, "lead2").json()
    assert (no["status"], no["proposal"]["rejected_by"]) == ("open", "luis.lead")
    assert house.post(f"{X}/confirmation", {}, "lead2").json()["code"] == "unknown_proposal"
    assert house.post(f"{X}/resolution", OFF, "lead").status_code == 200
    done = house.post(f"{X}/confirmation", {}, "lead2").json()
    assert (done["status"], done["resolved_by"], done["confirmed_by"]) == (
        "resolved", "lena.lead", "luis.lead",
    )  # fmt: skip
    assert "rejected_by" not in done["proposal"]
    assert house.post("/v1/exceptions/X-0/confirmation", {}, "lead").status_code == 404
    assert house.differences() == []
