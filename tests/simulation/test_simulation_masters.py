"""Faulty masters of the simulator: known, repeatable, and told beside a sound history."""

from simulation.master_faults import broken_masters
from simulation.masters import make_masters
from simulation.streams import Streams
from workflow.facts import CustomerRegistered, ProductListed


def test_what_is_broken_is_known_and_repeats() -> None:
    """The same seed breaks the same records; every pair and gap is named, branches are no pairs."""
    masters = make_masters(Streams(7), 0.3)
    customers = [customer.fact for customer in masters.customers]
    products = [product.fact for product in masters.products]
    broken = broken_masters(Streams(7), customers, products)
    assert broken == broken_masters(Streams(7), customers, products)
    more = [fact for fact in broken.facts if isinstance(fact, CustomerRegistered)]
    assert (len(more), len(broken.pairs)) == (12, 8)
    assert {new for _, new in broken.pairs} <= {fact.customer_id for fact in more}
    wrong = [fact.sku for fact in broken.facts if isinstance(fact, ProductListed)]
    assert wrong == [sku for sku, _ in broken.gaps] and len(set(wrong)) == 8


def test_an_address_changes_nothing_else_of_a_world() -> None:
    """Every customer has one in its own country; numbers and domains are told by some only."""
    customers = [customer.fact for customer in make_masters(Streams(7), 1.0).customers]
    assert all(c.street and c.postcode and c.city for c in customers)
    assert all(c.vat_id is None or c.vat_id[:2] == c.country for c in customers)
    for told in ([c.vat_id for c in customers], [c.email_domain for c in customers]):
        assert 0.2 < sum(value is not None for value in told) / len(customers) < 0.95
