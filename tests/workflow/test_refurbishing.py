"""Goods in the workshop: ordered, reported on piece by piece, looked at, and out by the rules."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.workflow.fakes import (
    INES,
    MIA,
    NOON,
    PAM,
    QUINN,
    WALT,
    FakePolicies,
    Story,
    line,
    request,
    verdict,
)
from workflow.actor import SYSTEM, Actor
from workflow.assessment import Masked
from workflow.commands import (
    AcknowledgeEffect,
    DecideTask,
    DisposePortion,
    EscalateOverdue,
    InspectLine,
    ReceiptLine,
    ReceiveGoods,
    ReportRefurbishment,
)
from workflow.effects import Effect
from workflow.events import DispositionPart, RefurbishReported, RefurbishSettled, Verdict
from workflow.refused import Refused
from workflow.state import Closed

LATER = NOON + timedelta(days=3)
CHECKED = verdict("order", "warehouse", check_role="quality", costing="capitalised")
UNCHECKED = verdict("order", "warehouse", due_hours="240")


def in_workshop(order: Verdict = UNCHECKED, **given: object) -> Story:
    """Four came back and went to the workshop; everything else is settled."""
    story = Story(FakePolicies(refurbish=order, **given))  # type: ignore[arg-type]
    story.send(request(line(shipped_lot="L1")))
    story.send(ReceiveGoods("GR-1", "W1", (ReceiptLine(1, "SKU-1", Decimal(4)),), WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "used", INES, NOON))
    story.answer_models(NOON, "refurbish")
    do_all(story)
    return story


def do_all(story: Story) -> None:
    for effect in list(story.effects):
        if effect.kind != "assess":
            story.send(AcknowledgeEffect(effect.key, effect.kind, "DOC", SYSTEM, NOON))


def report(
    quantity: str = "4", outcome: str = "as_new", actor: Actor = WALT, **more: object
) -> ReportRefurbishment:
    note = "" if outcome == "as_new" else "The shaft is bent."
    told: dict[str, object] = {"note": note, **more}
    return ReportRefurbishment("1.1", Decimal(quantity), outcome, actor, LATER, **told)  # type: ignore[arg-type]


def of_kind(story: Story, kind: str) -> list[Effect]:
    return [effect for effect in story.effects if effect.kind == kind]


def placed(story: Story) -> dict[str, Decimal]:
    return {part.disposition: part.quantity for part in story.line().portions[0].placed}


def test_goods_that_go_to_the_workshop_are_ordered_there() -> None:
    """The ERP is asked for the order once, and the role of the policy until its day."""
    story = in_workshop()
    (order,) = of_kind(story, "erp.refurbish_order")
    assert (order.key, order.payload["quantity"]) == ("R-1001/1.1/refurbish/1", "4")
    (task,) = story.case.tasks
    asked = task.opened
    assert (asked.point, asked.role, asked.quantity) == ("refurbish", "warehouse", Decimal(4))
    assert asked.due_at == NOON + timedelta(days=10)
    assert asked.amount_minor == 24_00
    assert not isinstance(story.state, Closed)


def test_what_is_as_good_as_new_goes_back_to_stock_and_the_case_closes() -> None:
    """It moves from quality inspection under a key of its own, the cost of work beside it."""
    story = in_workshop()
    credits = story.line().credits
    story.send(report(cost_minor=5_00))
    into, out = of_kind(story, "erp.stock_move")
    assert (into.payload["to_status"], out.payload["from_status"]) == ("quality_inspection",) * 2
    assert out.payload["to_status"] == "unrestricted" and into.key != out.key
    (done,) = of_kind(story, "erp.refurbish_completion")
    assert (done.payload["cost_minor"], done.payload["costing"]) == (5_00, "expensed")
    assert story.line().credits == credits
    do_all(story)
    assert isinstance(story.state, Closed)


def test_an_order_is_done_piece_by_piece() -> None:
    """Each report takes its quantity; the rest is asked for anew until the day of the order, and
    more than is left is refused."""
    story = in_workshop()
    story.send(report("1"))
    story.send(report("1", "failed", disposition="scrap"))
    (task,) = story.case.tasks
    assert (task.opened.quantity, task.opened.due_at) == (Decimal(2), NOON + timedelta(days=10))
    assert placed(story) == {"restock": 1, "scrap": 1, "refurbish": 2}
    with pytest.raises(Refused) as no:
        story.send(report("3"))
    assert no.value.code == "over_order"
    story.send(report("2", "stopped"))
    assert placed(story) == {"restock": 1, "scrap": 1, "quarantine": 2}
    assert [t.opened.point for t in story.case.tasks] == ["release"]
    assert len({effect.key for effect in of_kind(story, "erp.stock_move")}) == 4


def test_goods_that_failed_and_go_to_the_vendor_are_claimed() -> None:
    """As goods that go there at once."""
    story = in_workshop()
    story.send(report(outcome="failed", disposition="return_to_vendor"))
    (claim,) = of_kind(story, "erp.supplier_claim")
    assert claim.payload["claimed_minor"] == 24_00


def test_a_rule_of_the_day_binds_what_is_as_good_as_new() -> None:
    """A recall or a date that came in between keeps it from stock: it is on hold, and quality is
    asked; the cost of the work is an expense then."""
    story = in_workshop(verdict("order", "warehouse", costing="capitalised"))
    story.policies.removed = (Masked("restock", "recall-open"),)
    story.send(report(cost_minor=2_00))
    (settled,) = story.of(RefurbishSettled)
    assert (settled.disposition, settled.rule, settled.costing) == (
        "quarantine", "recall-open", "expensed",
    )  # fmt: skip
    assert [t.opened.point for t in story.case.tasks] == ["release"]


def test_a_way_out_that_the_rules_remove_is_refused() -> None:
    """What failed goes only where the rules of the day let it."""
    story = in_workshop()
    story.policies.removed = (Masked("return_to_vendor", "claim-window-over"),)
    with pytest.raises(Refused, match="removed by claim-window-over"):
        story.send(report(outcome="failed", disposition="return_to_vendor"))
    assert story.of(RefurbishReported) == []


def test_who_did_the_work_does_not_accept_it() -> None:
    """Where the policy names who looks at it, goods wait for somebody else; capitalised work goes
    with what went to stock."""
    story = in_workshop(CHECKED)
    both = Actor("bo", frozenset({"warehouse", "quality"}))
    story.send(report(actor=both, cost_minor=4_00))
    assert of_kind(story, "erp.refurbish_completion") == []
    (task,) = story.case.tasks
    assert (task.opened.point, task.opened.role) == ("refurbish_check", "quality")
    assert task.opened.amount_minor == 24_00 + 4_00
    for actor, code in ((both, "own_request"), (INES, "wrong_role"), (PAM, "wrong_role")):
        with pytest.raises(Refused) as no:
            story.send(DecideTask(task.opened.task_id, "approve", actor, LATER))
        assert no.value.code == code
    story.send(DecideTask(task.opened.task_id, "approve", QUINN, LATER))
    (done,) = of_kind(story, "erp.refurbish_completion")
    assert (done.payload["costing"], done.payload["status"]) == ("capitalised", "unrestricted")


def test_little_value_needs_no_check() -> None:
    """Goods and work together decide whether somebody looks."""
    order = verdict("order", "warehouse", check_role="quality", check_from_minor="2500")
    story = in_workshop(order)
    story.send(report("2", cost_minor=99))
    assert len(story.of(RefurbishSettled)) == 1
    story.send(report("2", cost_minor=13_00))
    assert len(story.of(RefurbishSettled)) == 1
    assert [t.opened.point for t in story.case.tasks] == ["refurbish_check"]


def test_work_that_is_not_accepted_goes_on() -> None:
    """The goods are the workshop's again, whole, and nothing is booked."""
    story = in_workshop(CHECKED)
    story.send(report("3"))
    (check,) = [t for t in story.case.tasks if t.opened.point == "refurbish_check"]
    story.send(DecideTask(check.opened.task_id, "reject", QUINN, LATER, None, "other", "Leaks."))
    (task,) = story.case.tasks
    assert (task.opened.point, task.opened.quantity) == ("refurbish", Decimal(4))
    story.send(report("4"))
    (check,) = story.case.tasks
    told = DecideTask(check.opened.task_id, "override", QUINN, LATER, "scrap", "other", "Leaks.")
    story.send(told)
    assert placed(story) == {"scrap": 4}


