"""Who lets a policy decide: drafts that check are proposed, and published by somebody else.

Pure: histories of a stream ``policy/{name}`` in, the next fact out. A draft is held to three
things before anybody sees it: its own table (schema, totality), its examples, and the program
(it declares the facts that the program asks with, and says nothing that it cannot act on).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from workflow.actor import Actor
from workflow.approvals import require_role
from workflow.facts import PolicyProposed, PolicyPublished, PolicyWithdrawn
from workflow.policy import Policies, Policy
from workflow.policy_examples import check_examples
from workflow.policy_reading import Fault, read_policy
from workflow.refused import Refused

AUTHOR = "policy_author"
MOST_TEXT = 200_000
"""Characters of a draft, and of its examples; the longest shipped table has about a tenth."""
_UNIT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy's text and its examples, both TOML. ``effective`` replaces the day in the text."""

    text: str
    examples: str
    unit: str = ""
    effective: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One proposal and what became of it."""

    proposed: PolicyProposed
    published: PolicyPublished | None = None
    withdrawn: PolicyWithdrawn | None = None

    @property
    def status(self) -> str:
        """``proposed``, ``published`` or ``withdrawn``."""
        if self.withdrawn is not None:
            return "withdrawn"
        return "published" if self.published is not None else "proposed"


def stream_of(name: str) -> str:
    return f"policy/{name}"


def entries_of(history: Iterable[object]) -> list[Entry]:
    """Every proposal of a stream in the order proposed."""
    found: dict[str, Entry] = {}
    for fact in history:
        match fact:
            case PolicyProposed():
                found[fact.proposal_id] = Entry(fact)
            case PolicyPublished():
                found[fact.proposal_id] = replace(found[fact.proposal_id], published=fact)
            case PolicyWithdrawn():
                found[fact.proposal_id] = replace(found[fact.proposal_id], withdrawn=fact)
    return list(found.values())


def read_entry(entry: Entry) -> tuple[Policy | None, list[Fault]]:
    """The policy of a proposal, with its days; faults where this program cannot read it."""
    said = entry.published or entry.proposed
    file = f"proposal {entry.proposed.proposal_id}"
    policy, faults = read_policy(entry.proposed.text, file, entry.proposed.unit)
    if policy is None:
        return None, faults
    dated = replace(
        policy,
        effective=said.effective,
        published_at=entry.published.published_at if entry.published else None,
        withdrawn_at=entry.withdrawn.withdrawn_at if entry.withdrawn else None,
    )
    return dated, []


def read_draft(draft: Draft, known: Policies) -> tuple[Policy | None, list[Fault]]:
    """The draft's policy, and everything that is wrong with it; not who proposes it, nor when."""
    too_long = [len(text) > MOST_TEXT for text in (draft.text, draft.examples)]
    if any(too_long):
        return None, [Fault("draft", "", f"is longer than {MOST_TEXT} characters")]
    policy, faults = read_policy(draft.text, "draft", draft.unit)
    if draft.unit and not _UNIT.fullmatch(draft.unit):
        faults.append(Fault("draft", "", f"{draft.unit!r} is no code of a business unit"))
    if policy is None:
        return None, faults
    policy = replace(policy, effective=draft.effective or policy.effective)
    general = [p for p in known.versions if p.name == policy.name and not p.unit]
    if not general:
        raise Refused("unknown_policy", f"The program asks no policy called {policy.name!r}.")
    faults += check_examples(policy, draft.examples, "examples")
    return policy, faults + [Fault("draft", "", says) for says in _unfit(policy, general[0])]


def _unfit(draft: Policy, asked: Policy) -> list[str]:
    """Why the program could not ask the draft as it asks the policy that it would replace."""
    says = []
    for name in sorted(draft.declared - asked.declared):
        says.append(f"declares {name}, which nobody would tell it")
    for name in sorted(asked.declared & draft.declared):
        old, new = asked.facts[name], draft.facts[name]
        if (old.kind, old.required, set(old.one_of)) != (new.kind, new.required, set(new.one_of)):
            says.append(f"must declare {name} with the type, required and one_of that it had")
    for what, told, usual in (
        ("outcome", draft.outcomes, asked.outcomes),
        ("option", draft.options, asked.options),
        ("value", [f"{n}: {kind}" for n, kind in draft.columns],
         [f"{n}: {kind}" for n, kind in asked.columns]),
    ):  # fmt: skip
        foreign = [one for one in told if one not in usual]
        says += [f"has the {what} {one!r}, which the program cannot act on" for one in foreign]
    if set(asked.options) - set(draft.options):
        says.append(f"must keep the options {', '.join(asked.options)}; remove them by rules")
    return says


