"""Pumps go back to their supplier, who pays for some and refuses the rest: by HTTP alone."""

from dataclasses import replace
from decimal import Decimal
from typing import cast

import pytest

from reconciliation.reconcile import reconcile
from serving.claim_watch import watch_windows
from serving.telling import tell
from tests.serving.house import FEED, STORY, House, Json, request_body
from tests.story.test_r1001_http import receive, refused
from workflow.facts import InvoiceRecorded, SupplierClaimAnswered

CLAIM = "/v1/claims/R-1001:1.1:1"
WHOLE_MINOR = 4 * 91_00


def send_back(house: House) -> None:
    """Four leaking pumps, requested, received, inspected, and back to the supplier."""
    assert house.post("/v1/returns", request_body()).status_code == 201
    house.perform()
    house.clock.forward(days=3)
    receive(house)
    found = {
        "line": 1, "quantity": 4, "condition": "defective", "lot": "L2217", "note": "Shaft seal."
    }  # fmt: skip
    assert house.post("/v1/returns/R-1001/inspections", found, "inspector").status_code == 200
    house.perform()
    goods = house.task("R-1001", "disposition")["task"]
    told = house.decide(
        goods, "quality", "override", value="return_to_vendor", reason_code="seen", note="Leaks."
    )
    assert told.status_code == 200, told.text
    house.perform()


def credit(house: House) -> None:
    assert house.decide(house.task("R-1001", "credit")["task"], "clerk").status_code == 200
    house.perform()


def claim(house: House) -> Json:
    return cast(Json, house.get(CLAIM, "procurement").json())


def answer(house: House, number: str, response: str, recovered_minor: int = 0) -> Json:
    body = {"number": number, "response": response, "recovered_minor": recovered_minor}
    told = house.post(f"{CLAIM}/answers", body, "procurement")
    assert told.status_code == 201, told.text
    return cast(Json, told.json())


def balances(house: House) -> dict[str, int]:
    """Account -> debits less credits, accounts at zero left out."""
    rows = house.rows(
        "SELECT account, sum(debit_minor - credit_minor) FROM erp.gl_line GROUP BY account"
    )
    return {account: int(amount) for account, amount in rows if amount}


def open_exceptions(house: House, code: str) -> list[Json]:
    return cast(list[Json], house.get("/v1/exceptions", "clerk", code=code).json()["items"])


def reconcile_now(house: House) -> None:
    with house.services.engine.begin() as conn:
        reconcile(house.services.journal, conn, house.clock())