def test_a_check_is_bound_by_the_limit_on_goods() -> None:
    """As a disposition of the same value."""
    story = in_workshop(CHECKED, limits={"quality": 20_00})
    story.send(report())
    (task,) = story.case.tasks
    with pytest.raises(Refused) as no:
        story.send(DecideTask(task.opened.task_id, "approve", QUINN, LATER))
    assert no.value.code == "over_limit"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (report(actor=PAM), "wrong_role"),
        (report(actor=INES), "wrong_role"),
        (report("0"), "invalid_quantity"),
        (report(outcome="polished"), "not_allowed_value"),
        (report(outcome="failed"), "not_allowed_value"),
        (report(disposition="scrap"), "not_allowed_value"),
        (report(outcome="failed", disposition="donate"), "not_allowed_value"),
        (report(outcome="failed", disposition="scrap", note=" "), "reason_required"),
        (report(condition="damaged"), "not_allowed_value"),
        (report(cost_minor=-1), "not_allowed_value"),
        (report(part=2), "unknown_order"),
    ],
)
def test_a_report_says_what_the_order_allows(command: ReportRefurbishment, code: str) -> None:
    """Anything else is refused, and nothing happened."""
    story = in_workshop()
    with pytest.raises(Refused) as no:
        story.send(command)
    assert no.value.code == code
    assert story.of(RefurbishReported) == []