def proposed(
    known: Policies, history: Sequence[object], draft: Draft, by: Actor, at: datetime
) -> PolicyProposed:
    """The fact that a draft is proposed.

    Codes: ``wrong_role`` (a policy author proposes), ``unknown_policy``, ``policy_faults``
    (``details['faults']`` lists all), ``past_date``, ``stale_policy`` (its version is not newer,
    or it would be in force before a version that is published already).
    """
    require_role(by, AUTHOR, "Proposing a policy")
    policy, faults = read_draft(draft, known)
    if policy is None or faults:
        told = [str(fault) for fault in faults]
        raise Refused("policy_faults", "The draft has faults: " + " ".join(told), faults=told)
    check_day(policy.effective, at)
    _check_newest(known, history, policy)
    number = sum(isinstance(fact, PolicyProposed) for fact in history) + 1
    return PolicyProposed(
        proposal_id=f"{policy.name}:{number}",
        name=policy.name,
        unit=policy.unit,
        version=policy.version,
        effective=policy.effective,
        digest=policy.digest,
        text=draft.text,
        examples=draft.examples,
        proposed_by=by.id,
        proposed_at=at,
        note=draft.note,
    )


def published(
    known: Policies,
    history: Sequence[object],
    proposal_id: str,
    by: Actor,
    at: datetime,
    effective: date | None = None,
) -> PolicyPublished:
    """The fact that a proposal is published by another policy author, a person.

    ``effective`` replaces the day proposed. Codes: ``unknown_proposal``, ``already_decided``,
    ``wrong_role``, ``proposer_is_approver``, ``past_date``, ``stale_policy``, and
    ``policy_faults`` where the program has moved on and cannot ask it any more.
    """
    entry = _open(history, proposal_id)
    said = entry.proposed
    _check_person(by, f"Publishing {proposal_id}")
    if said.proposed_by == by.id:
        raise Refused(
            "proposer_is_approver", f"{by.id} proposed {proposal_id} and may not publish it."
        )
    draft = Draft(said.text, said.examples, said.unit, effective or said.effective)
    policy, faults = read_draft(draft, known)
    if policy is None or faults:
        told = [str(fault) for fault in faults]
        raise Refused("policy_faults", "It has faults by now: " + " ".join(told), faults=told)
    check_day(policy.effective, at)
    _check_newest(known, history, policy)
    return PolicyPublished(
        proposal_id=proposal_id,
        name=said.name,
        unit=said.unit,
        version=said.version,
        effective=policy.effective,
        digest=said.digest,
        published_by=by.id,
        published_at=at,
    )


def withdrawn(
    history: Sequence[object], proposal_id: str, by: Actor, at: datetime, because: str
) -> PolicyWithdrawn:
    """The fact that a proposal, or a published version, is taken back.

    One policy author is enough: two people let the version before it in, and whoever sees
    rules do harm must not wait for a colleague. Codes: ``unknown_proposal``,
    ``already_decided``, ``wrong_role``, ``reason_required``.
    """
    entry = _entry(history, proposal_id)
    _check_person(by, f"Withdrawing {proposal_id}")
    if entry.withdrawn is not None:
        raise Refused("already_decided", f"{proposal_id} is withdrawn already.")
    if not because.strip():
        raise Refused("reason_required", f"Say why {proposal_id} is withdrawn.")
    said = entry.proposed
    return PolicyWithdrawn(
        proposal_id, said.name, said.unit, said.version, by.id, at, because.strip()
    )


def check_day(effective: date, at: datetime) -> None:
    """Refuse with ``past_date`` a day before today (UTC)."""
    today = at.astimezone(UTC).date()
    if effective < today:
        raise Refused("past_date", f"{effective} is past; today is {today}.")


def _check_newest(known: Policies, history: Sequence[object], policy: Policy) -> None:
    """Against what is known and what was published a moment ago, elsewhere."""
    told = [read_entry(entry)[0] for entry in entries_of(history) if entry.published is not None]
    everything = (*known.versions, *(p for p in told if p is not None))
    same = [p for p in everything if (p.name, p.unit) == (policy.name, policy.unit)]
    newest = max((p.version for p in same), default=0)
    if policy.version <= newest:
        raise Refused(
            "stale_policy",
            f"{policy.name} {policy.version} is not newer than version {newest}, which is known.",
        )
    latest = max((p.effective for p in same if p.withdrawn_at is None), default=date.min)
    if policy.effective < latest:
        raise Refused(
            "stale_policy",
            f"A version of {policy.name} is published for {latest}; {policy.effective} is before.",
        )


def _entry(history: Sequence[object], proposal_id: str) -> Entry:
    for entry in entries_of(history):
        if entry.proposed.proposal_id == proposal_id:
            return entry
    raise Refused("unknown_proposal", f"There is no proposal {proposal_id}.")


def _open(history: Sequence[object], proposal_id: str) -> Entry:
    entry = _entry(history, proposal_id)
    if entry.status != "proposed":
        raise Refused("already_decided", f"{proposal_id} is {entry.status} already.")
    return entry


def _check_person(by: Actor, doing: str) -> None:
    require_role(by, AUTHOR, doing)
    if by.kind != "person":
        raise Refused("wrong_role", f"{doing} needs a person; {by.id} is a {by.kind}.")
