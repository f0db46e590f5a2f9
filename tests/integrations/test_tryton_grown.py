"""A paper that the ERP makes itself, of one of ours: against purchases and shipments in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.erp.port import Rejected, Unavailable, UnknownOutcome
from integrations.erp.tryton.rpc import NotAllowed, Overtaken, Rpc
from integrations.erp.tryton.stepping import Paper, Stepper, Written
from integrations.erp.tryton.supplier_returns import ORDERED, SENT

ORDER = Paper("purchase.purchase", {}, ORDERED)
SHIPMENT = Paper("stock.shipment.in.return", {"lot": 7}, SENT, grown_in="shipment_returns")
AFTER = {
    "quote": ("draft", "quotation"), "confirm": ("quotation", "processing"),
    "assign_try": ("waiting", "assigned"), "do": ("assigned", "done"),
}  # fmt: skip


@dataclass
class Buying:
    """Purchases, and the shipment that confirming one makes. ``faults`` is asked before and after
    each write; ``late``: shipments are made by somebody else, later."""

    faults: Callable[[], Exception | None] = lambda: None
    late: bool = False
    empty: bool = False
    records: dict[str, dict[int, dict[str, Any]]] = field(
        default_factory=lambda: {ORDER.model: {}, SHIPMENT.model: {}}
    )
    done: int = 0
    _stamp: int = 0

    def read(self, method: str, *params: Any, context: Any = None) -> Any:
        model = method.removeprefix("model.").rpartition(".")[0]
        rows = self.records[model]
        if method.endswith(".search_read"):
            return [row for row in rows.values() if row["reference"] == params[0][0][2]]
        return [
            {**rows[number], "shipment_returns.": list(self.records[SHIPMENT.model].values())}
            for number in params[0]
        ]

    def write(self, method: str, *params: Any, context: Any = None) -> Any:
        if (before := self.faults()) is not None:
            raise before
        answer = self._write(*method.removeprefix("model.").rpartition(".")[::2], params, context)
        if (after := self.faults()) is not None:
            raise after
        return answer

    def _write(self, model: str, name: str, params: Any, context: Any) -> Any:
        rows, told = self.records[model], params[0]
        self._stamp += 1
        if name == "create":
            return [self._make(model, "draft", told[0]["reference"])]
        if name == "delete":
            return rows.pop(told[0]) and None
        row = rows[told[0]]
        if name == "write":
            assert row["state"] == "waiting", "filled in before it is on its way"
            row.update(params[1], _timestamp=str(self._stamp))
            return None
        if context["_timestamp"][f"{model},{row['id']}"] != row["_timestamp"]:
            raise Overtaken("modified")
        if row["state"] != AFTER[name][0]:
            raise NotAllowed("You can not call it")
        if name == "assign_try" and self.empty:
            return None
        row.update(state=AFTER[name][1], _timestamp=str(self._stamp))
        self.done += name == "do"
        if name == "confirm" and not self.late:
            self.ship()
        return None

    def ship(self) -> None:
        self._make(SHIPMENT.model, "waiting", None)

    def _make(self, model: str, state: str, reference: str | None) -> int:
        rows = self.records[model]
        number = max(rows, default=0) + 1
        rows[number] = {
            "id": number, "state": state, "number": f"N{number}", "reference": reference,
            "moves": [70 + number], "_timestamp": str(self._stamp),
        }  # fmt: skip
        return number


def send_back(system: Buying) -> list[Written]:
    stepper = Stepper(cast(Rpc, system), 1, lambda: None, pause=lambda seconds: None)
    order = stepper.write(ORDER, "k")
    return [order, stepper.write(SHIPMENT, "k", order)]


def test_grown_paper_is_filled_in_and_sent() -> None:
    """The shipment gets our key and lot once, and is done once however often it is asked."""
    system = Buying()
    first = send_back(system)
    assert first == send_back(system)
    (shipment,) = system.records[SHIPMENT.model].values()
    assert (shipment["reference"], shipment["state"]) == ("k", "done")
    assert shipment["moves"] == [["write", [71], {"lot": 7}]] and system.done == 1


def test_not_grown_yet() -> None:
    """A system that makes the shipment later is asked again; nothing of ours is made instead."""
    system = Buying(late=True)
    with pytest.raises(Unavailable, match="of N1 yet"):
        send_back(system)
    system.ship()
    assert send_back(system)[1].number == "N1"
    assert len(system.records[SHIPMENT.model]) == 1


def test_cancelled_by_somebody() -> None:
    """A shipment that a clerk cancelled is for a person, and so is not sent."""
    system = Buying()
    with pytest.raises(Rejected, match="have it made again there"):
        system.late = True
        system.ship()
        system.records[SHIPMENT.model][1]["state"] = "cancelled"
        send_back(system)
    system.ship()
    assert send_back(system)[1].number == "N2"


def test_goods_are_not_there() -> None:
    """Goods that are not there leave the system's own shipment waiting for them."""
    system = Buying(empty=True)
    with pytest.raises(Rejected, match="place for goods at suppliers") as no:
        send_back(system)
    assert no.value.code == "insufficient_stock"
    system.empty = False
    assert send_back(system)[1].number == "N1"


faults = st.sampled_from([None, None, UnknownOutcome("lost"), Unavailable("503"), Overtaken("x")])


@settings(max_examples=40)
@given(st.lists(faults, max_size=30))
def test_sent_once_under_any_faults(plan: list[Exception | None]) -> None:
    """Whatever is lost, refused or repeated: one purchase return, one shipment, sent once."""
    left = list(plan)
    system = Buying(lambda: left.pop(0) if left else None)
    for _ in range(len(plan) + 1):
        try:
            assert send_back(system)[1].number == "N1"
        except (Unavailable, UnknownOutcome):
            continue
        break
    assert system.done == 1
    assert [row["state"] for row in system.records[ORDER.model].values()] == ["processing"]
    assert [row["state"] for row in system.records[SHIPMENT.model].values()] == ["done"]
