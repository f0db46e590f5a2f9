"""Codes of other systems at the edge: translated where somebody said what they mean, else found.

A code that nobody knows is never dropped: it stays as it was said, and becomes a finding for the
policy authors. Once two of them agreed on a mapping, it is used and the finding is closed.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from journal import findings, mappings
from journal.findings import UNKNOWN_CODE, Changes
from serving.wiring import Services
from workflow.actor import Actor
from workflow.crosswalk import OWN_CODES
from workflow.facts import CreditNoteRecorded, StockStatusReported
from workflow.findings import Found
from workflow.mappings import ForeignCode, Meaning, as_told, meaning
from workflow.policy_ledger import AUTHOR

BECAUSE = "Somebody said what the code means."


def codes_of(fact: object) -> list[ForeignCode]:
    """The codes of another system that a fact tells, each once."""
    told: list[tuple[str, str | None, str | None]] = []
    match fact:
        case CreditNoteRecorded(system=system, lines=lines):
            told = [("return_reason", system, line.reason) for line in lines]
        case StockStatusReported(system=system, status=status, disposition=disposition):
            told = [("stock_status", system, status), ("disposition", system, disposition)]
        case _:
            pass
    codes = (as_told(*one) for one in told)
    return list(dict.fromkeys(code for code in codes if code))


def means(services: Services, conn: Connection, foreign: ForeignCode) -> Meaning:
    """What a code means as of now."""
    return meaning(services.crosswalk, mappings.agreed(conn, foreign), foreign)


def take(
    services: Services, conn: Connection, codes: Iterable[ForeignCode], at: datetime
) -> list[Meaning]:
    """What the codes mean; those nobody knows become findings in this transaction."""
    told = [means(services, conn, foreign) for foreign in codes]
    found = [found_of(one) for one in told if not one.known]
    if found:
        findings.bring_up_to_date(services.journal, conn, found, (), at, BECAUSE)
    return told


def check_codes(services: Services, conn: Connection, at: datetime) -> Changes:
    """Find what documents told that nobody knows; close what somebody has mapped since."""
    told = [means(services, conn, foreign) for foreign in mappings.seen_codes(conn)]
    mapped = [
        row["finding_id"]
        for row in findings.not_closed_of(conn, UNKNOWN_CODE)
        if means(services, conn, foreign_of(row["records"])).known
    ]
    found = [found_of(one) for one in told if not one.known]
    return findings.bring_up_to_date(services.journal, conn, found, mapped, at, BECAUSE)


def agree(services: Services, conn: Connection, mapping_id: str, actor: Actor) -> None:
    """A second person approves a mapping; it is used, and findings about the code are closed.

    Refused: as ``workflow.mappings.approved``.
    """
    now = services.clock()
    mappings.approve(services.journal, conn, mapping_id, actor, now)
    check_codes(services, conn, now)


def take_back(
    services: Services, conn: Connection, mapping_id: str, actor: Actor, because: str
) -> None:
    """A mapping is not used (any more); a code that documents told is found again.

    Refused: as ``workflow.mappings.withdrawn``.
    """
    now = services.clock()
    mappings.withdraw(services.journal, conn, mapping_id, actor, now, because)
    check_codes(services, conn, now)


def vocabularies(services: Services) -> dict[str, dict[str, object]]:
    """Our vocabularies: ``codes``, and ``systems`` by name with what they are."""
    return {
        name: {
            "codes": list(codes),
            "systems": {e.system: e.title for e in services.crosswalk.of(name, codes[0])},
        }
        for name, codes in OWN_CODES.items()
    }


def found_of(told: Meaning) -> Found:
    """The finding of a code that nobody knows."""
    foreign = told.foreign
    what = foreign.vocabulary.replace("_", " ")
    return Found(
        kind=UNKNOWN_CODE,
        subject=foreign.subject,
        records=(foreign.vocabulary, foreign.system, foreign.code),
        severity="medium",
        role=AUTHOR,
        says=(
            f"{foreign.system} says {foreign.code!r} as a {what};"
            f" nobody has said what that means here. {told.loss}".rstrip()
        ),
    )


def foreign_of(records: Iterable[str]) -> ForeignCode:
    """The code that a finding is about."""
    vocabulary, system, code = records
    return ForeignCode(vocabulary, system, code)


def meaning_json(told: Meaning) -> dict[str, object]:
    """As routes answer it; ``loss`` says what is lost on the way to ``ours``."""
    return {
        "vocabulary": told.foreign.vocabulary,
        "system": told.foreign.system,
        "code": told.foreign.code,
        "ours": told.ours,
        "match": told.match,
        "loss": told.loss,
        "by": told.by if told.known else None,
    }
