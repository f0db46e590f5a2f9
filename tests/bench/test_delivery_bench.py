"""Credits over a bad network to a real ERP: a bounded run of the bench."""

import pytest
from sqlalchemy import Engine

from bench.delivery import deliver
from bench.delivery_cases import both_sides
from bench.delivery_killed import deliver_killed
from integrations.erp.tryton.rpc import Rpc
from simulation.erp_lab import lab
from simulation.faulty_wire import WireFault, faulty_wire

MOST_SECONDS = 180


@pytest.mark.tryton
@pytest.mark.slow
def test_each_credit_exactly_once(engine: Engine, clerk: Rpc, real_erp: lab.Running) -> None:
    """Calls that are dropped before and after, delayed, doubled, refused, reset and cut: every
    credit is posted once with its own amount, though two workers have it; every paper of a whole
    return, up to the supplier's credit note, is there once; no draft is left, and the books of both
    sides come to the same, account by account."""
    rates = dict.fromkeys(WireFault, 0.05)
    with faulty_wire(real_erp.url, rates, seed=11, delay_seconds=0.05) as wire:
        found = deliver(engine, clerk, wire, credits=4, workers=3, whole=4)
    assert (found.credits, found.effects) == (4, 10)
    assert (found.wrong, found.amiss, found.strays) == (0, 0, 0)
    assert found.right and set(found.ledger) == {
        "accounts_receivable", "sales_returns", "tax_payable", "cost_of_goods_sold",
        "supplier_claims_receivable", "accounts_payable",
    }  # fmt: skip
    assert found.posted_minor == found.total_minor
    known = both_sides(engine, clerk, "RD-1")  # what the bench prints of a case that differs
    ((key,), (note,), (entry,)) = known["keys"], known["notes"], known["entries"]
    assert key["papers"] == [["account.invoice", note["id"]]]
    assert entry["id"] == note["move"] and entry["state"] == note["state"] == "posted"
    assert sum(found.faults.values()) >= 10, "the wire was nearly good: choose another seed"


@pytest.mark.tryton
@pytest.mark.slow
def test_killed_workers(
    engine: Engine,
    database_url: str,
    clerk_on_postgresql: Rpc,
    erp_on_postgresql: lab.Running,
) -> None:
    """Two ``triage worker`` processes, killed in the middle of their effects and started anew, over
    a wire with every fault: each credit of each case is in the real ERP once, no draft is left, and
    the books of both sides come to the same, account by account."""
    rates = dict.fromkeys(WireFault, 0.02)
    with faulty_wire(erp_on_postgresql.url, rates, seed=5, delay_seconds=0.05) as wire:
        found = deliver_killed(
            database_url,
            engine,
            clerk_on_postgresql,
            wire,
            credits=5,
            workers=2,
            kills=3,
            most_seconds=MOST_SECONDS,
        )
    assert (found.credits, found.wrong, found.strays, found.kills) == (5, 0, 0, 3)
    assert found.right and found.posted_minor == found.total_minor
    assert found.cut_short >= 1, "no worker was killed at work: choose another seed"
