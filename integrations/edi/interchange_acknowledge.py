"""TA1, Interchange Acknowledgement: whether the envelope of an interchange was in order.

Asked for by ISA14, and sent whenever nothing of an interchange was taken. ``code`` is of element
I18; its header is read without the parser, which gives up on what is broken. Layout: X12 00401.
"""

from dataclasses import dataclass
from datetime import datetime

ISA_CHARS = 106
IN_ORDER = "000"
NO_SUCH_VERSION = "017"
PREMATURE_END = "023"
INVALID_CONTENT = "024"
CONTROL_USED = "025"
INVALID_CONTROL = "022"


@dataclass(frozen=True, slots=True)
class Header:
    """What of an ISA is needed to answer it; elements as they came, with their padding."""

    sender: tuple[str, str]
    receiver: tuple[str, str]
    date: str
    time: str
    version: str
    control: str
    wants_ta1: bool
    usage: str


def header_of(text: str) -> Header | None:
    """The header at the beginning of a text; ``None`` where there is none to answer."""
    isa = text.lstrip("\ufeff \r\n")[:ISA_CHARS]
    if len(isa) < ISA_CHARS or not isa.startswith("ISA"):
        return None
    parts = isa[:-1].split(isa[3])
    if len(parts) != 17 or not parts[13].strip().isdecimal():
        return None
    return Header(
        (parts[5], parts[6]), (parts[7], parts[8]), parts[9], parts[10], parts[12],
        parts[13].strip(), parts[14] == "1", parts[15],
    )  # fmt: skip


def segment(header: Header, code: str) -> str:
    """The TA1 alone: accepted where ``code`` is 000, else rejected."""
    verdict = "A" if code == IN_ORDER else "R"
    control = header.control.zfill(9)
    return f"TA1*{control}*{header.date}*{header.time}*{verdict}*{code}~"


def refusal(header: Header, code: str, at: datetime) -> str:
    """An interchange with the TA1 and nothing else. Deterministic: its control number is theirs."""
    control = header.control.zfill(9)[-9:]
    isa = "*".join(
        [
            "ISA", "00", " " * 10, "00", " " * 10, *_party(header.receiver),
            *_party(header.sender), f"{at:%y%m%d}", f"{at:%H%M}", "U", "00401", control, "0",
            header.usage if header.usage in ("P", "T") else "P", ":",
        ]
    )  # fmt: skip
    return f"{isa}~\n{segment(header, code)}\nIEA*0*{control}~\n"


def _party(party: tuple[str, str]) -> tuple[str, str]:
    """Qualifier and number, without what would break our own envelope."""
    qualifier, number = (part.replace("*", " ").replace("~", " ") for part in party)
    return qualifier[:2].ljust(2), number[:15].ljust(15)
