"""Interchanges as partners send them, made from segments so that counts and controls are right."""

from collections.abc import Sequence


def interchange(
    *sets: Sequence[str], control: str = "000000042", usage: str = "P", sender: str = "NORTHGATE"
) -> str:
    """One interchange with one group: each set is its kind and its segments."""
    lines = [
        f"ISA*00*          *00*          *ZZ*{sender:<15}*ZZ*{'TRIAGE':<15}*260609*0830*U*00401*"
        f"{control}*0*{usage}*>",
        "GS*AN*NORTHGATE*TRIAGE*20260609*0830*7*X*004010",
    ]
    for number, (kind, *segments) in enumerate(sets, start=1):
        lines.append(f"ST*{kind}*{number:04}")
        lines += segments
        lines.append(f"SE*{len(segments) + 2}*{number:04}")
    lines += [f"GE*{len(sets)}*7", f"IEA*1*{control}"]
    return "~\n".join(lines) + "~\n"


WANTED = (
    "180",
    "BGN*00*PO-77120*20260609",
    "N1*BY*Northgate Hydraulics*92*C-1001",
    "N9*IV*INV-1001",
    "BLI*VP*PMP-1001*4*EA",
    "RDR*CR*DT**Three leak at the shaft seal*N",
    "N9*LT*L2217",
    "TD1*CTN*1",
)
"""R-1001 as a 180: DT is damaged in transit."""

CREDIT = (
    "812",
    "BCD*20260609*CN-812*A*14060*C*20260501*INV-1001",
    "N1*BY*Northgate Hydraulics*92*C-1001",
    "CDD*11*C**14060***1*EA***148",
    "LIN**VP*PMP-1001",
    "N9*LI*1",
)
"""One pump credited: 11 is Returns-Damage."""
