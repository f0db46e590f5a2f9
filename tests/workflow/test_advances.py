"""Credit or goods before the goods are back: given, settled, charged back, let go."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.erp.accounts import INTERIM
from integrations.erp.postings import balances, postings
from tests.workflow.fakes import (
    FINN,
    INES,
    LEA,
    MIA,
    NOON,
    PAM,
    WALT,
    FakePolicies,
    Story,
    line,
    request,
    verdict,
)
from workflow.actor import SYSTEM
from workflow.commands import (
    AcknowledgeEffect,
    AskForGoods,
    CancelReturn,
    DecideTask,
    ExpireAuthorisation,
    InspectLine,
    ReceiptLine,
    ReceiveGoods,
)
from workflow.events import (
    AdvanceChargedBack,
    AdvanceJudged,
    AdvanceLetGo,
    AdvanceSettled,
    AuthorisationExpired,
    CreditApproved,
    CreditDenied,
    CreditProposed,
    CreditWithdrawn,
    GoodsAwaited,
    TaskOpened,
)
from workflow.refused import Refused
from workflow.state import Authorised, Closed

WHY = ("other", "Seen.")


def asked(wanted: str = "credit", policies: FakePolicies | None = None, **more: str) -> Story:
    """Four of ten, 40.00 of 100.00 net, wanted before the goods are back."""
    story = Story(policies or FakePolicies())
    story.send(request(replace(line(**more), advance=wanted)))  # type: ignore[arg-type]
    story.answer_models(NOON)
    return story


def came(story: Story, quantity: str, condition: str = "sealed", *, final: bool = True) -> None:
    goods = (ReceiptLine(1, "SKU-1", Decimal(quantity)),) if Decimal(quantity) else ()
    count = len(story.case.receipts) + 1
    story.send(ReceiveGoods(f"GR-{count}", "W1", goods, WALT, NOON, final))
    waiting = story.line().received - story.line().inspected
    if waiting:
        story.send(InspectLine(1, waiting, condition, INES, NOON))
        story.answer_models(NOON)


def done(story: Story) -> None:
    while left := [e for e in story.effects if story.case.effects.get(e.key) == "asked"]:
        for effect in left:
            story.send(AcknowledgeEffect(effect.key, effect.kind, "DOC", SYSTEM, NOON))
        if all("/assess/" in e.key or e.kind == "erp.close" for e in left):
            return


def decide(story: Story, decision: str, value: str | None = None, who: object = FINN) -> None:
    (task,) = story.case.tasks
    story.send(DecideTask(task.opened.task_id, decision, who, NOON, value, *WHY))  # type: ignore[arg-type]


def balance(story: Story) -> int:
    """What the credit memos of a case pay, less what is charged back; net and tax."""
    sign = {"erp.credit_memo": 1, "erp.charge_back": -1}
    paid = [e for e in story.effects if e.kind in sign]
    return sum(
        sign[e.kind] * (int(str(e.payload["net_minor"])) + int(str(e.payload["tax_minor"])))
        for e in paid
    )


def test_what_was_advanced_is_not_credited_again() -> None:
    """The memo goes out with the authorisation; the same goods then earn nothing more, and the
    case closes only when they are there."""
    story = asked()
    (memo,) = [e for e in story.effects if e.kind == "erp.credit_memo"]
    assert (memo.key, memo.payload["net_minor"], memo.payload["tax_minor"]) == (
        "R-1001/1/credit/1", 40_00, 8_00,
    )  # fmt: skip
    assert story.line().credited_minor == story.line().promised_minor == 40_00
    done(story)
    assert isinstance(story.state, Authorised)
    came(story, "4")
    done(story)
    (settled,) = story.of(AdvanceSettled)
    assert (settled.given_minor, settled.entitled_minor) == (40_00, 40_00)
    assert isinstance(story.state, Closed)
    assert [e.kind for e in story.effects].count("erp.credit_memo") == 1
    assert not story.of(TaskOpened)


def test_a_person_decides_within_the_limits_of_credits() -> None:
    """Asked by policy: a task for whoever the policy or the limits name, whatever the model says;
    denied, the goods are credited when they are back."""
    policies = FakePolicies(
        advance=verdict("ask_human", "finance_clerk"),
        limits={"finance_clerk": 39_99, "finance_lead": 39_99},
    )
    story = asked(policies=policies)
    (task,) = story.of(TaskOpened)
    assert (task.point, task.role, task.amount_minor) == ("credit", "finance_clerk", 40_00)
    assert "erp.credit_memo" not in story.asked
    with pytest.raises(Refused) as no:
        decide(story, "approve")
    assert no.value.code == "over_limit"
    decide(story, "reject")
    assert story.of(CreditDenied) and story.line().advance is None
    came(story, "4")
    assert [c.kind for c in story.of(CreditProposed)] == ["advance", "goods"]
    done(story)
    assert isinstance(story.state, Closed) and story.line().credited_minor == 40_00


def test_refused_with_the_reason() -> None:
    """The verdict is kept; nothing is paid before the goods are back."""
    story = asked(policies=FakePolicies(advance=verdict("refuse")))
    (said,) = story.of(AdvanceJudged)
    assert (said.wanted, said.value_minor, said.verdict.outcome) == ("credit", 40_00, "refuse")
    assert not story.of(CreditProposed)


def test_goods_that_come_first_end_the_question() -> None:
    """Nobody is asked about an advance any more once the goods are there."""
    story = asked(policies=FakePolicies(advance=verdict("ask_human", "finance_clerk")))
    came(story, "4")
    assert story.of(CreditWithdrawn) and not story.case.tasks
    assert story.line().credited_minor == 40_00
    done(story)
    assert isinstance(story.state, Closed)


def test_half_a_return_is_charged_back_for_the_other_half() -> None:
    """Two of four came: a finance clerk confirms 20.00 and its tax, and the case closes at what
    the goods earn."""
    story = asked()
    came(story, "2")
    (task,) = story.case.tasks
    opened = task.opened
    assert (opened.point, opened.role, opened.amount_minor) == (
        "charge_back",
        "finance_clerk",
        2000,
    )
    decide(story, "approve")
    (charge,) = [e for e in story.effects if e.kind == "erp.charge_back"]
    assert (charge.key, charge.payload["net_minor"], charge.payload["tax_minor"]) == (
        "R-1001/1/charge_back/1", 20_00, 4_00,
    )  # fmt: skip
    done(story)
    assert isinstance(story.state, Closed)
    assert story.line().credited_minor == 20_00 and balance(story) == 24_00


def test_worse_goods_earn_less() -> None:
    """Less by the credit policy is charged back, more by it is credited as the rest."""
    worse = FakePolicies(credit=verdict("partial", percent="30", release="on_approval"))
    story = asked(policies=worse)
    came(story, "4")
    decide(story, "approve")
    assert story.of(AdvanceChargedBack)[0].net_minor == 28_00
    better = FakePolicies(advance=verdict("give", percent="50"))
    story = asked(policies=better)
    came(story, "4")
    assert [(c.kind, c.net_minor, c.tax_minor) for c in story.of(CreditProposed)] == [
        ("advance", 20_00, 4_00),
        ("rest", 20_00, 4_00),
    ]
    done(story)
    assert isinstance(story.state, Closed) and balance(story) == 48_00


def test_a_part_is_charged_and_the_rest_asked_of_another() -> None:
    """Letting go is a write-off: whoever asks for it may not approve it, and a no asks again."""
    policies = FakePolicies()
    story = asked(policies=policies)
    came(story, "2")
    policies.limit = verdict("ask_human", "finance_lead")
    decide(story, "override", "1500")
    (task,) = story.case.tasks
    assert (task.opened.point, task.opened.amount_minor) == ("let_go", 5_00)
    with pytest.raises(Refused) as no:
        decide(story, "approve")
    assert no.value.code == "wrong_role"
    decide(story, "reject", who=LEA)
    (task,) = story.case.tasks
    assert (task.opened.point, task.opened.amount_minor) == ("charge_back", 5_00)
    decide(story, "override", "let_go", LEA)
    with pytest.raises(Refused) as no:
        decide(story, "approve", who=LEA)
    assert no.value.code == "own_request"
    other = replace(LEA, id="lou")
    decide(story, "approve", who=other)
    assert [gone.amount_minor for gone in story.of(AdvanceLetGo)] == [5_00]
    done(story)
    assert isinstance(story.state, Closed) and story.line().credited_minor == 25_00


def test_no_more_is_charged_than_was_given_and_not_earned() -> None:
    """An amount above the difference is refused, as is a plain no."""
    story = asked()
    came(story, "2")
    for decision, value, code in (
        ("override", "2001", "over_credit"), ("override", "x", "not_allowed_value"),
        ("reject", None, "invalid_decision"),
    ):  # fmt: skip
        with pytest.raises(Refused) as no:
            decide(story, decision, value)
        assert no.value.code == code


def test_goods_that_never_come() -> None:
    """Past the day customer service is asked; it may wait again as often as the policy says, and
    then has it charged back or let go. The authorisation lasts as long as the wait."""
    policies = FakePolicies(
        advance=verdict("give", goods_days="40", extend_days="5", extensions="1")
    )
    story = asked(policies=policies)
    assert isinstance(story.state, Authorised)
    assert story.state.authority.expires_at == NOON + timedelta(days=40)
    late = NOON + timedelta(days=41)
    assert story.send(AskForGoods(SYSTEM, NOON)) == []
    assert story.send(ExpireAuthorisation(SYSTEM, late)) == []
    story.send(AskForGoods(SYSTEM, late))
    assert story.send(AskForGoods(SYSTEM, late)) == []
    (task,) = story.case.tasks
    assert (task.opened.point, task.opened.role) == ("advance", "customer_service")
    with pytest.raises(Refused):
        decide(story, "override", "extend", PAM)  # her own request
    decide(story, "override", "extend", MIA)
    assert story.of(GoodsAwaited)[0].goods_due == NOON + timedelta(days=5)
    story.send(AskForGoods(SYSTEM, late))
    assert story.case.tasks[0].opened.allowed == ("charge_back", "let_go")
    decide(story, "override", "charge_back", MIA)
    assert story.line().outstanding == 0
    decide(story, "approve")
    done(story)
    assert isinstance(story.state, Closed)
    assert story.line().credited_minor == balance(story) == 0
    assert not story.of(AuthorisationExpired)


def test_let_go_within_the_systems_limit() -> None:
    """Customer service lets it go: within the limit of write-offs nobody else is asked."""
    story = asked()
    story.send(AskForGoods(SYSTEM, NOON + timedelta(days=15)))
    decide(story, "override", "let_go", MIA)
    (gone,) = story.of(AdvanceLetGo)
    assert (gone.amount_minor, gone.asked_by, gone.approved_by) == (40_00, "mia", "system")
    done(story)
    assert isinstance(story.state, Closed) and story.line().credited_minor == 40_00


def test_late_goods_are_taken_while_an_advance_waits() -> None:
    """The day is a question to customer service, no door that shuts; the question is withdrawn."""
    story = asked()
    late = NOON + timedelta(days=50)
    story.send(AskForGoods(SYSTEM, late))
    goods = (ReceiptLine(1, "SKU-1", Decimal(4)),)
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, late))
    assert not story.case.tasks and story.line().received == 4


def test_a_replacement_in_advance_is_charged_as_invoiced() -> None:
    """It takes the value of the line at once; goods that do not come are charged as invoiced."""
    story = asked("replacement")
    (order,) = [e for e in story.effects if e.kind == "erp.replacement"]
    assert (order.key, order.payload["quantity"]) == ("R-1001/1/replacement/1", "4")
    assert (story.line().credited_minor, story.line().promised_minor) == (0, 40_00)
    came(story, "3")
    decide(story, "approve")
    (charge,) = [e for e in story.effects if e.kind == "erp.charge_back"]
    assert (charge.payload["net_minor"], charge.payload["tax_minor"]) == (10_00, 2_00)
    assert charge.payload["given"] == "replacement"
    assert "erp.credit_memo" not in story.asked
    done(story)
    assert isinstance(story.state, Closed)
    assert story.line().promised_minor == 30_00


def test_an_amount_is_no_answer_to_a_replacement() -> None:
    """It is approved or denied."""
    policies = FakePolicies(advance=verdict("ask_human", "finance_clerk"))
    story = asked("replacement", policies)
    assert story.case.tasks[0].opened.amount_minor == 40_00
    with pytest.raises(Refused) as no:
        decide(story, "override", "4000")
    assert no.value.code == "not_allowed_value"


def test_what_was_given_cannot_be_cancelled() -> None:
    """A denied advance is no hindrance, a given one is."""
    story = asked(policies=FakePolicies(advance=verdict("ask_human", "finance_clerk")))
    decide(story, "reject")
    story.send(CancelReturn("changed my mind", PAM, NOON))
    story = asked()
    with pytest.raises(Refused) as no:
        story.send(CancelReturn("changed my mind", PAM, NOON))
    assert no.value.code == "wrong_state"


def test_more_goods_after_the_end_are_credited_by_themselves() -> None:
    """A surplus that is accepted later earns its own credit, at its own share."""
    story = asked()
    came(story, "5", final=False)
    assert story.of(AdvanceSettled)
    (task,) = story.case.tasks
    assert task.opened.point == "receipt"
    decide(story, "override", "accept", MIA)
    story.send(InspectLine(1, Decimal(1), "sealed", INES, NOON))
    story.answer_models(NOON)
    assert [c.net_minor for c in story.of(CreditApproved)] == [40_00, 10_00]


PEOPLE = (PAM, MIA, FINN, LEA, replace(LEA, id="lou"))


def attempt(story: Story, command: object) -> None:
    try:
        story.send(command)  # type: ignore[arg-type]
    except Refused:
        return


def answer(story: Story, data: st.DataObject) -> None:
    """Somebody decides the first task in some way, if they may."""
    for task in story.case.tasks[:1]:
        who = data.draw(st.sampled_from(PEOPLE))
        decision = data.draw(st.sampled_from(["approve", "override", "override", "reject"]))
        value = data.draw(
            st.sampled_from(["extend", "charge_back", "let_go", "accept", "0", "1", "700"])
        )
        attempt(story, DecideTask(task.opened.task_id, decision, who, NOON, value, *WHY))


def step(story: Story, data: st.DataObject) -> None:
    match data.draw(st.sampled_from(["goods", "judge", "answer", "answer", "late"])):
        case "goods":
            quantity = Decimal(data.draw(st.sampled_from(["0.5", "1", "3"])))
            goods = (ReceiptLine(1, "SKU-1", quantity),)
            number, final = len(story.case.receipts) + 1, data.draw(st.booleans())
            attempt(story, ReceiveGoods(f"GR-{number}", "W1", goods, WALT, NOON, final))
        case "judge":
            waiting = story.line().received - story.line().inspected
            attempt(story, InspectLine(1, min(waiting, Decimal(2)), "used", INES, NOON))
            story.answer_models(NOON, data.draw(st.sampled_from(["restock", "scrap"])))
        case "answer":
            answer(story, data)
        case _:
            attempt(story, AskForGoods(SYSTEM, NOON + timedelta(days=30)))


def finish(story: Story) -> None:
    """Whatever is open is brought to its end."""
    for _ in range(12):
        if story.line().advance is not None:
            attempt(story, AskForGoods(SYSTEM, NOON + timedelta(days=60)))
        elif not story.case.tasks:
            attempt(story, ReceiveGoods("GR-end", "W1", (), WALT, NOON, True))
        waiting = story.line().received - story.line().inspected
        attempt(story, InspectLine(1, waiting, "used", INES, NOON))
        story.answer_models(NOON)
        for task in story.case.tasks:
            choice = "charge_back" if task.opened.point == "advance" else None
            for who in PEOPLE:
                say = "override" if choice else "approve"
                attempt(story, DecideTask(task.opened.task_id, say, who, NOON, choice, *WHY))
        done(story)


@given(
    wanted=st.sampled_from(["credit", "replacement"]),
    advance=st.sampled_from(["100", "60", "33"]),
    outcome=st.sampled_from(["full", "partial", "replace", "deny"]),
    percent=st.sampled_from(["100", "70", "0"]),
    asks=st.booleans(),
    before=st.sampled_from([0, 61_01, 75_00]),
    data=st.data(),
)
@settings(max_examples=40, deadline=None)
def test_any_history_ends_at_what_was_decided(
    wanted: str,
    advance: str,
    outcome: str,
    percent: str,
    asks: bool,
    before: int,
    data: st.DataObject,
) -> None:
    """Advance and later credits less charge-backs are never below nothing nor above what was
    invoiced and not credited before; at the end they are what the goods earned and what was let
    go; the ledger balances, and owes the customer exactly that."""
    policies = FakePolicies(
        advance=verdict("ask_human" if asks else "give", "finance_clerk", percent=advance),
        credit=verdict(outcome, percent=percent, release="on_approval"),
    )
    story = asked(wanted, policies, net_minor=99_99, tax_minor=7_77, credited_before_minor=before)  # type: ignore[arg-type]
    policies.limit = verdict("ask_human", "finance_lead") if asks else verdict("automatic")
    for _ in range(data.draw(st.integers(0, 8))):
        if not isinstance(story.state, Authorised):
            break
        step(story, data)
        assert 0 <= story.line().credited_minor <= story.line().promised_minor <= 99_99 - before
    if isinstance(story.state, Authorised):
        finish(story)
    assert isinstance(story.state, Closed), story.case.tasks
    given_line = story.line()
    end = given_line.advance
    if end is not None and end.settled is not None:
        earned = end.settled.entitled_minor
        later = [c for c in given_line.credits if c.proposed.kind == "rest"]
        assert end.kept_minor == min(earned, end.value_minor) + end.let_go_minor
        assert bool(later) == (earned > end.value_minor)
        assert all(c.proposed.net_minor == earned - end.value_minor for c in later)
    rows = [
        {"key": e.key, "kind": e.kind, "return_id": e.return_id, "payload": e.payload,
         "status": "done", "reference": "DOC"} for e in story.effects
    ]  # fmt: skip
    found = postings(rows)
    assert all(posting.fault is None for posting in found)
    held = {one.account: one.expected_minor for one in balances(found)}
    assert sum(held.values()) == held[INTERIM] == 0
    assert held.get("accounts_receivable", 0) == -balance(story)
    assert -held.get("sales_returns", 0) == -given_line.credited_minor + sum(
        charge.net_minor
        for charge in story.of(AdvanceChargedBack)
        if given_line.advance and given_line.advance.kind == "replacement"
    )
