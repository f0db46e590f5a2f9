"""Promotion as a decision: four eyes, once, with a way back; nothing else stands in the ledger."""

import pytest

from workflow.actor import Actor
from workflow.facts import ChampionRolledBack, PromotionApproved, PromotionProposed
from workflow.promoting import (
    CHALLENGER,
    PromotionFact,
    approved,
    check_news,
    declined,
    model_of,
    rolled_back,
    stream_of,
    succession,
    withdrawn,
)
from workflow.refused import Refused

DANA = Actor("dana", frozenset({"data_scientist", "model_approver"}))
MO = Actor("mo", frozenset({"model_approver"}))
FINN = Actor("finn", frozenset({"finance_clerk"}))
BOOTSTRAP = Actor("bootstrap", frozenset({"model_approver"}), "system")


def proposed(number: int, version: str, alias: str = "champion") -> PromotionProposed:
    name = "disposition"
    digest = f"sha256:{version}"
    return PromotionProposed(
        f"{name}/{number}", name, version, "dana", (), alias=alias, bundle_digest=digest
    )


def promoted(*versions: str, alias: str = "champion") -> list[PromotionFact]:
    """A ledger in which these versions were proposed by dana and approved by mo, in order."""
    past: list[PromotionFact] = []
    for number, version in enumerate(versions, 1):
        past.append(proposed(number, version, alias))
        past.append(approved(past, f"disposition/{number}", MO))
    return past


def no(code: str) -> "pytest.RaisesExc[Refused]":
    return pytest.raises(Refused, check=lambda refused: refused.code == code)


def test_the_proposer_may_not_approve() -> None:
    """Not even with both roles; another model approver may, and the very bundle is named."""
    past = [proposed(1, "4")]
    with no("proposer_is_approver"):
        approved(past, "disposition/1", DANA)
    assert approved(past, "disposition/1", MO).bundle_digest == "sha256:4"


def test_what_is_asked_already_is_not_asked_again() -> None:
    """The open proposal is named; for another alias, as another bundle, or once it was declined,
    the version may be proposed; one that carries the alias may not, until it was rolled back."""
    past: list[PromotionFact] = [*promoted("1"), proposed(2, "2")]
    with pytest.raises(Refused, match="dana proposed disposition 2 as champion in disposition/2"):
        check_news(past, "disposition", "2", "champion", "sha256:2")
    with no("already_proposed"):
        check_news(past, "disposition", "2", "champion", "sha256:2")
    check_news(past, "disposition", "2", CHALLENGER, "sha256:2")
    check_news(past, "disposition", "2", "champion", "sha256:other")
    check_news(
        [*past, declined(past, "disposition/2", MO, "Too few weeks.")],
        "disposition", "2", "champion", "sha256:2",
    )  # fmt: skip
    past.append(approved(past, "disposition/2", MO))
    for alias in ("champion", CHALLENGER):
        with pytest.raises(Refused, match="disposition 2 is champion already"):
            check_news(past, "disposition", "2", alias, "sha256:2")
    past.append(rolled_back(past, "disposition", MO))
    check_news(past, "disposition", "2", "champion", "sha256:2")


def test_gates_against_another_champion_are_no_gates() -> None:
    """Of two versions that were each held against the first, the second to be approved was never
    held against the other; declined and proposed again it may be, or once the first is back."""
    past: list[PromotionFact] = [*promoted("1"), proposed(2, "2"), proposed(3, "3")]
    past.append(proposed(4, "4", CHALLENGER))
    past.append(approved(past, "disposition/3", MO))
    with pytest.raises(Refused, match="judged against version 1, and disposition 3 is champion"):
        approved(past, "disposition/2", MO)
    with no("stale_proposal"):
        approved(past, "disposition/2", MO)
    assert approved(past, "disposition/4", MO).alias == CHALLENGER
    back = [*past, rolled_back(past, "disposition", MO)]
    assert approved(back, "disposition/2", MO).version == "2"
    past.append(declined(past, "disposition/2", MO, "Judged against the first."))
    past.append(proposed(5, "2"))
    assert approved(past, "disposition/5", MO).version == "2"


def test_two_first_versions_are_not_both_approved_unseen() -> None:
    """The second was proposed where there was no champion to be better than."""
    past: list[PromotionFact] = [proposed(1, "1"), proposed(2, "2")]
    past.append(approved(past, "disposition/1", MO))
    with pytest.raises(Refused, match="judged before there was a champion"):
        approved(past, "disposition/2", MO)


def test_a_person_who_is_model_approver_decides() -> None:
    """Others are told which role it needs, services that it needs a person."""
    past = [proposed(1, "1")]
    with pytest.raises(Refused, match="needs the role model_approver"):
        approved(past, "disposition/1", FINN)
    with pytest.raises(Refused, match="needs a person"):
        approved(past, "disposition/1", BOOTSTRAP)
    with no("wrong_role"):
        declined(past, "disposition/1", FINN, "No.")


