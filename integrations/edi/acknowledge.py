"""997, Functional Acknowledgement: which sets were taken, and what was wrong where.

Written by pyx12's writer, which makes the trailers and counts. A set is accepted (A) or rejected
(R); a group is accepted, partly accepted (P) or rejected. Of a group whose own envelope is wrong
nothing was taken, and its sets are not listed. Layout: X12 release 004010.
"""

import io
from datetime import datetime

from pyx12.segment import Segment as Raw
from pyx12.x12file import X12Writer

from integrations.edi.x12 import Fault, Group, Interchange, TransactionSet

_TERMS = ("~", "*", ":")
MOST_FAULTS = 99
"""AK3 loops of one set, as many as a 997 may carry is far more; the first say enough."""


def acknowledge(interchange: Interchange, at: datetime, first: str = "") -> str:
    """The 997 to send back, one set a group; ``first`` is a TA1 to go before it. Deterministic: its
    control number is theirs."""
    out = io.StringIO()
    writer = X12Writer(out, *_TERMS, eol="\n")
    control = interchange.control.zfill(9)[-9:]
    _write(writer, _header(interchange, control, at))
    if first:
        out.write(first + "\n")
    _write(
        writer,
        ["GS", "FA", interchange.receiver[1], interchange.sender[1], f"{at:%Y%m%d}", f"{at:%H%M}",
         str(int(control)) if control.isdigit() else "1", "X", "004010"],
    )  # fmt: skip
    for number, group in enumerate(interchange.groups, start=1):
        _group(writer, group, f"{number:04}")
    writer.close()
    return out.getvalue()


def _header(interchange: Interchange, control: str, at: datetime) -> list[str]:
    sender, receiver = interchange.receiver, interchange.sender
    return [
        "ISA", "00", " " * 10, "00", " " * 10, sender[0], sender[1].ljust(15), receiver[0],
        receiver[1].ljust(15), f"{at:%y%m%d}", f"{at:%H%M}", "U", "00401", control, "0",
        interchange.usage or "P", ":",
    ]  # fmt: skip


def _group(writer: X12Writer, group: Group, number: str) -> None:
    _write(writer, ["ST", "997", number])
    _write(writer, ["AK1", group.functional_id, group.control])
    many = group.stated if group.stated.isdecimal() else str(len(group.sets))
    if group.codes:
        _write(writer, ["AK9", "R", many, str(len(group.sets)), "0", *group.codes[:5]])
        return
    for one in group.sets:
        _set(writer, one)
    taken = sum(accepted(one) for one in group.sets)
    verdict = "A" if taken == len(group.sets) else "P" if taken else "R"
    _write(writer, ["AK9", verdict, many, str(len(group.sets)), str(taken)])


def _set(writer: X12Writer, one: TransactionSet) -> None:
    _write(writer, ["AK2", one.kind, one.control])
    for fault in one.faults[:MOST_FAULTS]:
        _fault(writer, fault)
    _write(writer, ["AK5", *_verdict(one)])


def accepted(one: TransactionSet) -> bool:
    """Whether a set may be acted upon."""
    return not one.codes and not one.faults


def _verdict(one: TransactionSet) -> list[str]:
    if accepted(one):
        return ["A"]
    codes = [*one.codes, *(["5"] if one.faults else [])]
    return ["R", *dict.fromkeys(codes)][:6]


def _fault(writer: X12Writer, fault: Fault) -> None:
    segment_code = fault.code if not fault.element else "8"
    _write(writer, ["AK3", fault.segment, str(fault.position), "", segment_code])
    if fault.element:
        value = "".join(c for c in fault.value if c.isprintable() and c not in "~*:")[:99]
        ak4 = ["AK4", str(fault.element), "", fault.code]
        _write(writer, [*ak4, value] if value else ak4)


def _write(writer: X12Writer, elements: list[str]) -> None:
    writer.Write(Raw("*".join(elements), *_TERMS))
