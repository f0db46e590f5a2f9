"""What codes of other systems mean here: the crosswalk that ships, and what two people agreed.

Pure: histories of a stream ``crosswalk/{vocabulary}/{system}/{code}`` in, the next fact out; and
``meaning``, the one place where a foreign code becomes one of ours, with what is lost on the way.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.actor import Actor
from workflow.approvals import require_role
from workflow.crosswalk import MATCHES, OWN_CODES, Crosswalk
from workflow.facts import MappingApproved, MappingProposed, MappingWithdrawn
from workflow.findings import named
from workflow.policy_ledger import AUTHOR
from workflow.refused import Refused

MappingFact = MappingProposed | MappingApproved | MappingWithdrawn
OWN = "own"
"""The system whose codes are ours."""
SYSTEM = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
MOST_CODE = 64
MOST_LOSS = 500


@dataclass(frozen=True, slots=True)
class ForeignCode:
    """A code as another system says it."""

    vocabulary: str
    system: str
    code: str

    def __str__(self) -> str:
        return f"{self.system}:{self.code}"

    @property
    def subject(self) -> str:
        return f"{self.vocabulary}:{self.system}:{named(self.code)}"


def as_told(vocabulary: str, system: str | None, text: str | None) -> ForeignCode | None:
    """The code in what somebody told: its first 64 characters; ``None`` for nothing at all."""
    code = (text or "").strip()[:MOST_CODE].strip()
    return ForeignCode(vocabulary, system or OWN, code) if code else None


@dataclass(frozen=True, slots=True)
class Meaning:
    """``match`` is ``exact``, ``near`` (``loss`` says what differs), ``none`` (declared: there is
    nothing of ours, ``loss`` says why), ``several`` or ``unknown``; ``ours`` is set for the first
    two only. ``by`` is ``crosswalk``, or the number of the mapping that says so."""

    foreign: ForeignCode
    match: str
    ours: str | None = None
    loss: str = ""
    by: str = "crosswalk"

    @property
    def known(self) -> bool:
        """Whether anybody has said what it means, be it that it means nothing here."""
        return self.match in MATCHES


def meaning(crosswalk: Crosswalk, agreed: MappingProposed | None, foreign: ForeignCode) -> Meaning:
    """What a foreign code means: what was ``agreed`` on goes before what ships."""
    if agreed is not None:
        return Meaning(foreign, agreed.match, agreed.ours, agreed.loss, agreed.mapping_id)
    ours = OWN_CODES.get(foreign.vocabulary, ())
    if foreign.system == OWN:
        return Meaning(foreign, "exact", foreign.code) if foreign.code in ours else _open(foreign)
    systems = {e.system for code in ours[:1] for e in crosswalk.of(foreign.vocabulary, code)}
    if foreign.system not in systems:
        return _open(foreign)
    found = crosswalk.back(foreign.vocabulary, foreign.system, foreign.code)
    if len(found) != 1:
        return _open(foreign, found)
    said = crosswalk.to(foreign.vocabulary, found[0], foreign.system)
    return Meaning(foreign, said.match, found[0], said.note if said.match == "near" else "")


def _open(foreign: ForeignCode, several: Sequence[str] = ()) -> Meaning:
    if several:
        return Meaning(foreign, "several", loss=f"May mean {' or '.join(several)}.")
    return Meaning(foreign, "unknown")


def stream_of(foreign: ForeignCode) -> str:
    return f"crosswalk/{foreign.vocabulary}/{foreign.system}/{named(foreign.code)}"


def status_of(history: Sequence[MappingFact], mapping_id: str) -> str:
    """``proposed``, ``approved`` or ``withdrawn``. Refused: ``unknown_mapping``."""
    words = {MappingProposed: "proposed", MappingApproved: "approved"}
    for fact in reversed(history):
        if fact.mapping_id == mapping_id:
            return words.get(type(fact), "withdrawn")
    raise Refused("unknown_mapping", f"There is no mapping {mapping_id[:80]}.")


def proposed(
    history: Sequence[MappingFact],
    foreign: ForeignCode,
    ours: str | None,
    match: str,
    loss: str,
    by: Actor,
    at: datetime,
) -> MappingProposed:
    """That somebody says what a foreign code means.

    Refused: ``wrong_role``, ``unknown_vocabulary`` (or a code that is not ours),
    ``not_allowed_value``, ``reason_required`` (what is not exact must say what is lost).
    """
    require_role(by, AUTHOR, "Mapping a code")
    check_foreign(foreign)
    _check_ours(foreign.vocabulary, ours, match)
    if match != "exact" and not loss.strip():
        raise Refused("reason_required", f"Say what is lost where {foreign} becomes one of ours.")
    if len(loss) > MOST_LOSS:
        raise Refused("not_allowed_value", f"What is lost has at most {MOST_LOSS} characters.")
    number = 1 + sum(isinstance(fact, MappingProposed) for fact in history)
    return MappingProposed(
        mapping_id=f"{foreign.subject}:{number}",
        vocabulary=foreign.vocabulary,
        system=foreign.system,
        code=foreign.code,
        ours=ours,
        match=match,
        loss=loss.strip(),
        proposed_by=by.id,
        proposed_at=at,
    )


def check_foreign(foreign: ForeignCode) -> None:
    """Refused: ``unknown_vocabulary``, ``not_allowed_value``."""
    if foreign.vocabulary not in OWN_CODES:
        raise Refused("unknown_vocabulary", f"We have no vocabulary {foreign.vocabulary[:60]!r}.")
    if not SYSTEM.fullmatch(foreign.system):
        raise Refused(
            "not_allowed_value", f"{foreign.system[:60]!r} is no system, such as sap_stock."
        )
    code = foreign.code
    if not 0 < len(code) <= MOST_CODE or code != code.strip() or not code.isprintable():
        raise Refused("not_allowed_value", f"A code has 1 to {MOST_CODE} printable characters.")


def _check_ours(vocabulary: str, ours: str | None, match: str) -> None:
    if match not in MATCHES:
        raise Refused("not_allowed_value", f"match is one of {', '.join(MATCHES)}.")
    if (ours is None) != (match == "none"):
        raise Refused("not_allowed_value", "Name a code of ours, or say match none.")
    if ours is not None and ours not in OWN_CODES[vocabulary]:
        raise Refused("unknown_vocabulary", f"{vocabulary} has no code {ours[:60]!r}.")


def approved(
    history: Sequence[MappingFact], mapping_id: str, by: Actor, at: datetime
) -> MappingApproved:
    """That a second person agrees; it is used from then on.

    Refused: ``unknown_mapping``, ``already_decided``, ``wrong_role``, ``proposer_is_approver``.
    """
    status = status_of(history, mapping_id)
    if status != "proposed":
        raise Refused("already_decided", f"{mapping_id} is {status} already.")
    _check_person(by, f"Approving {mapping_id}")
    if any(
        isinstance(fact, MappingProposed)
        and fact.mapping_id == mapping_id
        and fact.proposed_by == by.id
        for fact in history
    ):
        raise Refused(
            "proposer_is_approver", f"{by.id} proposed {mapping_id} and may not approve it."
        )
    return MappingApproved(mapping_id, by.id, at)


def withdrawn(
    history: Sequence[MappingFact], mapping_id: str, by: Actor, at: datetime, because: str
) -> MappingWithdrawn:
    """That it is taken back; one is enough, and the mapping before it holds again.

    Refused: ``unknown_mapping``, ``already_decided``, ``wrong_role``, ``reason_required``.
    """
    if status_of(history, mapping_id) == "withdrawn":
        raise Refused("already_decided", f"{mapping_id} is withdrawn already.")
    _check_person(by, f"Withdrawing {mapping_id}")
    if not because.strip():
        raise Refused("reason_required", f"Say why {mapping_id} is withdrawn.")
    return MappingWithdrawn(mapping_id, by.id, at, because.strip())


def _check_person(by: Actor, doing: str) -> None:
    require_role(by, AUTHOR, doing)
    if by.kind != "person":
        raise Refused("wrong_role", f"{doing} needs a person; {by.id} is a {by.kind}.")
