"""Which answers a case is waiting for: derived from the state, so nothing can be forgotten."""

from dataclasses import dataclass

from workflow.state import Authorised, State, UnderReview


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model should be asked. ``portion`` is the portion, or the credit's sequence as text."""

    point: str
    line: int
    portion: str | None = None


def wanted(state: State) -> tuple[Wanted, ...]:
    """Open questions in the order a return walks; empty when a person or a system is next."""
    if isinstance(state, UnderReview):
        return tuple(
            Wanted("reason", line.number)
            for line in state.case.lines
            if line.reason is None
            and line.requested.stated_reason is None
            and line.reason_assessment is None
        )
    if not isinstance(state, Authorised):
        return ()
    found = []
    for line in state.case.lines:
        found += [
            Wanted("disposition", line.number, portion.id)
            for portion in line.portions
            if portion.assessment is None and portion.proposal is None and not portion.parts
        ]
        found += [
            Wanted("credit", line.number, str(credit.sequence))
            for credit in line.credits
            if credit.status == "proposed" and credit.assessment is None
        ]
    return tuple(found)
