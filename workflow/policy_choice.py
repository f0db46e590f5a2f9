"""Which version of each policy a case is judged by: what it keeps, and what holds as of now."""

from datetime import datetime

from workflow.policy import KEPT, Policies, Policy
from workflow.state import Authorised, Authority, Closed, State, Unborn


def policies_for(known: Policies, state: State, at: datetime, unit: str = "") -> Policies:
    """The policies for the next step of a case at ``at``, variants of its business unit first.

    A case that is authorised keeps the versions it was authorised under (``policy.KEPT``),
    whatever came into force since; who may approve and how far machines are trusted is as of
    ``at``. ``unit`` is the business unit of a case that is not born yet.
    """
    if isinstance(state, Unborn):
        return known.at(at).of(unit)
    unit = state.case.requested.business_unit
    now = known.at(at).of(unit)
    if not isinstance(state, Authorised | Closed):
        return now
    kept = _kept(known, state.authority, unit)
    return Policies((*kept, *(p for p in now.versions if p.name not in {k.name for k in kept})))


def _kept(known: Policies, authority: Authority, unit: str) -> list[Policy]:
    """By the strings noted at authorisation. What was not noted then, or whose text is not
    known any more (it was never kept), is what was in force at that moment."""
    then = {p.name: p for p in known.at(authority.at).of(unit).versions if p.name in KEPT}
    noted = [known.by_ref(ref) for ref in authority.policies]
    return list((then | {p.name: p for p in noted if p is not None}).values())
