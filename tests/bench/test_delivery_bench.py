"""Credits over a bad network to a real ERP: a bounded run of the bench."""

import pytest
from sqlalchemy import Engine

from bench.delivery import deliver
from integrations.erp.tryton.rpc import Rpc
from simulation.erp_lab import lab
from simulation.faulty_wire import WireFault, faulty_wire


@pytest.mark.tryton
@pytest.mark.slow
def test_each_credit_exactly_once(engine: Engine, clerk: Rpc, real_erp: lab.Running) -> None:
    """Calls that are dropped before and after, delayed, doubled, refused, reset and cut: every
    credit is posted once with its own amount, though two workers have it; no draft is left, and the
    books of both sides come to the same, account by account."""
    rates = dict.fromkeys(WireFault, 0.05)
    with faulty_wire(real_erp.url, rates, seed=11, delay_seconds=0.05) as wire:
        found = deliver(engine, clerk, wire, credits=5, workers=3)
    assert (found.wrong, found.strays) == (0, 0)
    assert found.right and set(found.ledger) == {
        "accounts_receivable", "sales_returns", "tax_payable",
    }  # fmt: skip
    assert found.posted_minor == found.total_minor
    assert sum(found.faults.values()) >= 10, "the wire was nearly good: choose another seed"
