"""Goods that come back to another unit: charged at cost, mirrored, and the customer paid once."""

from collections import Counter
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.erp.accounts import BEYOND_COST
from integrations.erp.fake import FakeErp
from integrations.perform import perform
from tests.workflow.fakes import INES, MIA, NOON, WALT, FakePolicies, Story, request, verdict
from workflow.commands import DecideTask, InspectLine, ReceiptLine, ReceiveGoods
from workflow.effects import Effect
from workflow.events import CreditApproved, IntercompanyCharged
from workflow.intercompany import LEAVES
from workflow.refused import Refused

COST_MINOR = 6_00
OWN = "industrial"


def receive(story: Story, unit: str, quantity: str = "4", number: int = 1) -> None:
    goods = (ReceiptLine(1, "SKU-1", Decimal(quantity)),)
    story.send(ReceiveGoods(f"GR-{number}", f"W-{unit}", goods, WALT, NOON, unit=unit))


def dispose(story: Story, disposition: str, quantity: str = "4") -> None:
    story.send(InspectLine(1, Decimal(quantity), "defective", INES, NOON))
    story.answer_models(NOON, disposition)


def books(effects: list[Effect], times: int = 1) -> dict[tuple[str | None, str], int]:
    """(unit, account) -> debits less credits, each effect performed so many times."""
    erp, balance = FakeErp(), Counter[tuple[str | None, str]]()
    for _ in range(times):
        for effect in effects:
            if effect.kind != "assess":
                perform(effect.kind, effect.key, effect.return_id, effect.payload, erp, NOON)
    for entries in erp.gl.values():
        for account, debit, credit, company in entries:
            balance[company, account] += debit - credit
    return {place: amount for place, amount in balance.items() if amount}


def test_the_receiving_unit_owes_the_cost_to_the_one_that_sold() -> None:
    """Both halves stand against the cost of sales; a restock changes nothing more."""
    story = Story()
    story.send(request())
    receive(story, "food")
    (charged,) = story.of(IntercompanyCharged)
    assert (charged.owing_unit, charged.owed_unit) == ("food", OWN)
    dispose(story, "restock")
    assert len(story.of(IntercompanyCharged)) == 1
    held = books(story.effects)
    assert held["food", "intercompany_payable"] == -4 * COST_MINOR
    assert held[OWN, "intercompany_receivable"] == 4 * COST_MINOR
    assert held["food", "cost_of_goods_sold"] == 4 * COST_MINOR
    assert held[OWN, "cost_of_goods_sold"] == -4 * COST_MINOR


def test_what_is_scrapped_is_charged_back() -> None:
    """The loss is the selling unit's, so neither owes the other anything in the end."""
    story = Story()
    story.send(request())
    receive(story, "food")
    dispose(story, "scrap")
    _, back = story.of(IntercompanyCharged)
    assert (back.owing_unit, back.owed_unit, back.status) == (OWN, "food", "scrapped")
    held = books(story.effects)
    assert held["food", "intercompany_payable"] + held["food", "intercompany_receivable"] == 0
    assert held[OWN, "scrap_expense"] == 4 * COST_MINOR
    assert held["food", "scrap_expense"] == -4 * COST_MINOR  # its own scrap is taken back


def test_ones_own_warehouse_and_one_that_nobody_registered_charge_nobody() -> None:
    """The usual return has no intercompany document."""
    for unit in (OWN, ""):
        story = Story()
        story.send(request())
        receive(story, unit)
        dispose(story, "scrap")
        assert story.of(IntercompanyCharged) == []


def test_a_transfer_price_is_charged_and_charged_back_apart_from_the_cost() -> None:
    """What it adds stands in an account of its own, in both books; the stock stays at cost."""
    story = Story(FakePolicies(transfer_price=verdict("charge", percent="15")))
    story.send(request())
    receive(story, "food")
    (charged,) = story.of(IntercompanyCharged)
    assert (charged.lines[0].amount_minor, charged.lines[0].margin_minor) == (27_60, 3_60)
    held = books(story.effects)
    assert held["food", "intercompany_payable"] == -27_60
    assert held["food", BEYOND_COST] == 3_60 == -held[OWN, BEYOND_COST]
    assert held["food", "cost_of_goods_sold"] == 4 * COST_MINOR
    dispose(story, "scrap", "3")
    held = books(story.effects)
    assert held["food", BEYOND_COST] == 90 == -held[OWN, BEYOND_COST]
    owed = held["food", "intercompany_payable"] + held["food", "intercompany_receivable"]
    assert owed == -6_90


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("receive"),
            st.sampled_from(["food", "pharma", OWN, ""]),
            st.sampled_from(["0.5", "1", "2", "4"]),
        ),
        st.tuples(
            st.just("dispose"),
            st.sampled_from(["restock", "return_to_vendor", "quarantine", *LEAVES]),
            st.sampled_from(["0.5", "1", "2"]),
        ),
        st.tuples(
            st.just("surplus"),
            st.sampled_from(["accept", "return_to_customer", "quarantine"]),
            st.just(""),
        ),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, times=st.integers(1, 3), percent=st.sampled_from([0, 7, 15, 100]))
def test_whatever_the_order_and_the_retries_the_units_agree(
    steps: list[tuple[str, str, str]], times: int, percent: int
) -> None:
    """What one is owed the others owe, to the minor unit; either half of a document balances; a
    unit owes the price of what it still has; and the customer is credited as often as decided."""
    story = Story(FakePolicies(transfer_price=verdict("charge", percent=str(percent))))
    story.send(request())
    for number, (what, which, quantity) in enumerate(steps):
        try:
            _step(story, number, what, which, quantity)
        except Refused:
            continue
    held = books(story.effects, times)
    accounts = ("intercompany_receivable", "intercompany_payable")
    assert sum(amount for (_, account), amount in held.items() if account in accounts) == 0
    assert sum(amount for (_, account), amount in held.items() if account == BEYOND_COST) == 0
    for unit in {company for company, _ in held if company}:
        assert sum(amount for (company, _), amount in held.items() if company == unit) == 0
    for unit, kept in story.line().elsewhere.items():
        owes = sum(held.get((unit, account), 0) for account in accounts)
        assert owes == -kept.value_minor <= 0 and kept.quantity >= 0
        assert held.get((unit, BEYOND_COST), 0) == kept.margin_minor
    credited = sum(event.net_minor + event.tax_minor for event in story.of(CreditApproved))
    assert held.get((None, "accounts_receivable"), 0) == -credited
    assert story.line().credited_minor <= 100_00


def _step(story: Story, number: int, what: str, which: str, quantity: str) -> None:
    if what == "receive":
        receive(story, which, quantity, number)
    elif what == "dispose":
        dispose(story, which, quantity)
    else:
        tasks = [t.opened for t in story.case.tasks if t.opened.point == "receipt"]
        if tasks:
            decision = "approve" if which == tasks[0].proposal else "override"
            story.send(
                DecideTask(tasks[0].task_id, decision, MIA, NOON, which, "other", "As agreed.")
            )
