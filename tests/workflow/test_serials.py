"""Serial numbers: one a piece, none twice, and only our own units go back to stock."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.workflow.fakes import INES, NOON, WALT, FakePolicies, Story, line, request
from workflow.asking import disposition_facts
from workflow.commands import InspectLine, ReceiptLine, ReceiveGoods, ReinspectPortion
from workflow.events import RequestedLine
from workflow.refused import Refused


def shipped(*serials: str, announced: tuple[str, ...] = (), quantity: str = "2") -> RequestedLine:
    one = line(quantity=quantity)
    facts = replace(one.facts, shipped_serials=serials)
    return replace(one, facts=facts, serials=announced)


def received(one: RequestedLine) -> Story:
    story = Story(FakePolicies(lanes={"disposition": "review"}))
    story.send(request(one))
    goods = (ReceiptLine(1, "SKU-1", one.quantity),)
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, NOON))
    return story


def inspect(story: Story, *serials: str, quantity: int = 1) -> None:
    story.send(InspectLine(1, Decimal(quantity), "sealed", INES, NOON, serials=serials))


def facts(story: Story, portion: int = 0) -> tuple[object, object]:
    found = disposition_facts(story.case, story.line().portions[portion], NOON)
    return found["serial_expected"], found["serial_matches"]


def test_a_serial_that_was_not_shipped_is_not_announced() -> None:
    """The customer is told which number is not on the invoice line."""
    with pytest.raises(Refused, match="serial number Z-9 was not shipped") as no:
        Story().send(request(shipped("A-1", "A-2", announced=("A-1", "Z-9"))))
    assert no.value.code == "wrong_serial"


@pytest.mark.parametrize("announced", [("A-1",), ("A-1", "A-1"), ("A-1", "A-2", "A-3")])
def test_serials_are_one_a_piece(announced: tuple[str, ...]) -> None:
    """As many as pieces, each once; of goods without numbers none are asked."""
    with pytest.raises(Refused) as no:
        Story().send(request(shipped("A-1", "A-2", "A-3", announced=announced)))
    assert no.value.code == "invalid_serials"
    Story().send(request(shipped()))


def test_what_is_read_is_held_against_what_was_shipped() -> None:
    """Ours, somebody else's and not read are three things; where none is known, none is said."""
    story = received(shipped("A-1", "A-2", "A-3", quantity="3"))
    inspect(story, "A-2")
    inspect(story, "Z-9")
    inspect(story)
    assert [facts(story, n) for n in range(3)] == [(True, True), (True, False), (True, None)]
    unknown = received(shipped())
    inspect(unknown, "B-7")
    assert facts(unknown) == (False, None)


def test_one_piece_is_not_inspected_twice() -> None:
    """A number that stands on goods of the return already is refused, and nothing is recorded."""
    story = received(shipped("A-1", "A-2"))
    inspect(story, "A-1")
    with pytest.raises(Refused, match="A-1 stands on other goods"):
        inspect(story, "A-1")
    assert story.line().inspected == 1


def test_a_number_read_later_replaces_what_was_not_read() -> None:
    """Goods on hold whose label was found are looked at again with it; without, it stays."""
    story = Story(FakePolicies())
    story.send(request(shipped("A-1", "A-2")))
    story.send(ReceiveGoods("GR-1", "W1", (ReceiptLine(1, "SKU-1", Decimal(2)),), WALT, NOON))
    inspect(story)
    story.answer_models(NOON, "quarantine")
    story.send(ReinspectPortion("1.1", "sealed", INES, NOON, serials=("A-1",)))
    assert facts(story) == (True, True)
    story.send(ReinspectPortion("1.1", "opened", INES, NOON))
    assert facts(story) == (True, True)
