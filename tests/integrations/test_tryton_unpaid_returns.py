"""A claim that the supplier refuses: its purchase return is closed in the real ERP."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from integrations.erp.port import Unavailable, UnknownOutcome
from integrations.erp.tryton.adapter import TrytonErp
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.rpc import NotAllowed, Overtaken, Rpc
from integrations.erp.tryton.stepping import Stepper
from integrations.erp.tryton.unpaid_returns import close
from tests.integrations.erp_requests import AT, claim, settlement
from tests.integrations.test_tryton_supplier_returns import at_supplier, balance, held

REFUSED = replace(settlement("R-1", 18_00, "written_off"), reason="NEW")


@pytest.mark.tryton
@pytest.mark.slow
def test_refused_and_written_off(engine: Engine, clerk: Rpc) -> None:
    """Of a claim that the supplier refuses the cost is written off, and the purchase return is
    done there: no note is posted, none is waited for. What it pays after all is a credit note that
    takes the write-off back."""
    erp, case = TrytonErp(engine, clerk), "R-refused"
    at_supplier(erp, case)
    erp.create_supplier_claim(f"{case}/c", claim(case), AT)
    asked = replace(REFUSED, return_id=case)
    first = erp.settle_claim(f"{case}/w", asked, AT)
    assert erp.settle_claim(f"{case}/w", asked, AT).number == first.number
    (bought,) = held(clerk, "purchase.purchase", case, "invoice_state", "shipment_state")
    assert (bought["state"], bought["invoice_state"]) == ("done", "none")
    assert [note["state"] for note in held(clerk, "account.invoice", case)] == ["cancelled"]
    books = ("supplier_claims_receivable", "claims_written_off", "accounts_payable")
    assert balance(erp, case, *books) == [0, 18_00, 0]
    erp.settle_claim(f"{case}/late", replace(settlement(case, 5_00), settles_minor=0), AT)
    assert balance(erp, case, *books) == [0, 13_00, 5_00]
    states = [note["state"] for note in held(clerk, "account.invoice", case)]
    assert sorted(states) == ["cancelled", "posted"]


@pytest.mark.tryton
@pytest.mark.slow
def test_paid_in_part_and_the_rest_written_off(engine: Engine, clerk: Rpc) -> None:
    """A purchase return that was paid in part is closed by its posted note, when that is settled:
    nothing is drafted or ignored."""
    erp, case = TrytonErp(engine, clerk), "R-part"
    at_supplier(erp, case)
    erp.create_supplier_claim(f"{case}/c", claim(case), AT)
    erp.settle_claim(f"{case}/s", settlement(case, 10_00), AT)
    erp.settle_claim(f"{case}/w", replace(REFUSED, return_id=case, amount_minor=8_00,
                                          settles_minor=8_00), AT)  # fmt: skip
    (bought,) = held(clerk, "purchase.purchase", case, "invoice_state")
    assert (bought["state"], bought["invoice_state"]) == ("processing", "awaiting payment")
    assert [note["state"] for note in held(clerk, "account.invoice", case)] == ["posted"]


@dataclass
class Bills:
    """One purchase return and its notes, by number; ``faults`` is asked before and after each
    write."""

    faults: Callable[[], Exception | None] = lambda: None
    notes: dict[int, dict[str, Any]] = field(default_factory=dict)
    ignored: set[int] = field(default_factory=set)
    state: str = "processing"

    def read(self, method: str, *params: Any, context: Any = None) -> Any:
        if method == "model.purchase.line.read":
            bought = {"state": self.state, "invoices": list(self.notes)}
            return [{"purchase": 5, "quantity": -3.0, "purchase.": bought}]
        assert method == "model.account.invoice.read"
        return [self.notes[number] for number in params[0]]

    def write(self, method: str, *params: Any, context: Any = None) -> Any:
        if (before := self.faults()) is not None:
            raise before
        answer = self._write(method, params)
        if (after := self.faults()) is not None:
            raise after
        return answer

    def _write(self, method: str, params: Any) -> Any:
        if method == "model.account.invoice.create":
            number = len(self.notes) + 1
            said = params[0][0]["reference"]
            self.notes[number] = {"id": number, "state": "draft", "reference": said}
            return [number]
        if method == "model.account.invoice.cancel":
            if any(self.notes[number]["state"] != "draft" for number in params[0]):
                raise NotAllowed("You can not call it")
            for number in params[0]:
                self.notes[number]["state"] = "cancelled"
        if method.endswith("exception.create"):
            return [1, "ask", "end"]
        if method.endswith("exception.execute"):
            self.ignored |= set(params[1]["ask"]["ignore_invoices"])
            if self.ignored == set(self.notes):
                self.state = "done"
        return None


class Codes:
    """Records by any code."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *code: Codes() if name in ("party", "currency") else 1


def closed(bills: Bills) -> None:
    stepper = Stepper(cast(Rpc, bills), 1, lambda: None, pause=lambda seconds: None)
    close(cast(Masters, Codes()), stepper, "k", REFUSED, 7)


faults = st.sampled_from([None, None, UnknownOutcome("lost"), Unavailable("503"), Overtaken("x")])


@settings(max_examples=40)
@given(st.lists(faults, max_size=20))
def test_closed_under_any_faults(plan: list[Exception | None]) -> None:
    """Whatever is lost, refused or repeated, the purchase return ends done, every note of ours
    cancelled and ignored; once it is done nothing more is written."""
    left = list(plan)
    bills = Bills(lambda: left.pop(0) if left else None)
    for _ in range(len(plan) + 1):
        try:
            closed(bills)
        except (Unavailable, UnknownOutcome):
            continue
        break
    assert bills.state == "done" and bills.ignored == set(bills.notes)
    assert {note["state"] for note in bills.notes.values()} == {"cancelled"}
    notes = len(bills.notes)
    closed(bills)
    assert len(bills.notes) == notes


def test_what_somebody_drafts_is_left_alone() -> None:
    """A note that a clerk drafts of the purchase return, or has posted, is the clerk's: nothing is
    cancelled and the return stays open."""
    for state in ("draft", "posted"):
        bills = Bills(notes={1: {"id": 1, "state": state, "reference": "SUPP-77"}})
        closed(bills)
        assert (bills.state, bills.notes[1]["state"], len(bills.notes)) == ("processing", state, 1)