def test_a_claim_that_is_paid_short(house: House) -> None:
    """The supplier pays part (PWA) and refuses the rest as too late (SUB): R14 says so, the rest
    is written off by somebody else than who asked, and every account is settled."""
    send_back(house)
    credit(house)
    assert house.case()["status"] == "closed"
    made = claim(house)
    assert (made["status"], made["claimed_minor"], made["number"]) == (
        "open", WHOLE_MINOR, "SC-000001",
    )  # fmt: skip
    assert made["caused_by"]["return_id"] == "R-1001" and made["caused_by"]["line"] == 1
    assert made["evidence"]["missing"] == []
    assert balances(house)["supplier_claims_receivable"] == WHOLE_MINOR

    house.clock.forward(days=9)
    assert answer(house, "CN-1", "PWA", 200_00)["status"] == "paid_short"
    said = answer(house, "CN-2", "SUB")
    assert (said["status"], said["rest_minor"]) == ("paid_short", WHOLE_MINOR - 200_00)
    assert [one["means"] for one in said["answers"]] == [
        "partial warranty approved", "submitted too late",
    ]  # fmt: skip
    assert answer(house, "CN-2", "SUB") == said
    house.perform()
    assert balances(house)["supplier_claims_receivable"] == WHOLE_MINOR - 200_00
    assert balances(house)["accounts_payable"] == 200_00
    reconcile_now(house)
    (short,) = open_exceptions(house, "R14")
    assert short["exposure_minor"] == WHOLE_MINOR - 200_00

    gone = {"reason": "denied", "note": "They count from the day of delivery."}
    refused(house.post(f"{CLAIM}/write-off", gone, "warehouse"), 403, "wrong_role")
    assert house.post(f"{CLAIM}/write-off", gone, "finn2").status_code == 200
    refused(house.post(f"{CLAIM}/write-off", gone, "procurement"), 409, "already_decided")
    task = house.task("R-1001", "write_off")
    assert (task["role"], task["amount_minor"], task["asked_by"]) == (
        "finance_clerk", WHOLE_MINOR - 200_00, "fay.clerk",
    )  # fmt: skip
    refused(house.decide(task["task"], "finn2"), 403, "own_request")
    refused(house.decide(task["task"], "procurement"), 403, "wrong_role")
    assert house.decide(task["task"], "clerk").status_code == 200
    house.perform()
    over = claim(house)
    assert (over["status"], over["rest_minor"], over["written_off_because"]) == (
        "closed", 0, "denied",
    )  # fmt: skip
    left = balances(house)
    assert "supplier_claims_receivable" not in left and "goods_at_supplier" not in left
    assert (left["accounts_payable"], left["claims_written_off"]) == (200_00, WHOLE_MINOR - 200_00)
    assert sum(left.values()) == 0
    refused(house.post(f"{CLAIM}/write-off", gone, "procurement"), 409, "claim_settled")
    assert house.case()["status"] == "closed"
    assert {effect["status"] for effect in house.case()["effects"]} == {"done"}
    reconcile_now(house)
    assert len(open_exceptions(house, "R14")) == 1
    assert open_exceptions(house, "R15") == open_exceptions(house, "R16") == []
    assert house.differences() == []
    check_insight(house)


def check_insight(house: House) -> None:
    (usd,) = house.get("/v1/insights/recovery", "procurement").json()["items"]
    assert (usd["claimed_minor"], usd["recovered_minor"], usd["lost_minor"]) == (
        WHOLE_MINOR, 200_00, WHOLE_MINOR - 200_00,
    )  # fmt: skip
    assert usd["expected_minor"] == 0
    (lost,) = usd["lost_by_cause"]
    assert (lost["cause"], lost["lost_minor"]) == ("SUB", WHOLE_MINOR - 200_00)
    assert [group["supplier_id"] for group in usd["by_supplier"]] == ["S-1001"]


@pytest.mark.parametrize("told_as", ["SC-000001", "R-1001/1.1/claim/1", "THEIR-77"])
def test_an_answer_finds_its_claim_whatever_it_is_called(house: House, told_as: str) -> None:
    """By the ERP's number, by the key of the effect, or as the only claim of the line; a
    repetition is the same answer, and one under another number a further one."""
    send_back(house)
    whole = SupplierClaimAnswered(
        told_as, "S-1001", "R-1001", 1, "PMP-1001", WHOLE_MINOR, 100_00, "USD", "PWA", house.clock()
    )
    if "/" in told_as:
        with house.services.engine.begin() as conn:
            assert tell(house.services, conn, FEED, whole) is not None
            assert tell(house.services, conn, FEED, whole) is None
    else:
        assert house.tell(whole).json()["items"][0]["status"] == "recorded"
        assert house.tell(whole).json()["items"][0]["status"] == "repeated"
    assert claim(house)["recovered_minor"] == 100_00
    assert answer(house, "CN-2", "PWA", WHOLE_MINOR - 100_00)["status"] == "paid"
    house.perform()
    assert balances(house)["accounts_payable"] == WHOLE_MINOR
    assert "supplier_claims_receivable" not in balances(house)
    assert house.differences() == []


