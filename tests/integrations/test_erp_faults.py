"""A bad network and a bad clerk in front of an ERP."""

from collections import Counter

import pytest

from integrations.erp.fake import Dice, FakeErp, Fault, FaultyErp, Script
from integrations.erp.port import Rejected, Unavailable, UnknownOutcome
from tests.integrations.erp_requests import AT, closing, memo, move, receipt

CASE = "R-1001"


def test_delay_waits_and_then_does() -> None:
    """A delayed call waits for the time named and goes well."""
    slept: list[float] = []
    erp = FaultyErp(FakeErp(), Script({"k": [Fault.DELAY]}), slept.append, delay_seconds=2.5)
    assert erp.post_credit_memo("k", memo(CASE), AT).number == "CM-000001"
    assert slept == [2.5]


def test_wrong_amount_sticks() -> None:
    """A lie about an amount is told again on every retry, so only reconciliation finds it."""
    inner = FakeErp()
    erp = FaultyErp(inner, Script({"k": [Fault.WRONG_AMOUNT]}))
    first = erp.post_credit_memo("k", memo(CASE, 30_00), AT)
    assert erp.post_credit_memo("k", memo(CASE, 30_00), AT).number == first.number
    assert [line.amount_minor for line in inner.changes().lines] == [30_30]
    assert erp.met == [("k", Fault.WRONG_AMOUNT)]


def test_no_lie_after_the_truth() -> None:
    """What was written truly before its answer was lost stays true on the retry."""
    inner = FakeErp()
    erp = FaultyErp(inner, Script({"k": [Fault.DROP_AFTER, Fault.WRONG_AMOUNT]}))
    with pytest.raises(UnknownOutcome, match="response was lost"):
        erp.post_credit_memo("k", memo(CASE), AT)
    assert erp.post_credit_memo("k", memo(CASE), AT).repeated
    assert erp.met == [("k", Fault.DROP_AFTER)]


def test_missing_move() -> None:
    """A missing move is answered with a number, is nowhere, and keeps the case open."""
    erp = FaultyErp(FakeErp(), Script({"m": [Fault.MISSING_MOVE]}))
    erp.receive("r", receipt(CASE), AT)
    for _ in range(2):
        assert erp.move_stock("m", move(CASE), AT).number == "LOST-m"
    assert erp.document("m") is None
    with pytest.raises(Rejected, match="in returns"):
        erp.close("c", closing(CASE), AT)


def test_down_is_unavailable() -> None:
    """A system that is down says so before doing anything."""
    inner = FakeErp()
    erp = FaultyErp(inner, Script({"k": [Fault.DOWN]}))
    with pytest.raises(Unavailable, match="503 for k"):
        erp.post_credit_memo("k", memo(CASE), AT)
    assert inner.document("k") is None


def test_dice_repeat_by_seed() -> None:
    """The same seed throws the same faults in any order of calls, near the rates asked for."""
    rates = {Fault.DROP_AFTER: 0.2, Fault.WRONG_AMOUNT: 0.1}
    dice = Dice(8123, rates)
    keys = [f"R-{n}/1/credit/1" for n in range(2_000)]
    thrown = [dice.fault(key, "credit_memo", 1) for key in keys]
    assert thrown[::-1] == [Dice(8123, rates).fault(key, "credit_memo", 1) for key in keys[::-1]]
    share = Counter(thrown)
    assert 0.17 < share[Fault.DROP_AFTER] / 2_000 < 0.23
    assert 0.08 < share[Fault.WRONG_AMOUNT] / 2_000 < 0.12
    assert Fault.WRONG_AMOUNT not in {dice.fault(key, "stock_move", 1) for key in keys}
    assert {dice.fault(key, "credit_memo", 4) for key in keys} == {None}
