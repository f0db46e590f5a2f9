"""Customers that are registered twice, in a seeded distributor whose duplicates are known.

The duplicates are made by our own simulator, so the figures say that the parts fit together and
how they compare with a plain baseline; they do not say how well a real customer base is judged.
"""

import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec

import pytest

from reconciliation.duplicate_customers import (
    COLUMNS,
    POSSIBLE,
    PRIOR,
    SURE,
    Duplicates,
    find,
    findings_of,
    row_of,
)
from simulation.master_faults import broken_masters
from simulation.masters import make_masters
from simulation.streams import Streams
from workflow.facts import CustomerRegistered

pytestmark = pytest.mark.skipif(not find_spec("splink"), reason="needs splink")

Pairs = frozenset[tuple[str, str]]
ONE = CustomerRegistered(
    "C-1", "Northgate Hydraulics", "industrial", "GB", "branch", "standard",
    vat_id="GB 123 4567 89", street="12 Mill Street", postcode="LS1 4AB", city="Leeds",
    email_domain="northgate.example",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    customers: tuple[CustomerRegistered, ...]
    truth: Pairs


@cache
def world(seed: int, scale: float, doubles: int) -> World:
    """A distributor's customers, some of them registered twice, half as many branches."""
    masters = make_masters(Streams(seed), scale)
    sound = [customer.fact for customer in masters.customers]
    broken = broken_masters(Streams(seed), sound, [], doubles=doubles, branches=doubles // 2)
    more = [fact for fact in broken.facts if isinstance(fact, CustomerRegistered)]
    truth = frozenset((min(pair), max(pair)) for pair in broken.pairs)
    return World((*sound, *more), truth)


def baseline(customers: tuple[CustomerRegistered, ...]) -> Pairs:
    """Every pair with exactly the same normalised name."""
    named = defaultdict(list)
    for customer in customers:
        named[row_of(customer)["name"]].append(customer.customer_id)
    return frozenset(
        (min(a, b), max(a, b))
        for same in named.values()
        for number, a in enumerate(same)
        for b in same[number + 1 :]
    )


def precision_recall(found: Pairs, truth: Pairs) -> tuple[float, float]:
    right = len(found & truth)
    return right / max(1, len(found)), right / len(truth)


def sure(found: Duplicates) -> Pairs:
    return frozenset((pair.left, pair.right) for pair in found.sure)


def test_known_duplicates_are_found_and_branches_are_not() -> None:
    """Of 345 customers, 30 twice and 15 branches: at least nine in ten found, nine in ten right.

    The same normalised name alone finds about half of them, and of what it finds most is wrong.
    """
    made = world(8123, 1.0, 30)
    found = find(made.customers)
    precision, recall = precision_recall(sure(found), made.truth)
    assert precision >= 0.9 and recall >= 0.9, (precision, recall)
    plain = precision_recall(baseline(made.customers), made.truth)
    assert plain[0] < 0.3 and plain[1] < 0.7, plain
    assert (
        "learned from 345 customers; how often they do for one customer is assumed" in found.basis
    )


def test_few_customers_are_judged_by_what_is_assumed() -> None:
    """Under fifty there is nothing to learn from: that is said, and the plain cases are found."""
    made = world(3, 0.1, 4)
    found = find(made.customers)
    assert "too few to learn from" in found.basis
    precision, recall = precision_recall(sure(found), made.truth)
    assert precision >= 0.75 and recall >= 0.75
    assert find(made.customers) == found
    assert find(made.customers[:1]).pairs == find([]).pairs == ()


def test_the_weights_add_up_and_the_order_does_not_matter() -> None:
    """Prior and one weight a column are the match weight; a record seen first is no other."""
    made = world(3, 0.1, 4)
    found = find(made.customers)
    assert {(p.left, p.right) for p in find(made.customers[::-1]).pairs} == {
        (p.left, p.right) for p in found.pairs
    }
    for pair in found.pairs:
        assert POSSIBLE <= pair.probability <= 1 and pair.left < pair.right
        assert [one.column for one in pair.weights] == [PRIOR, *COLUMNS]
        assert sum(one.weight for one in pair.weights) == pytest.approx(pair.weight, abs=1e-3)
        assert pair.probability == pytest.approx(1 / (1 + 2**-pair.weight), abs=1e-3)


def test_a_pair_is_a_finding_that_blocks_nothing() -> None:
    """It names both, says how sure it is and on what that rests."""
    again = replace(ONE, customer_id="C-2", name="NORTHGATE HYDRAULICS Ltd", vat_id=None)
    other = replace(ONE, customer_id="C-3", street="9 Canal Lane", postcode="EX4 9ZZ",
                    vat_id="GB999999999")  # fmt: skip
    (one,) = findings_of(find([ONE, again, other]))
    assert (one.kind, one.subject, one.records) == (
        "customer.duplicate", "C-1~C-2", ("C-1", "C-2"),
    )  # fmt: skip
    assert one.blocks == () and dict(one.figures)["probability"] >= SURE
    assert {w.column: w.level for w in one.weights}["vat_id"] == "not known"


def test_one_spelling_for_what_is_the_same_to_a_reader() -> None:
    """Legal forms, case, signs, spaces and short words of streets make no difference."""
    again = replace(
        ONE, name="Northgate-Hydraulics, LTD.", vat_id="gb123456789", street="12 Mill St.",
        postcode="ls14ab", email_domain=" Northgate.Example ",
    )  # fmt: skip
    assert row_of(again) == row_of(ONE)
    assert row_of(replace(ONE, name="Kalmor B.V."))["name"] == "kalmor"
    assert row_of(replace(ONE, vat_id="", street=None, postcode=" "))["postcode"] is None


@pytest.mark.slow
def test_a_server_does_not_load_splink() -> None:
    """It is imported when customers are compared, not with the program."""
    import subprocess

    check = (
        "import serving.app, serving.chores, sys;"
        " assert not {'splink', 'duckdb'} & set(sys.modules), 'loaded'"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
