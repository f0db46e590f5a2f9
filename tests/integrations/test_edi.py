"""X12 read and acknowledged: envelope, elements by their place, and what is lost."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.edi.acknowledge import acknowledge
from integrations.edi.adjustments_812 import read_812
from integrations.edi.returns_180 import read_180
from integrations.edi.x12 import Interchange, Unreadable, read
from tests.integrations.edi_texts import CREDIT, WANTED, interchange

NOW = datetime(2026, 6, 9, 8, 40, tzinfo=UTC)


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.split("~") if line.strip()]


def test_a_180_is_what_the_customer_wants() -> None:
    """Item, quantity, reason, invoice and lot arrive; what is not kept is said."""
    found = read(interchange(WANTED))
    assert (found.sender, found.control, found.faults) == (("ZZ", "NORTHGATE"), "000000042", [])
    wanted, reading = read_180(found.groups[0].sets[0])
    (line,) = wanted.lines
    assert reading.faults == []
    assert (wanted.customer_id, wanted.number) == ("C-1001", "PO-77120")
    assert (line.sku, line.quantity, line.uom) == ("PMP-1001", Decimal(4), "EA")
    assert (line.reason, line.invoice_id, line.lot) == ("DT", "INV-1001", "L2217")
    assert [lost.partition(":")[0] for lost in reading.lost] == [
        "RDR (segment 6)", "RDR (segment 6)", "TD1 (segment 8)",
    ]  # fmt: skip


def test_an_812_is_a_credit_note() -> None:
    """Amounts have two implied decimals and stay integers; reasons keep their code."""
    name, data, reading = read_812(read(interchange(CREDIT)).groups[0].sets[0])
    assert (name, reading.faults) == ("credit_note_recorded", [])
    (line,) = data["lines"]
    assert (line["net_minor"], line["quantity"], line["invoice_line"]) == (14060, "1", 1)
    assert (line["reason"], data["system"]) == ("11", "x12_426")


def test_faults_name_segment_and_element() -> None:
    """All of them at once, with the value that was there."""
    bad = (
        "180",
        "BGN*05*PO 7*20260609",
        "BLI*VP*PMP-1001*-4*EA",
        "N9*LI*x",
    )
    _, reading = read_180(read(interchange(bad)).groups[0].sets[0])
    assert [(fault.at, fault.code, fault.value) for fault in reading.faults] == [
        ("BGN01 (segment 2)", "7", "05"),
        ("BGN02 (segment 2)", "6", "PO 7"),
        ("BLI03 (segment 3)", "6", "-4"),
        ("N902 (segment 4)", "6", "x"),
        ("N1 (segment 1)", "3", ""),
    ]
    wrong = [part.replace("*C**", "*X**").replace("*14060*C*", "*100*C*") for part in CREDIT]
    _, _, reading = read_812(read(interchange(wrong)).groups[0].sets[0])
    assert [fault.at for fault in reading.faults] == ["CDD02 (segment 4)", "BCD04 (segment 2)"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("GE*2*7", "GE*3*7", "AK9*R*3*2*0*5"),
        ("GE*2*7", "GE*2*8", "AK9*R*2*2*0*4"),
        ("SE*9*0001~\n", "", "AK9*R*2*2*0*3"),
    ],
)
def test_of_a_group_that_is_not_whole_nothing_is_taken(before: str, after: str, said: str) -> None:
    """Its trailer counts other sets, names another group, or a set has no end: a piece may be
    missing, so the 997 rejects the group and lists no set as taken."""
    found = read(interchange(WANTED, WANTED).replace(before, after))
    assert found.faults == []
    lines = lines_of(acknowledge(found, NOW))
    assert said in lines and not [line for line in lines if line.startswith(("AK2", "AK5"))]


def test_the_acknowledgement_says_what_was_taken() -> None:
    """A good set is accepted, one with a wrong count and one with a bad element are not."""
    text = interchange(WANTED, WANTED, WANTED).replace("SE*9*0002", "SE*8*0002")
    found = read(text)
    third = found.groups[0].sets[2]
    third.segments[3] = third.segments[3].__class__("BLI", 5, ("VP", "PMP-1001", "x", "EA"))
    third.faults += read_180(third)[1].faults
    said = acknowledge(found, NOW)
    assert lines_of(said)[2:-3] == [
        "ST*997*0001", "AK1*AN*7",
        "AK2*180*0001", "AK5*A",
        "AK2*180*0002", "AK5*R*4",
        "AK2*180*0003", "AK3*BLI*5**8", "AK4*3**6*x", "AK5*R*5",
        "AK9*P*3*3*1",
    ]  # fmt: skip
    assert read(said).faults == []
    assert acknowledge(found, NOW) == said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "ISA"),
        ("UNB+UNOA:1+A+B+260609:0830+1'", "ISA"),
        (interchange(WANTED)[:200], "missing"),
        (interchange(WANTED).replace("IEA*1*", "IEA*2*"), "count"),
        (interchange(WANTED).replace("IEA*1*000000042", "IEA*1*000000043"), "does not match"),
    ],
)
def test_a_broken_envelope_is_refused_whole(text: str, says: str) -> None:
    """Cut off, of another standard, or with counts that do not hold."""
    try:
        found: Interchange = read(text)
    except Unreadable as error:
        assert says in str(error)
    else:
        assert says in " ".join([*found.faults, *(c for g in found.groups for c in g.codes)])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 600), st.integers(0, 30), st.text(alphabet="~*>:A0\n \u00e4", max_size=5))
def test_damaged_text_is_never_a_crash(start: int, many: int, other: str) -> None:
    """Whatever is cut out of an interchange or put in, it is read or said to be unreadable."""
    text = interchange(WANTED, CREDIT)
    try:
        found = read(text[:start] + other + text[start + many :])
    except Unreadable:
        return
    for group in found.groups:
        for one in group.sets:
            one.faults += (read_180 if one.kind == "180" else read_812)(one)[-1].faults
    acknowledge(found, NOW)
