"""The shipped policies: golden tables, and what must hold for any facts at all."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.codes import Disposition, ReturnReason, Role
from workflow.findings import SEVERITIES
from workflow.policy import Policies, check, load
from workflow.policy_condition import DeclaredFact
from workflow.policy_pages import pages
from workflow.run import PolicyBook

NO_GAP = {"master_gap": False, "master_gap_vendor": False}
ROOT = Path(__file__).parents[2]
POLICIES = load(ROOT / "policies")
FINDING = ("master_product", "master_customer", "master_supplier", "master_lot")
JUDGING = (
    "eligibility",
    "authorisation",
    "credit",
    "approval_limits",
    "rollout",
    "claims",
    "refurbish",
    "transfer_price",
    "advance",
    "freight",
)


def _values(fact: DeclaredFact) -> st.SearchStrategy[Any]:
    values: st.SearchStrategy[Any]
    if fact.one_of:
        values = st.sampled_from(fact.one_of)
    elif fact.kind == "string":
        values = st.sampled_from(["USD", "EUR", "JPY", "pumps", "dairy", "pharmacy", "quality", ""])
    elif fact.kind == "bool":
        values = st.booleans()
    elif fact.kind == "double":
        values = st.floats(0, 1)
    else:
        values = st.one_of(st.integers(-400, 400), st.integers(-(2**63), 2**63 - 1))
    return values if fact.required else st.one_of(st.none(), values)


def facts_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {fact.name: _values(fact) for fact in POLICIES[name].facts.values()}
    )


def test_the_policies_are_there_and_golden() -> None:
    """Every rule loads, is total, and says about every example what its golden table expects."""
    assert {policy.name for policy in POLICIES.versions} == {*JUDGING, "disposition", *FINDING}
    assert [str(fault) for fault in check(ROOT / "policies")] == []


def test_the_set_is_what_the_core_asks() -> None:
    """``Policies`` is a ``PolicyBook``."""
    book: PolicyBook = POLICIES
    assert isinstance(book, Policies)


@pytest.mark.parametrize("name", JUDGING)
def test_every_case_is_answered(name: str) -> None:
    """Whatever the facts, missing ones included: one outcome, and a role where a human is asked."""

    @settings(max_examples=60, deadline=None)  # loading has proven each condition by itself
    @given(facts_of(name))
    def answered(facts: dict[str, Any]) -> None:
        verdict = POLICIES.judge(name, facts)
        assert verdict.outcome
        assert verdict.trace[-1] == (verdict.rule, True)
        assert verdict.outcome != "ask_human" or verdict.role

    answered()


@pytest.mark.parametrize("name", FINDING)
def test_every_gap_has_an_owner_and_blocks_only_dispositions(name: str) -> None:
    """Whatever a record holds: each finding names a role, a severity, and what waits for it."""

    @settings(max_examples=60, deadline=None)  # loading has proven each condition by itself
    @given(facts_of(name))
    def found(facts: dict[str, Any]) -> None:
        for rule in POLICIES[name].found(facts):
            assert rule.role in set(Role)
            assert dict(rule.values)["severity"] in SEVERITIES
            assert set(rule.removes) <= {"restock", "return_to_vendor"}

    found()


@settings(max_examples=120, deadline=None)
@given(facts_of("disposition"))
def test_a_gap_of_the_master_blocks_only_what_it_must(facts: dict[str, Any]) -> None:
    """Of what would be possible, a gap takes restock, or the way to the vendor; nothing else."""
    free = set(POLICIES.masks("disposition", facts | NO_GAP).allowed)
    held = set(POLICIES.masks("disposition", facts | NO_GAP | {"master_gap": True}).allowed)
    sent = set(POLICIES.masks("disposition", facts | NO_GAP | {"master_gap_vendor": True}).allowed)
    assert free - held <= {"restock"} and "restock" not in held
    assert free - sent <= {"return_to_vendor"} and "return_to_vendor" not in sent


@settings(max_examples=120, deadline=None)
@given(facts_of("disposition"))
def test_the_disposition_rules_split_the_options(facts: dict[str, Any]) -> None:
    """Each option is allowed or removed by a named rule, never both; something is always left."""
    left = POLICIES.masks("disposition", facts)
    assert left.allowed
    assert sorted([*left.allowed, *(m.value for m in left.masked)]) == sorted(Disposition)
    assert all(m.rule for m in left.masked)


@settings(max_examples=300, deadline=None)
@given(facts_of("disposition"))
def test_what_is_unsafe_never_reaches_anybody(facts: dict[str, Any]) -> None:
    """Recalled, spoiled, infested, past use-by and warm goods are neither sold nor given away."""
    allowed = POLICIES.masks("disposition", facts).allowed
    unsafe = (
        facts["recall_open"]
        or facts["condition"] == "spoiled"
        or facts["infested"]
        or facts["temperature_ok"] is False
        or (facts["date_kind"] == "use_by" and facts["past_date"])
        or (facts["regulated"] == "drug" and facts["condition"] != "sealed")
    )
    if unsafe:
        assert not {"restock", "donate", "refurbish"} & set(allowed) or (
            facts["regulated"] == "drug" and "refurbish" not in allowed
        )


@settings(max_examples=300, deadline=None)
@given(facts_of("disposition"))
def test_a_medicine_not_proven_fit_is_destroyed_unless_it_must_be_kept(
    facts: dict[str, Any],
) -> None:
    """Not known to have been kept properly: destruction is proposed, but what is recalled goes back
    and what may be falsified stays. What is proposed is left; of food no rule proposes anything."""
    drug = facts | {"regulated": "drug", "temperature_ok": None}
    left = POLICIES.masks("disposition", drug)
    allowed, asking = left.allowed, left.asking
    assert asking is not None and asking.proposes in allowed
    suspect = drug["serial_matches"] is False or (
        drug["lot_known"] and drug["lot_matches"] is False
    )
    recalled = drug["recall_open"] or drug["reason"] == "recall"
    if not suspect and not recalled:
        assert asking.proposes == ("scrap" if "scrap" in allowed else "quarantine")
    other = facts | {"regulated": "food"}
    assert POLICIES.masks("disposition", other).asking is None


@settings(max_examples=300, deadline=None)
@given(facts_of("disposition"), st.data())
def test_knowing_less_never_allows_a_sale(facts: dict[str, Any], data: st.DataObject) -> None:
    """Forgetting that the goods are sealed, cold, of known lot or in date never adds restock."""
    good = {"condition": "sealed", "temperature_ok": True, "lot_known": True, "past_date": False}
    known = facts | good
    name = data.draw(st.sampled_from(sorted(good)))
    if "restock" not in POLICIES.masks("disposition", known).allowed:
        assert "restock" not in POLICIES.masks("disposition", known | {name: None}).allowed


@settings(max_examples=200, deadline=None)
@given(facts_of("eligibility"))
def test_an_open_recall_is_always_eligible(facts: dict[str, Any]) -> None:
    """Age, source, hold and item make no difference."""
    assert POLICIES.judge("eligibility", facts | {"recall_open": True}).outcome == "eligible"


@settings(max_examples=200, deadline=None)
@given(facts_of("rollout"))
def test_without_an_answer_of_a_model_a_person_looks(facts: dict[str, Any]) -> None:
    """An abstention never leads to the automatic lane, and names the role that looks."""
    verdict = POLICIES.judge("rollout", facts | {"abstained": "no_model", "confidence": None})
    assert dict(verdict.values)["lane"] != "automatic"
    assert verdict.role


@settings(max_examples=200, deadline=None)
@given(facts_of("rollout"))
def test_nothing_is_automatic_without_a_guarantee(facts: dict[str, Any]) -> None:
    """Only a cleared answer passes, and its rule states the error it tolerates and the audit."""
    values = dict(POLICIES.judge("rollout", facts).values)
    if values["lane"] == "automatic":
        assert facts["cleared"]
        assert 0 < int(values["tolerated_error_permille"]) <= 200
        assert 10 <= int(values["audit_permille"]) <= 1000


@settings(max_examples=200, deadline=None)
@given(facts_of("approval_limits"), st.integers(0, 10**9))
def test_a_larger_amount_never_needs_less(facts: dict[str, Any], more: int) -> None:
    """Once a person is asked for an amount, a person is asked for every larger one."""
    amount = abs(facts["amount_minor"]) % 10**9
    small = POLICIES.judge("approval_limits", facts | {"amount_minor": amount})
    large = POLICIES.judge("approval_limits", facts | {"amount_minor": amount + more})
    assert not (small.outcome == "ask_human" and large.outcome == "automatic")


@pytest.mark.parametrize("document", POLICIES["approval_limits"].facts["document"].one_of)
@given(
    currency=st.sampled_from(["USD", "EUR", "GBP", "JPY", "XXX"]),
    amount=st.integers(0, 10**12),
    reason=st.one_of(st.none(), st.sampled_from(list(ReturnReason))),
)
@settings(max_examples=60, deadline=None)
def test_whoever_is_asked_may_decide(
    document: str, currency: str, amount: int, reason: str | None
) -> None:
    """The role that the limits ask for has a limit that covers the amount."""
    facts = {"document": document, "currency": currency, "amount_minor": amount, "reason": reason}
    verdict = POLICIES.judge("approval_limits", facts)
    assert verdict.outcome == "ask_human"
    assert verdict.role is not None
    assert POLICIES.covers(verdict.role, document, currency, amount, reason)


@pytest.mark.parametrize("reason", list(ReturnReason))
@pytest.mark.parametrize("disposition", [None, *Disposition])
def test_every_credit_states_percent_and_release(reason: str, disposition: str | None) -> None:
    """A credit decision is complete for every reason and disposition, and percent is 0 to 100."""
    facts = {
        "reason": reason, "disposition": disposition, "condition": "opened", "currency": "USD",
        "goods_minor": 100_00, "has_source": True,
    }  # fmt: skip
    values = dict(POLICIES.judge("credit", facts).values)
    assert 0 <= int(values["percent"]) <= 100
    assert 0 <= int(values.get("fee_percent", "0")) <= 100
    assert values["release"]


def test_the_reference_pages_say_what_the_data_says() -> None:
    """``python -m workflow.policy_pages`` was run after the last change of a policy or a code."""
    for path, text in pages(ROOT).items():
        assert path.read_text(encoding="utf-8") == text, path.name
