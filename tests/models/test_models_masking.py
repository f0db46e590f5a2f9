"""The model ranks only what the rules allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.masking import ALL_REMOVED, UNNAMED, mask
from models.prior import Prior
from models.protocol import Prediction
from workflow.assessment import Candidate, Masked

VALUES = ("restock", "scrap", "donate", "quarantine")


def _said(*shares: float, abstained: str | None = None) -> Prediction:
    candidates = tuple(Candidate(v, p) for v, p in zip(VALUES, shares, strict=False))
    first = candidates[0]
    if abstained:
        return Prediction(None, None, abstained, candidates, VALUES[:2])
    return Prediction(first.value, first.probability, None, candidates, VALUES[:2])


def test_a_removed_first_choice_gives_way_to_the_next() -> None:
    """R-1001's lot is recalled: restock is removed by name and scrap is proposed instead."""
    answer, masked = mask(_said(0.6, 0.3, 0.1), ("scrap", "donate"), [("restock", "recall-open")])
    assert masked == [Masked("restock", "recall-open")]
    assert answer.value == "scrap"
    assert answer.confidence == pytest.approx(0.75)
    assert [c.value for c in answer.candidates] == ["scrap", "donate"]
    assert answer.set == ("scrap",)


def test_removing_nothing_changes_nothing() -> None:
    """Where every option is allowed the answer is the model's own."""
    said = _said(0.5, 0.25, 0.25)
    assert mask(said, VALUES) == (said, [])


def test_an_option_without_a_rule_is_still_named() -> None:
    """What is not allowed is reported even where no rule was named for it."""
    _, masked = mask(_said(0.6, 0.4), ("restock",))
    assert masked == [Masked("scrap", UNNAMED)]


def test_an_abstention_is_not_turned_into_an_answer() -> None:
    """A model that abstained keeps abstaining, with its allowed candidates ranked."""
    answer, _ = mask(_said(0.6, 0.4, abstained="too_uncertain"), ("scrap",))
    assert (answer.value, answer.abstained) == (None, "too_uncertain")
    assert answer.candidates == (Candidate("scrap", 1.0),)


def test_nothing_allowed_is_an_abstention() -> None:
    """Where rules remove every option, the answer says so and every option is named."""
    answer, masked = mask(_said(0.6, 0.4), (), [Masked("restock", "a"), Masked("scrap", "b")])
    assert (answer.value, answer.abstained, answer.candidates) == (None, ALL_REMOVED, ())
    assert len(masked) == 2


def test_a_prior_stays_silent_whatever_is_allowed() -> None:
    """Without a model there is nothing to rank, and no option is invented."""
    said = Prior("disposition").predict([{}])[0]
    answer, _ = mask(said, VALUES, [("scrap", "r")])
    assert (answer.abstained, answer.candidates) == ("no_model", ())


@given(
    st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda s: sum(s) > 0),
    st.sets(st.sampled_from(VALUES)),
)
def test_what_is_left_sums_to_one(shares: list[float], allowed: set[str]) -> None:
    """Candidates left are allowed, in their order, sum to 1, and the set is among them."""
    total = sum(shares)
    ordered = sorted((s / total for s in shares), reverse=True)
    answer, masked = mask(_said(*ordered), allowed)
    assert {c.value for c in answer.candidates} == allowed
    assert {m.value for m in masked} == set(VALUES) - allowed
    assert (answer.value is None) == (answer.abstained is not None)
    if allowed:
        assert sum(c.probability for c in answer.candidates) == pytest.approx(1.0)
        assert answer.set and set(answer.set) <= allowed