def test_the_bootstrap_actor_approves_the_first_version_only() -> None:
    """It is recorded as what it is, and never again for a model that had a champion."""
    past: list[PromotionFact] = [proposed(1, "1")]
    past.append(said := approved(past, "disposition/1", BOOTSTRAP, bootstrap=True))
    assert (said.approved_by, said.bootstrap) == ("bootstrap", True)
    past.append(proposed(2, "2"))
    with pytest.raises(Refused, match="has had a champion"):
        approved(past, "disposition/2", BOOTSTRAP, bootstrap=True)


def test_a_proposal_is_decided_once_and_must_exist() -> None:
    """The codes tell a second click from a wrong number; what was declined stays declined."""
    past = promoted("1")
    with no("already_decided"):
        approved(past, "disposition/1", MO)
    with no("unknown_proposal"):
        approved(past, "disposition/9", MO)
    past.append(proposed(2, "2"))
    past.append(declined(past, "disposition/2", MO, " Too few weeks. "))
    with pytest.raises(Refused, match="was declined before"):
        approved(past, "disposition/2", MO)
    assert [one.version for one in succession(past)] == ["1"]


def test_a_proposal_is_declined_with_a_reason_or_taken_back_by_who_made_it() -> None:
    """The data scientist needs no approver's role for what is his own."""
    past = [proposed(1, "1")]
    with no("reason_required"):
        declined(past, "disposition/1", MO, "  ")
    own = Actor("dana", frozenset({"data_scientist"}))
    assert declined(past, "disposition/1", own, "A slip.").declined_by == "dana"


def test_what_names_no_bundle_is_proposed_again() -> None:
    """Proposals of old did not say which bundle was judged: nobody can approve that."""
    old = PromotionProposed("disposition/1", "disposition", "1", "dana", ())
    with no("bundle_changed"):
        approved([old], "disposition/1", MO)


def test_the_newest_approval_carries_the_alias() -> None:
    """Going back to an older version by proposal is a promotion like any other."""
    assert [one.version for one in succession(promoted("1", "2", "1"))] == ["1", "2", "1"]


def test_one_approver_goes_back_and_further_back() -> None:
    """Each step returns to the version before the present one; there is an end to it."""
    past = promoted("1", "2")
    past.append(back := rolled_back(past, "disposition", MO, "It restocked leaks."))
    assert (back.version, back.from_version, back.proposal_id) == ("1", "2", "disposition/1")
    with no("nothing_before"):
        rolled_back(past, "disposition", MO)
    with no("wrong_role"):
        rolled_back(past, "disposition", Actor("dan", frozenset({"data_scientist"})))


def test_a_challenger_is_withdrawn_and_the_champion_stays() -> None:
    """By whoever may propose or approve."""
    past: list[PromotionFact] = [*promoted("1"), proposed(2, "2", CHALLENGER)]
    past.append(approved(past, "disposition/2", MO))
    with no("wrong_role"):
        withdrawn(past, "disposition", FINN)
    past.append(said := withdrawn(past, "disposition", DANA))
    assert said.version == "2"
    assert succession(past, CHALLENGER) == []
    assert [one.version for one in succession(past)] == ["1"]
    with pytest.raises(Refused, match="no challenger"):
        withdrawn(past, "disposition", DANA)


def test_only_models_of_ours_have_a_ledger() -> None:
    """A name from outside never becomes the name of a stream."""
    assert stream_of(model_of("credit_anomaly/3")) == "model/credit_anomaly"
    with no("unknown_model"):
        stream_of("oracle")
    for wrong in ("oracle/1", "7", "case/R-1/1"):
        with no("unknown_proposal"):
            model_of(wrong)


def test_what_is_in_place_is_not_approved_again() -> None:
    """A second proposal of the very bundle that is champion is to be declined: approved, it would
    stand before itself, and a way back would lead nowhere."""
    past = [*promoted("1", "2"), proposed(3, "2")]
    with pytest.raises(Refused, match="disposition 2 is champion already: decline disposition/3"):
        approved(past, "disposition/3", MO)
    assert approved([*past, proposed(4, "2", CHALLENGER)], "disposition/4", MO).alias == CHALLENGER


def test_a_ledger_in_which_that_happened_leads_back_to_another_version() -> None:
    """Such approvals were let through once: the version stands there once, also after a way back
    that led to itself, and the next leads to the one before."""
    again = PromotionApproved(
        "disposition/3", "disposition", "2", "mo", "champion", bundle_digest="sha256:2"
    )
    past = [*promoted("1", "2"), proposed(3, "2"), again]
    to_itself = ChampionRolledBack("disposition/2", "disposition", "2", "mo", "sha256:2", "2", "")
    for ledger in (past, [*past, to_itself]):
        assert [one.version for one in succession(ledger)] == ["1", "2"]
        back = rolled_back(ledger, "disposition", MO)
        assert (back.version, back.from_version) == ("1", "2")
        assert [one.version for one in succession([*ledger, back])] == ["1"]
