"""A real ERP that rolls nothing back: see ``NEVER_SECONDS`` of its lab."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from integrations.erp.tryton.adapter import TrytonErp
from integrations.erp.tryton.notes import credit_note
from integrations.erp.tryton.rpc import NotAllowed, Rpc
from simulation.erp_lab import lab
from tests.integrations.erp_requests import AT, memo
from tests.real_erp import prepared_erp, press, session_of

pytestmark = [pytest.mark.tryton, pytest.mark.slow]


@pytest.fixture(scope="module")
def careless() -> Iterator[Rpc]:
    """A session with a server on SQLite that asks for stale caches before every transaction."""
    with lab.serving(prepared_erp(), clean_seconds=0) as running:
        rpc = session_of(running)
        yield rpc
        rpc.close()


def test_it_posts_a_note_without_its_entry(engine: Engine, careless: Rpc) -> None:
    """Its first pass breaks off between the two, and the second says no to a posted note."""
    erp = TrytonErp(engine, careless)
    paper = credit_note(erp.masters, erp.invoices, memo("R-half"))
    ours = {"company": erp.masters.company().id}
    values = {**ours, "reference": "R-half", **paper.values}
    made = careless.write("model.account.invoice.create", [values], context=ours)
    with pytest.raises(NotAllowed):
        press(careless, "account.invoice", made[0], "post")
    note = careless.read("model.account.invoice.read", made, ["state", "move.state"])[0]
    assert (note["state"], note["move."]["state"]) == ("posted", "draft")


def test_ours_is_posted_with_its_entry(engine: Engine, careless: Rpc) -> None:
    """The credit is in the ledger, whole, when the adapter says that it is posted."""
    erp = TrytonErp(engine, careless)
    posted = erp.post("R-whole/1/credit/1", memo("R-whole"), AT)
    assert sum(entry.debit_minor for entry in erp.entries(posted.number)) == 36_00
    assert erp.balances("accounts_receivable")["R-whole"] == -36_00