def test_a_payment_after_the_write_off_takes_it_back(house: House) -> None:
    """What comes late lowers the loss, and the receivable never falls below zero."""
    send_back(house)
    gone = {"reason": "not_worth_it", "note": "Nobody answers."}
    assert house.post(f"{CLAIM}/write-off", gone, "procurement").status_code == 200
    task = house.task("R-1001", "write_off")
    assert task["role"] == "finance_lead"
    assert house.decide(task["task"], "lead").status_code == 200
    assert answer(house, "CN-1", "FWC", WHOLE_MINOR)["rest_minor"] == 0
    house.perform()
    left = balances(house)
    assert left["accounts_payable"] == WHOLE_MINOR
    assert not {"claims_written_off", "supplier_claims_receivable"} & set(left)
    assert house.differences() == []


def test_what_the_supplier_pays_meanwhile_ends_the_wait_for_a_write_off(house: House) -> None:
    """The amount asked for is no longer what is left, so the task is withdrawn."""
    send_back(house)
    gone = {"reason": "denied", "note": "No answer."}
    assert house.post(f"{CLAIM}/write-off", gone, "procurement").status_code == 200
    answer(house, "CN-1", "PWA", 1_00)
    assert [t for t in house.case()["tasks"] if t["point"] == "write_off"] == []


# -- evidence and windows --------------------------------------------------------------------


def large_order(house: House) -> None:
    """A hundred pumps on another invoice, of which sixty come back."""
    invoice = STORY.invoice()
    line = replace(invoice.lines[0], quantity=Decimal(100), net_minor=14_060_00, tax_minor=1_124_80)
    large: InvoiceRecorded = replace(invoice, invoice_id="INV-2", lines=(line,))
    assert house.tell(large).status_code == 200


def send_back_many(house: House) -> None:
    large_order(house)
    body = request_body(quantity=60)
    body["lines"][0]["source"]["invoice_id"] = "INV-2"
    asked = house.post("/v1/returns", body)
    assert asked.status_code == 201, asked.text
    task = house.task("R-1001", "authorisation")
    who = {"quality": "quality", "returns_manager": "returns", "finance_lead": "lead"}
    assert house.decide(task["task"], who[task["role"]]).status_code == 200
    house.perform()
    house.clock.forward(days=3)
    receive(house, 60)
    found = {"line": 1, "quantity": 60, "condition": "defective", "lot": "L2217"}
    assert house.post("/v1/returns/R-1001/inspections", found, "inspector").status_code == 200
    house.perform()
    told = house.decide(
        house.task("R-1001", "disposition")["task"], "quality", "override",
        value="return_to_vendor", reason_code="seen", note="Leaks.",
    )  # fmt: skip
    assert told.status_code == 200, told.text
    house.perform()


def test_missing_evidence_is_asked_for_and_the_claim_waits(house: House) -> None:
    """A large claim needs the inspection's findings and the delivery note of the way back:
    procurement is asked by the end of the window, nothing reaches the ERP before."""
    send_back_many(house)
    waiting = claim(house)
    assert waiting["evidence"]["missing"] == ["inspection", "delivery_note"]
    assert waiting["submitted_at"] is None and waiting["number"] is None
    task = house.task("R-1001", "claim")
    assert task["role"] == "procurement"
    assert task["due_at"].startswith("2026-06-29T00:00")  # 29 May and 30 days, its end
    assert "inspection, delivery note" in task["verdict"]["because"]
    given = {"kind": "inspection", "reference": "report 12"}
    assert house.post(f"{CLAIM}/evidence", given, "inspector").status_code == 200
    assert claim(house)["evidence"]["missing"] == ["delivery_note"]
    refused(house.decide(task["task"], "procurement"), 422, "reason_required")
    assert house.decide(task["task"], "procurement", note="DN-4711").status_code == 200
    house.perform()
    made = claim(house)
    assert made["evidence"]["given"]["delivery_note"] == "DN-4711"
    assert made["number"] == "SC-000001" and made["submitted_at"]
    assert balances(house)["supplier_claims_receivable"] == 60 * 91_00
    assert house.differences() == []


