"""How much life goods must have left: the most specific agreement, and somebody who takes them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.remaining_life import Agreed, required

LEVEL = st.one_of(st.none(), st.integers(0, 400))
AGREED = st.builds(Agreed, LEVEL, LEVEL, LEVEL)
NOTHING = Agreed(None, None, None)


def test_the_most_specific_agreement_counts() -> None:
    """Customer and item, then customer, then item class; 0 days are an agreement."""
    assert Agreed(3, 10, 30).days == 3
    assert Agreed(None, 10, 30).days == 10
    assert Agreed(None, None, 30).days == 30
    assert Agreed(0, 10, 30).days == 0
    assert NOTHING.days is None


@settings(max_examples=60)
@given(st.lists(AGREED, max_size=6), AGREED)
def test_goods_are_required_what_the_least_demanding_must_get(
    regular: list[Agreed], returning: Agreed
) -> None:
    """Nobody is promised less; one without any agreement leaves it to the house's own rule; the
    customer of the return counts only where nobody buys regularly."""
    found = required(regular, returning)
    asked = [agreed.days for agreed in regular] if regular else [returning.days]
    assert found.customers == len(regular)
    assert (found.days is None) == (None in asked)
    if found.days is not None:
        assert found.days in asked and found.strictest_days in asked
        assert all(found.days <= (days or 0) <= (found.strictest_days or 0) for days in asked)
