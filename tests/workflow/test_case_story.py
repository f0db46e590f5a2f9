"""A return walks the core: what each step promises."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.workflow.fakes import (
    FINN,
    INES,
    LEA,
    MIA,
    NOON,
    PAM,
    QUINN,
    WALT,
    FakePolicies,
    Story,
    line,
    request,
)
from tests.workflow.fakes import verdict as v
from workflow.actor import SYSTEM, Actor
from workflow.commands import (
    AcknowledgeEffect,
    CancelReturn,
    DecideTask,
    DisposePortion,
    ExpireAuthorisation,
    InspectLine,
    ParkEffect,
    ReceiptLine,
    ReceiveGoods,
    ReleaseCredit,
)
from workflow.events import (
    AuthorisationExpired,
    CreditApproved,
    CreditDenied,
    DispositionConfirmed,
    DispositionPart,
    GoodsReceived,
    ReturnClosed,
    ReturnRefused,
    SurplusSettled,
    TaskDecided,
    TaskOpened,
)
from workflow.refused import Refused
from workflow.state import Authorised, Closed, Declined, UnderReview, status_of


def received(
    story: Story, quantity: str = "4", final: bool = False, lot: str | None = None
) -> None:
    goods = (ReceiptLine(1, "SKU-1", Decimal(quantity), lot),)
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, NOON, final))


def inspected(story: Story, quantity: str = "4", condition: str = "sealed") -> None:
    story.send(InspectLine(1, Decimal(quantity), condition, INES, NOON))


def done(story: Story) -> None:
    """The world does everything that was asked."""
    for effect in list(story.effects):
        if effect.kind != "assess":
            story.send(AcknowledgeEffect(effect.key, effect.kind, "DOC", SYSTEM, NOON))


def test_straight_through() -> None:
    """A stable case needs nobody after the inspection, and closes when the world has followed."""
    story = Story()
    story.send(request())
    assert status_of(story.state) == "authorised"
    received(story)
    inspected(story)
    story.answer_models(NOON)
    assert status_of(story.state) == "credited"
    assert story.asked == ["erp.rma", "erp.receipt", "erp.stock_move", "erp.credit_memo"]
    done(story)
    assert isinstance(story.state, Closed)
    assert story.asked[-1] == "erp.close"
    (credit,) = story.of(CreditApproved)
    assert (credit.net_minor, credit.tax_minor) == (40_00, 8_00)


def test_no_model_means_people() -> None:
    """With every model abstaining and every lane in review the case still completes."""
    lanes = {"disposition": "review", "credit": "review"}
    story = Story(FakePolicies(lanes=lanes))
    story.send(request())
    received(story)
    inspected(story)
    story.answer_models(NOON, disposition=None)
    (task,) = story.case.tasks
    assert (task.opened.point, task.opened.proposal) == ("disposition", None)
    with pytest.raises(Refused, match="no proposal"):
        story.send(DecideTask(task.opened.task_id, "approve", QUINN, NOON))
    story.send(DecideTask(task.opened.task_id, "override", QUINN, NOON, "restock", "seen", "fine"))
    story.answer_models(NOON)
    (task,) = story.case.tasks
    story.send(DecideTask(task.opened.task_id, "approve", FINN, NOON))
    done(story)
    assert isinstance(story.state, Closed)


def test_split_portion_moves_and_credits_each_part() -> None:
    """A portion may be split over dispositions; the credits add up without losing a cent."""
    story = Story()
    story.send(request(line(quantity="3", delivered="3", net_minor=100_00)))
    received(story, "3")
    inspected(story, "3", "damaged")
    parts = (
        DispositionPart("restock", Decimal(1)),
        DispositionPart("return_to_vendor", Decimal(2)),
    )
    story.send(DisposePortion("1.1", parts, QUINN, NOON))
    story.answer_models(NOON)
    assert [e.payload["quantity"] for e in story.effects if e.kind == "erp.stock_move"] == [
        "1",
        "2",
    ]
    assert story.asked.count("erp.supplier_claim") == 1
    amounts = [c.net_minor for c in story.of(CreditApproved)]
    assert sum(amounts) == 100_00 and len(amounts) == 2


def test_inspector_cannot_confirm_own_disposition() -> None:
    """What an inspector proposes, somebody else confirms."""
    story = Story()
    story.send(request())
    received(story)
    inspected(story)
    both = Actor("ines", frozenset({"inspector", "quality"}))
    parts = (DispositionPart("scrap", Decimal(4)),)
    story.send(DisposePortion("1.1", parts, both, NOON))
    assert not story.of(DispositionConfirmed)
    (task,) = story.case.tasks
    with pytest.raises(Refused) as no:
        story.send(DecideTask(task.opened.task_id, "approve", both, NOON))
    assert no.value.code == "own_inspection"
    story.send(DecideTask(task.opened.task_id, "approve", QUINN, NOON))
    assert story.of(DispositionConfirmed)[0].parts == parts


def test_over_return_is_refused_across_lines_of_one_request() -> None:
    """Two lines of one request may not take more of a source line than is left."""
    first = line(quantity="6")
    second = line(quantity="5")
    with pytest.raises(Refused) as no:
        Story().send(request(first, second))
    assert no.value.code == "over_return"
    assert "4 still returnable" not in no.value.message and "10 delivered" in no.value.message


def test_earlier_returns_count() -> None:
    """What other returns took of the invoice line cannot be returned again."""
    with pytest.raises(Refused, match="3 still returnable"):
        Story().send(request(line(quantity="4", returned_before="7")))


def test_credit_never_above_what_is_left() -> None:
    """The credit is capped at invoiced less credited before, and an override cannot exceed it."""
    story = Story(FakePolicies(lanes={"credit": "review"}))
    story.send(request(line(quantity="4", credited_before_minor=70_00)))
    received(story)
    inspected(story)
    story.answer_models(NOON)
    (task,) = story.case.tasks
    assert task.opened.amount_minor == 30_00
    with pytest.raises(Refused) as no:
        story.send(DecideTask(task.opened.task_id, "override", FINN, NOON, "3001", "goodwill", "x"))
    assert no.value.code == "over_credit"
    story.send(DecideTask(task.opened.task_id, "override", FINN, NOON, "2500", "goodwill", "worn"))
    assert story.of(CreditApproved)[0].net_minor == 25_00


def test_requester_wrong_role_and_limit_are_refused() -> None:
    """Own requests, foreign roles and amounts above a limit are refused, each by its code."""
    story = Story(
        FakePolicies(
            authorisation=v("ask_human", "returns_manager"),
            limits={"returns_manager": 10_00, "finance_lead": 10_00},
        )
    )
    boss = Actor("pam", frozenset({"returns_manager"}))
    story.send(request())
    task = story.case.tasks[0].opened.task_id
    for actor, code in ((FINN, "wrong_role"), (boss, "own_request"), (MIA, "over_limit")):
        with pytest.raises(Refused) as no:
            story.send(DecideTask(task, "approve", actor, NOON))
        assert no.value.code == code
    with pytest.raises(Refused) as no:
        story.send(DecideTask(task, "approve", SYSTEM, NOON))
    assert no.value.code == "wrong_role"
    story.send(DecideTask(task, "escalate", MIA, NOON))
    assert story.case.tasks[0].opened.role == "finance_lead"
    story.policies.limits = {}
    story.send(DecideTask(story.case.tasks[0].opened.task_id, "approve", LEA, NOON))
    assert isinstance(story.state, Authorised) and story.state.authority.by == "lea"


def test_dual_control_needs_two_people() -> None:
    """Under dual control the same person cannot say yes twice, and nothing happens before."""
    story = Story(FakePolicies(lanes={"credit": "dual_control"}))
    story.send(request())
    received(story)
    inspected(story)
    story.answer_models(NOON)
    task = story.case.tasks[0].opened.task_id
    story.send(DecideTask(task, "approve", FINN, NOON))
    assert not story.of(CreditApproved)
    with pytest.raises(Refused) as no:
        story.send(DecideTask(task, "approve", FINN, NOON))
    assert no.value.code == "already_decided"
    story.send(DecideTask(task, "approve", LEA, NOON))
    assert [d.final for d in story.of(TaskDecided)] == [False, True]
    assert len(story.of(CreditApproved)) == 1


def test_two_people_agree_to_the_same_amount() -> None:
    """A yes is said to what the first of two named, and who names another amount is a first one."""
    story = Story(FakePolicies(lanes={"credit": "dual_control"}))
    story.send(request())
    received(story)
    inspected(story)
    story.answer_models(NOON)
    task = story.case.tasks[0].opened.task_id
    story.send(
        DecideTask(task, "override", FINN, NOON, value="1000", reason_code="worn", note="Worn.")
    )
    story.send(
        DecideTask(task, "override", LEA, NOON, value="1500", reason_code="worn", note="Worn.")
    )
    assert not story.of(CreditApproved)
    assert [t.approved_by for t in story.case.tasks] == [(LEA.id,)]
    story.send(DecideTask(task, "approve", FINN, NOON))
    assert [c.net_minor for c in story.of(CreditApproved)] == [1500]


def test_short_receipt_gives_up_the_rest() -> None:
    """A final short receipt names what is missing, and the case closes without it."""
    story = Story()
    story.send(request())
    received(story, "3", final=True)
    assert story.of(GoodsReceived)[0].lines[0].discrepancies == ("short",)
    inspected(story, "3")
    story.answer_models(NOON)
    done(story)
    assert isinstance(story.state, Closed)
    assert story.of(CreditApproved)[0].net_minor == 30_00


def test_over_receipt_asks_and_can_be_sent_back() -> None:
    """A surplus is not received until a person says so; sending it back is an effect."""
    story = Story()
    story.send(request())
    received(story, "5")
    assert story.line().received == 4
    task = story.case.tasks[0].opened
    assert (task.point, task.quantity) == ("receipt", Decimal(1))
    story.send(DecideTask(task.task_id, "approve", MIA, NOON))
    assert story.of(SurplusSettled)[0].outcome == "sent_back"
    assert story.effects[-1].payload["to_status"] == "at_customer"


def test_over_receipt_accepted_only_within_what_was_delivered() -> None:
    """Accepting a surplus cannot return more than was delivered."""
    for delivered, fine in (("5", True), ("4", False)):
        story = Story()
        story.send(request(line(quantity="4", delivered=delivered)))
        received(story, "5")
        task = story.case.tasks[0].opened.task_id
        accept = DecideTask(task, "override", MIA, NOON, "accept", "counted", "counted twice")
        if fine:
            story.send(accept)
            assert story.line().received == story.line().authorised == 5
        else:
            with pytest.raises(Refused, match="0 returnable"):
                story.send(accept)


def test_blind_and_wrong_items_never_join_a_line() -> None:
    """Goods nobody announced go back or into quarantine, whatever was asked."""
    story = Story()
    story.send(request())
    goods = (ReceiptLine(None, "SKU-9", Decimal(2)), ReceiptLine(1, "SKU-8", Decimal(1)))
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, NOON))
    assert [x.discrepancies for x in story.of(GoodsReceived)[0].lines] == [
        ("blind",),
        ("blind", "wrong_item"),
    ]
    tasks = [task.opened for task in story.case.tasks]
    assert len(tasks) == 2 and all("accept" not in task.allowed for task in tasks)


def test_wrong_lot_on_request_and_on_receipt() -> None:
    """A declared lot that was not shipped is refused; a received one is recorded as it is."""
    with pytest.raises(Refused) as no:
        Story().send(request(line(lot="L2", shipped_lot="L1")))
    assert no.value.code == "wrong_lot"
    story = Story()
    story.send(request(line(shipped_lot="L1")))
    received(story, lot="L2")
    assert story.of(GoodsReceived)[0].lines[0].discrepancies == ("wrong_lot",)


def test_refused_by_rule_and_by_person() -> None:
    """An ineligible request is refused with the rule's sentence; a person refuses with a reason."""
    story = Story(FakePolicies(authorisation=v("refuse"), eligibility=v("ineligible")))
    story.send(request())
    assert isinstance(story.state, Declined)
    assert "line 1" in story.of(ReturnRefused)[0].because
    story = Story(FakePolicies(authorisation=v("ask_human", "returns_manager")))
    story.send(request())
    task = story.case.tasks[0].opened.task_id
    with pytest.raises(Refused) as no:
        story.send(DecideTask(task, "reject", MIA, NOON))
    assert no.value.code == "reason_required"
    story.send(DecideTask(task, "reject", MIA, NOON, None, "not_ours", "Bought elsewhere."))
    assert isinstance(story.state, Declined)


