"""Why a line may not come back: every rule tried, and every other one that stands in the way."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings

from tests.workflow.fakes import NOON, line
from tests.workflow.packs import DELIVERED, KNOWN, case_of
from tests.workflow.test_policy_shipped import facts_of
from workflow.asking import eligibility_facts
from workflow.events import Verdict
from workflow.state import Line
from workflow.workdays import MONDAY_TO_FRIDAY

DAY = timedelta(days=1)


def judged(reason: str, **more: object) -> Verdict:
    case = case_of(reason, NOON, **more)
    facts = eligibility_facts(case, case.lines[0], NOON, MONDAY_TO_FRIDAY)
    return KNOWN.judge("eligibility", facts)


def also(reason: str, **more: object) -> list[str]:
    return [one.rule for one in judged(reason, **more).also]


def test_every_other_reason_is_told() -> None:
    """An old special order made for the customer is refused three times over."""
    old = {"delivered_at": NOON - 70 * DAY, "regulated": "none"}
    verdict = judged("no_longer_needed", item_class="custom", stocked=False, **old)
    assert verdict.rule == "made-for-customer"
    assert [one.rule for one in verdict.also] == ["unwanted-special-order", "unwanted-too-late"]
    assert all(one.outcome == "ineligible" and one.because for one in verdict.also)


def test_what_would_let_it_through_ends_the_list() -> None:
    """A special order that is defective is eligible, so nothing else is told of it; one that is
    on nobody's list but ours is told only what really stands in the way."""
    assert also("defective_on_arrival", stocked=False) == []
    assert also("no_longer_needed", returnable="never", regulated="none") == []
    assert also("no_longer_needed", returnable="never", stocked=False, regulated="none") == [
        "unwanted-special-order"
    ]


def test_a_reason_that_needs_an_unknown_fact_is_not_told() -> None:
    """Nobody knows when it was delivered: neither in time nor late is claimed."""
    verdict = judged("failed_in_service", delivered_at=None)
    assert (verdict.rule, verdict.also) == ("delivery-date-unknown", ())


@settings(max_examples=200, deadline=None)
@given(facts_of("eligibility"))
def test_what_is_also_told_refuses_and_stands_below(facts: dict[str, object]) -> None:
    """Never a rule that was tried, never one that lets through, and nothing beside a yes."""
    verdict = KNOWN.judge("eligibility", facts)
    rules = {rule.id: rule for rule in KNOWN["eligibility"].rules}
    told = [one.rule for one in verdict.also]
    assert not set(told) & {name for name, _ in verdict.trace}
    assert all(rules[name].outcome != "eligible" for name in told)
    assert verdict.outcome != "eligible" or not told


def test_windows_run_to_the_request_however_late_it_is_judged() -> None:
    """A reason that took us three days to settle costs the customer nothing; the date on the
    goods runs on."""
    case = case_of("damaged_in_transit", DELIVERED + timedelta(hours=5))
    later = DELIVERED + 3 * DAY
    facts = eligibility_facts(case, case.lines[0], later, MONDAY_TO_FRIDAY)
    assert (facts["hours_since_delivery"], facts["days_since_delivery"]) == (5, 0)
    dated = replace(case.lines[0].requested.facts, expires_on=later.date() + 2 * DAY)
    moved = Line(replace(case.lines[0].requested, facts=dated), reason="damaged_in_transit")
    found = eligibility_facts(case, moved, later, MONDAY_TO_FRIDAY)["remaining_life_days"]
    assert found == 2


def test_what_nobody_said_is_null_and_what_was_denied_is_false() -> None:
    """Flags of an item master that lists none are false; of one that says nothing, null."""
    silent, listed = line(), line()
    listed = replace(listed, facts=replace(listed.facts, flags=("seasonal",)))
    case = case_of("no_longer_needed", NOON)
    one, other = (
        eligibility_facts(case, Line(made), NOON, MONDAY_TO_FRIDAY) for made in (silent, listed)
    )
    assert (one["seasonal"], one["perishable"], one["barcode"]) == (None, None, None)
    assert (other["seasonal"], other["perishable"]) == (True, False)


def test_the_warranty_is_the_agreed_one_else_a_year() -> None:
    """The customer's or the item's days decide where there are any; the year is the policy's."""
    given = {"delivered_at": NOON - 400 * DAY}
    assert judged("failed_in_service", warranty_days=730, **given).rule == "warranty-in-time"
    assert judged("failed_in_service", **given).rule == "warranty-over"
    recent = {"delivered_at": NOON - 100 * DAY}
    assert judged("failed_in_service", warranty_days=90, **recent).rule == "warranty-over"
    assert judged("failed_in_service", **recent).rule == "warranty-year"