def test_the_queue_may_say_what_came_of_all_that_is_left() -> None:
    """Without a cost; the report says more. There is no proposal to approve."""
    story = in_workshop()
    (task,) = story.case.tasks
    with pytest.raises(Refused, match="what came of"):
        story.send(DecideTask(task.opened.task_id, "approve", WALT, LATER))
    told = DecideTask(task.opened.task_id, "override", WALT, LATER, "as_new", "other", "Cleaned.")
    story.send(told)
    assert placed(story) == {"restock": 4}


def test_work_nobody_does_goes_to_the_returns_manager() -> None:
    """Past its day, with what is left of it; the returns manager may report it too."""
    story = in_workshop()
    story.send(EscalateOverdue(SYSTEM, NOON + timedelta(days=11)))
    (task,) = story.case.tasks
    assert task.opened.role == "returns_manager"
    story.send(report(actor=MIA, outcome="failed", disposition="scrap"))
    assert placed(story) == {"scrap": 4}


def test_goods_on_hold_may_be_released_to_the_workshop() -> None:
    """They are ordered there as well, each order by its own part."""
    story = Story(FakePolicies(refurbish=UNCHECKED))
    story.send(request(line(shipped_lot="L1")))
    story.send(ReceiveGoods("GR-1", "W1", (ReceiptLine(1, "SKU-1", Decimal(4)),), WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "used", INES, NOON))
    story.answer_models(NOON, "quarantine")
    for _ in range(2):
        out = (DispositionPart("refurbish", Decimal(2)),)
        story.send(DisposePortion("1.1", out, QUINN, NOON, note="Worth it."))
    keys = [effect.key for effect in of_kind(story, "erp.refurbish_order")]
    assert keys == ["R-1001/1.1/refurbish/2", "R-1001/1.1/refurbish/3"]
    with pytest.raises(Refused, match="name the part"):
        story.send(report("2"))
    story.send(report("2", part=3))
    assert placed(story) == {"restock": 2, "refurbish": 2}