def test_expiry_and_cancellation() -> None:
    """An unused authorisation expires, a used one only gives up the rest; goods end cancelling."""
    late = NOON + timedelta(days=31)
    story = Story()
    story.send(request())
    assert story.send(ExpireAuthorisation(SYSTEM, NOON)) == []
    story.send(ExpireAuthorisation(SYSTEM, late))
    assert story.of(AuthorisationExpired)
    with pytest.raises(Refused, match="expired"):
        received(story)
    story = Story()
    story.send(request())
    received(story, "1")
    with pytest.raises(Refused) as no:
        story.send(CancelReturn("changed my mind", PAM, NOON))
    assert no.value.code == "wrong_state"
    story.send(ExpireAuthorisation(SYSTEM, late))
    assert story.line().outstanding == 0


def test_held_credit_pays_only_when_released() -> None:
    """A credit that waits for the vendor is no effect until somebody releases it."""
    story = Story(FakePolicies(credit=v("full", release="after_vendor_credit")))
    story.send(request())
    received(story)
    inspected(story)
    story.answer_models(NOON)
    assert "erp.credit_memo" not in story.asked
    done(story)
    assert isinstance(story.state, Authorised)
    story.send(ReleaseCredit(1, 1, "vendor paid", FINN, NOON))
    assert story.asked[-1] == "erp.credit_memo"
    done(story)
    assert isinstance(story.state, Closed)


