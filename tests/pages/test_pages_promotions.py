"""Promotions on the desk: the forms of whoever may decide, and what became of a proposal."""

from dataclasses import replace
from pathlib import Path

import orjson

from journal.entries import Append
from models.bundle import Mismatch
from tests.pages.conftest import SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld
from workflow.actor import SYSTEM
from workflow.facts import DriftMeasured, GateResult, PromotionApproved, PromotionProposed

DIGEST = "sha256:" + "0" * 64
GATES = (GateResult("noise", True, "better"), GateResult("latency", True, "fast <enough>"))


def proposed(number: int, version: str, by: str = "dana") -> PromotionProposed:
    return PromotionProposed(
        f"disposition/{number}", "disposition", version, by, (), bundle_digest=DIGEST, gates=GATES
    )


def test_a_proposal_is_approved_or_declined_by_another_than_made_it(
    sign_in: SignIn, desk: DeskWorld
) -> None:
    """The approver finds both forms beside the gates; who proposed it may only take it back, and
    a clerk sees no form. What is declined is shown with the reason."""
    desk.tell(proposed(1, "4"), proposed(2, "5", "milo"))
    milo = sign_in("milo")
    page = milo.get("/models")
    yes, no = (f"/models/disposition/promotions/1/{what}" for what in ("approval", "refusal"))
    assert yes in page.text and "fast &lt;enough&gt;" in page.text
    assert "promotions/2/approval" not in page.text and "promotions/2/refusal" in page.text
    assert "somebody else approves it" in page.text
    assert 'promotions/1/approval"' not in sign_in("tessa").get("/models").text
    form = {"csrf": token_of(page), "once": once_of(page, no), "because": "Too <few> weeks."}
    assert milo.post(no, data=form).headers["location"] == "/models?did=declined"
    shown = milo.get("/models?did=declined").text
    assert "The proposal is declined." in shown and "Too &lt;few&gt; weeks." in shown
    assert yes not in shown


def test_an_approver_reads_the_gate_that_failed_beside_the_button(
    sign_in: SignIn, desk: DeskWorld
) -> None:
    """Nothing is to be unfolded before it; where every gate is passed they are folded away."""
    same = GateResult("noise", False, "no better than noise: 0.001", excusable=True)
    shaky = replace(proposed(1, "4"), gates=(same, GATES[1]), despite="Six weeks more.")
    desk.tell(shaky, proposed(2, "5"))
    page = sign_in("milo").get("/models").text
    assert "<details open><summary>1 of 2 gates passed; failed: noise</summary>" in page
    assert "Failed noise: no better than noise: 0.001" in page
    assert "<details><summary>2 of 2 gates passed</summary>" in page


def test_every_finding_of_a_drift_can_be_read(sign_in: SignIn, desk: DeskWorld) -> None:
    """Eight at once, the others unfolded; what people decided about is a sentence."""
    realised = {"decided": 40, "claimed": 0.9, "right": 0.6, "gap": 0.3, "gap_low": 0.2}
    report = orjson.dumps({"thresholds": {}, "moved": [], "realised": realised}).decode()
    told = tuple(f"column_{i} has moved: effect 0.5." for i in range(11))
    drift = DriftMeasured("disposition", "4", desk.now, desk.now, 400, True, told, report)
    with desk.services.engine.begin() as conn:
        append = Append("drift/disposition", (drift,), SYSTEM, desk.now)
        desk.services.journal.append(conn, [append])
    page = sign_in("milo").get("/models").text
    assert "<summary>3 more</summary>" in page and "column_10 has moved" in page
    assert "about 40 of its answers: it claimed that 90 % are right, and 60 % were." in page


def test_a_bundle_that_is_gone_is_told_and_nothing_is_written(
    sign_in: SignIn, desk: DeskWorld
) -> None:
    """The approver reads what is wrong; the proposal still waits."""

    def gone(digest: str) -> Path:
        raise Mismatch("no such bundle")

    desk.services.shelf.fetch = gone
    desk.tell(proposed(1, "4"))
    milo = sign_in("milo")
    page = milo.get("/models")
    path = "/models/disposition/promotions/1/approval"
    answer = milo.post(path, data={"csrf": token_of(page), "once": once_of(page, path)})
    assert answer.status_code == 409
    assert "disposition 4 cannot be used: no such bundle" in answer.text
    assert path in milo.get("/models").text


def test_the_way_back_is_there_once_there_is_one(sign_in: SignIn, desk: DeskWorld) -> None:
    """After a second champion the approver may go back to the first."""
    for number, version in ((1, "4"), (2, "5")):
        desk.tell(proposed(number, version))
        desk.tell(
            PromotionApproved(
                f"disposition/{number}", "disposition", version, "mo", "champion", DIGEST
            )
        )
    shown = sign_in("milo").get("/models").text
    assert "Go back to version 4 now" in shown
    assert "Go back to version" not in sign_in("tessa").get("/models").text