def test_a_claim_without_evidence_is_given_up_by_two_above_the_top_limit(house: House) -> None:
    """5,460.00 at the supplier is written off by two finance leads, neither of whom asked."""
    send_back_many(house)
    task = house.task("R-1001", "claim")
    no = {"reason_code": "no_evidence", "note": "The carrier lost the note."}
    assert house.decide(task["task"], "procurement", "reject", **no).status_code == 200
    gone = house.task("R-1001", "write_off")
    assert (gone["approvals_needed"], gone["amount_minor"]) == (2, 60 * 91_00)
    refused(house.decide(gone["task"], "clerk"), 403, "wrong_role")
    assert house.decide(gone["task"], "lead").status_code == 200
    refused(house.decide(gone["task"], "lead"), 409, "already_decided")
    assert claim(house)["written_off_minor"] == 0
    assert house.decide(gone["task"], "lead2").status_code == 200
    house.perform()
    assert claim(house)["status"] == "closed"
    assert balances(house)["claims_written_off"] == 60 * 91_00
    assert "goods_at_supplier" not in balances(house)
    assert house.differences() == []


def test_a_window_that_closes_is_announced_once_and_then_lost(house: House) -> None:
    """Seven days before its end R13 is raised and procurement has an alarm with the due time;
    after the end it is R12. Once the claim is made there is neither."""
    send_back_many(house)
    assert watch_windows(house.services) == 0
    house.clock.forward(days=10)
    assert watch_windows(house.services) == 1
    assert watch_windows(house.services) == 0
    (soon,) = open_exceptions(house, "R13")
    assert (soon["exposure_minor"], soon["due_on"]) == (60 * 91_00, "2026-06-28")
    (alarm,) = house.get("/v1/alarms", "procurement").json()["items"]
    assert (alarm["kind"], alarm["role"]) == ("claim_window", "procurement")
    assert alarm["due_at"].startswith("2026-06-29T00:00")
    assert open_exceptions(house, "R12") == []
    house.clock.forward(days=8)
    assert watch_windows(house.services) == 1
    (late,) = open_exceptions(house, "R12")
    assert late["exposure_minor"] == 60 * 91_00
    assert house.differences() == []


def test_goods_that_nobody_judges_are_announced_too(house: House) -> None:
    """Received goods whose supplier would have to pay, with the window about to close."""
    assert house.post("/v1/returns", request_body()).status_code == 201
    house.perform()
    house.clock.forward(days=3)
    receive(house)
    assert watch_windows(house.services) == 0
    house.clock.forward(days=12)
    assert watch_windows(house.services) == 1
    (soon,) = open_exceptions(house, "R13")
    assert soon["exposure_minor"] == WHOLE_MINOR and "is not judged yet" in soon["says"]


def test_a_slip_of_the_hand_is_not_recorded_as_paid(house: House) -> None:
    """More than what is left of the claim is refused with both amounts; the answer that is meant
    may be given after it, and given again it is recorded once."""
    send_back(house)
    claimed = claim(house)["claimed_minor"]
    body = {"number": "A-1", "response": "FWC", "recovered_minor": claimed * 10,
            "answered_at": house.clock.now.isoformat()}  # fmt: skip
    no = house.post(f"{CLAIM}/answers", body, "procurement")
    assert (no.status_code, no.json()["code"]) == (409, "over_claim"), no.text
    assert f"of USD {claimed / 100:,.2f} claimed" in no.json()["detail"]
    assert claim(house)["recovered_minor"] == 0
    for _ in range(2):
        body["recovered_minor"] = claimed
        assert house.post(f"{CLAIM}/answers", body, "procurement").status_code == 201
    said = claim(house)
    assert (said["recovered_minor"], len(said["answers"])) == (claimed, 1)