def test_denied_credit_still_closes() -> None:
    """A denial is a money decision like any other: no memo, and the case can close."""
    story = Story(FakePolicies(credit=v("deny")))
    story.send(request())
    received(story)
    inspected(story)
    story.answer_models(NOON)
    assert story.of(CreditDenied) and "erp.credit_memo" not in story.asked
    done(story)
    assert story.of(ReturnClosed)


def test_pricing_needs_no_goods() -> None:
    """A billing error is settled in money alone and takes no returnable quantity."""
    story = Story()
    story.send(request(line(stated="pricing_or_billing", returned_before="10")))
    assert isinstance(story.state, Authorised) and not story.state.authority.goods_required
    story.answer_models(NOON)
    (credit,) = story.of(CreditApproved)
    assert (credit.decision, credit.net_minor) == ("value_only", 40_00)
    with pytest.raises(Refused, match="without goods"):
        received(story)


def test_effects_are_acknowledged_once_and_parked_ones_can_still_succeed() -> None:
    """Hearing twice that the world obeyed changes nothing; a parked effect can be retried."""
    story = Story()
    story.send(request())
    key = story.effects[-1].key
    story.send(ParkEffect(key, "erp.rma", "ERP said no", SYSTEM, NOON))
    assert story.case.effects[key] == "parked"
    assert story.send(AcknowledgeEffect(key, "erp.rma", "RMA-1", SYSTEM, NOON))
    assert story.send(AcknowledgeEffect(key, "erp.rma", "RMA-1", SYSTEM, NOON)) == []
    assert story.send(ParkEffect(key, "erp.rma", "late", SYSTEM, NOON)) == []


def test_reason_waits_for_model_then_person() -> None:
    """A free text waits for the model; below the automatic lane a person settles it."""
    story = Story(FakePolicies(lanes={"reason": "review"}))
    story.send(request(line(stated=None)))
    assert isinstance(story.state, UnderReview) and story.effects[0].kind == "assess"
    story.answer_models(NOON)
    task = story.of(TaskOpened)[0]
    assert task.proposal == "wrong_item"
    with pytest.raises(Refused) as no:
        story.send(DecideTask(task.task_id, "override", MIA, NOON, "bored", "other", "x"))
    assert no.value.code == "not_allowed_value"
    story.send(DecideTask(task.task_id, "override", MIA, NOON, "recall", "seen", "recall notice"))
    assert status_of(story.state) == "authorised"


def test_a_claim_says_until_when_it_may_be_made() -> None:
    """The supplier's window runs from the delivery: 90 days from 31 October end on 29 January."""
    story = Story()
    story.send(request())
    received(story)
    inspected(story, condition="defective")
    story.answer_models(NOON, disposition="return_to_vendor")
    (claim,) = [effect for effect in story.effects if effect.kind == "erp.supplier_claim"]
    assert claim.payload["claim_by"] == "2027-01-29"
