"""Who lets a policy decide: drafts held to what the program asks, two people, days, variants."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.actor import Actor
from workflow.policy import Policies, Policy, load
from workflow.policy_ledger import (
    Draft,
    entries_of,
    proposed,
    published,
    read_entry,
    withdrawn,
)
from workflow.refused import Refused

FOLDER = Path(__file__).parents[2] / "policies"
SHIPPED = load(FOLDER)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
TODAY = NOON.date()
PAULA = Actor("paula", frozenset({"policy_author"}))
PAVEL = Actor("pavel", frozenset({"policy_author"}))
CREDIT = (FOLDER / "credit.toml").read_text(encoding="utf-8")
EXAMPLES = (FOLDER / "golden" / "credit.toml").read_text(encoding="utf-8")

SHIPS = SHIPPED["credit"].version


def draft(old: str = "", new: str = "", version: int = 0, **more: Any) -> Draft:
    """The shipped credit policy with one change, from today on unless said."""
    text = CREDIT.replace(f"version = {SHIPS}", f"version = {version or SHIPS + 1}", 1)
    assert not old or old in text
    return Draft(text.replace(old, new, 1), EXAMPLES, **({"effective": TODAY} | more))


def refusal(code: str, call: Any, *args: Any) -> Refused:
    with pytest.raises(Refused) as no:
        call(*args)
    assert no.value.code == code, no.value.message
    return no.value


def test_a_draft_is_proposed_and_published_by_somebody_else() -> None:
    """Text, version, digest and day are kept; the author is refused, so is a machine."""
    fact = proposed(SHIPPED, [], draft(note="Autumn."), PAULA, NOON)
    assert (fact.proposal_id, fact.version, fact.effective) == ("credit:1", SHIPS + 1, TODAY)
    assert fact.text and fact.examples and len(fact.digest) == 64
    refusal("proposer_is_approver", published, SHIPPED, [fact], "credit:1", PAULA, NOON)
    machine = replace(PAVEL, kind="service")
    refusal("wrong_role", published, SHIPPED, [fact], "credit:1", machine, NOON)
    clerk = Actor("finn", frozenset({"finance_clerk"}))
    refusal("wrong_role", published, SHIPPED, [fact], "credit:1", clerk, NOON)
    refusal("wrong_role", proposed, SHIPPED, [], draft(), clerk, NOON)
    refusal("unknown_proposal", published, SHIPPED, [fact], "credit:9", PAVEL, NOON)
    done = published(SHIPPED, [fact], "credit:1", PAVEL, NOON)
    assert (done.published_by, done.effective) == ("pavel", TODAY)
    refusal("already_decided", published, SHIPPED, [fact, done], "credit:1", PAVEL, NOON)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("outcome = \"deny\"", "outcome = \"shrug\"", "outcome 'shrug' is none of"),
        ("segment = {", "mood = { type = 'bool', says = 'Mood.' }\nsegment = {", "declares mood"),
        ("segment = {", "segment = { required = true,", "must declare segment with the type"),
        ("outcomes = [", "outcomes = [\"gift\", ", "has the outcome 'gift'"),
        ("[values]", "[values]\nbonus = { type = \"int\", unit = \"x\", says = \"B.\" }",
         "has the value 'bonus: int'"),
        ("percent = 50", "percent = 51", "expected"),
    ],
)  # fmt: skip
def test_what_does_not_check_is_not_proposed(old: str, new: str, says: str) -> None:
    """Its table, its examples, and what the program could not ask or act on."""
    no = refusal("policy_faults", proposed, SHIPPED, [], draft(old, new), PAULA, NOON)
    told = no.details["faults"]
    assert isinstance(told, list) and any(says in fault for fault in told), told


def test_what_is_old_or_unknown_is_not_proposed() -> None:
    """A past day, a version that is known, a policy nobody asks, a unit that is no code."""
    yesterday = TODAY - timedelta(days=1)
    refusal("past_date", proposed, SHIPPED, [], draft(effective=yesterday), PAULA, NOON)
    refusal("past_date", proposed, SHIPPED, [], draft(effective=None), PAULA, NOON)
    refusal("stale_policy", proposed, SHIPPED, [], draft(version=SHIPS), PAULA, NOON)
    other = draft('name = "credit"', 'name = "gifts"')
    refusal("unknown_policy", proposed, SHIPPED, [], other, PAULA, NOON)
    refusal("policy_faults", proposed, SHIPPED, [], draft(unit="../x"), PAULA, NOON)


def test_of_two_drafts_of_one_version_one_is_published() -> None:
    """The other starts again from what is there now, though this program has not seen it yet."""
    first = proposed(SHIPPED, [], draft(), PAULA, NOON)
    second = proposed(SHIPPED, [first], draft("percent = 30", "percent = 30 "), PAVEL, NOON)
    later = TODAY + timedelta(days=9)
    done = published(SHIPPED, [first, second], "credit:1", PAVEL, NOON, later)
    history = [first, second, done]
    refusal("stale_policy", published, SHIPPED, history, "credit:2", PAULA, NOON)
    third = draft(version=SHIPS + 2, effective=later - timedelta(days=1))
    refusal("stale_policy", proposed, SHIPPED, history, third, PAULA, NOON)


def test_a_withdrawn_version_gives_way_to_the_one_before() -> None:
    """From that moment on; what was in force in between stays told. A reason is needed."""
    fact = proposed(SHIPPED, [], draft(), PAULA, NOON)
    done = published(SHIPPED, [fact], "credit:1", PAVEL, NOON)
    refusal("reason_required", withdrawn, [fact, done], "credit:1", PAULA, NOON, " ")
    end = NOON + timedelta(hours=5)
    gone = withdrawn([fact, done], "credit:1", PAULA, end, "Pays too much.")
    (entry,) = entries_of([fact, done, gone])
    assert entry.status == "withdrawn"
    policy, _ = read_entry(entry)
    assert policy is not None
    known = Policies((*SHIPPED.versions, policy))
    told = [known.at(NOON + timedelta(hours=h))["credit"].version for h in (-1, 0, 4, 5, 99)]
    assert told == [SHIPS, SHIPS + 1, SHIPS + 1, SHIPS, SHIPS]
    refusal("already_decided", withdrawn, [fact, done, gone], "credit:1", PAULA, end, "Again.")


def variant(policy: Policy, unit: str, version: int, day: int, hour: int, gone: int) -> Policy:
    start = NOON + timedelta(hours=hour)
    return replace(
        policy, unit=unit, version=version, effective=date(2026, 11, day), published_at=start,
        withdrawn_at=start + timedelta(hours=gone) if gone else None,
    )  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "food", "industrial"]), st.integers(SHIPS + 1, 9),
            st.integers(1, 9), st.integers(-48, 96), st.integers(0, 48),
        ),
        max_size=8,
    ),
    st.integers(-72, 200),
    st.sampled_from(["food", "industrial", "elsewhere"]),
)  # fmt: skip
def test_one_version_holds_for_any_unit_at_any_moment(
    rows: list[tuple[str, int, int, int, int]], hour: int, unit: str
) -> None:
    """Exactly one of each name; its own variant where one is in force; never one whose day or
    publication is still to come, or that is withdrawn."""
    made = [variant(SHIPPED["credit"], *row) for row in rows]
    known = Policies((*SHIPPED.versions, *made))
    moment = NOON + timedelta(hours=hour)
    chosen = known.at(moment).of(unit)
    names = [policy.name for policy in chosen.versions]
    assert sorted(names) == sorted({policy.name for policy in SHIPPED.versions})
    credit = chosen["credit"]
    assert credit.begun(moment) and credit.unit in ("", unit)
    if any(p.unit == unit and p.begun(moment) for p in made):
        assert credit.unit == unit and credit.ref.startswith(f"credit/{unit}@")
