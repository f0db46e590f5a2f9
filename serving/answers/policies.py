"""``/v1/policies``: what decides, who said so, and what a draft would change."""

from typing import Annotated, Any, Literal

from pydantic import Field

from serving.answers.form import Answer, Currency, Day, Time
from workflow.codes import Point, Role


class PolicyRule(Answer):
    """``when`` is CEL; null is always, which the last rule is."""

    id: str
    when: str | None
    outcome: str
    role: Role | None
    values: dict[str, Any]
    """Its further columns."""
    removes: list[str]
    """Options that it takes away."""
    proposes: str
    """The option that it asks for, where the rules leave it; empty for none."""
    because: str


class PolicyVersion(Answer):
    """One version of a policy, or of its variant for a business unit."""

    name: str
    unit: str | None
    """Null: for every unit that has no variant."""
    version: int
    ref: str
    """``name@version#digest``, as verdicts carry it."""
    digest: str
    effective: Day
    in_force: bool
    shipped: bool
    """With the program; then nobody proposed it."""
    says: str
    proposal_id: str | None
    proposed_by: str | None
    proposed_at: Time | None
    published_by: str | None
    published_at: Time | None
    withdrawn_by: str | None
    withdrawn_at: Time | None
    facts: list[str]
    """What its rules may ask about."""
    rules: list[PolicyRule]


class PolicyVersions(Answer):
    items: list[PolicyVersion]


class PackTable(Answer):
    name: str
    says: str
    rules: list[PolicyRule]


class PolicyPack(Answer):
    """Published terms, as tables that a business unit adopts."""

    name: str
    title: str
    published: list[str]
    """What its distributor published."""
    reading: list[str]
    """How we read it."""
    policies: list[PackTable]


class PolicyPacks(Answer):
    items: list[PolicyPack]


class WouldHaveRow(Answer):
    """``sure_``: of answers as sure as the guarantee asked at the time."""

    point: Point
    value: str
    """Of the dimension; empty where it is not known."""
    answers: int
    passed: int
    """Without a person."""
    judged: int
    """By a person."""
    otherwise: int
    """Of those judged."""
    sure_judged: int
    sure_otherwise: int


class WouldHave(Answer):
    """What *automate* would have done, by decision point and one dimension."""

    by: Literal["business_unit", "warehouse", "item_class", "reason"]
    items: list[WouldHaveRow]


class PolicyProposal(Answer):
    """A draft: who said what, and what became of it."""

    proposal_id: str
    name: str
    unit: str
    """Empty: the general policy."""
    version: int
    effective: Day
    digest: str
    status: Literal["proposed", "published", "withdrawn"]
    note: str
    proposed_by: str
    proposed_at: Time
    published_by: str | None
    published_at: Time | None
    withdrawn_by: str | None
    withdrawn_at: Time | None
    because: str | None
    position: int
    """Of its last event in the journal."""


class PolicyProposals(Answer):
    items: list[PolicyProposal]


class RulesChanged(Answer):
    before: str
    after: str
    verdicts: int


class MoneyChanged(Answer):
    """Net minor units of the currency that it stands under."""

    before: int
    after: int
    difference: int


class VerdictInShort(Answer):
    rule: str
    outcome: str
    net_minor: int | None
    """Null where the verdict is not about money."""
    more: Annotated[list[str], Field(default_factory=list)]
    """What else of it counts as a difference: a role, values. Not in replays kept from before."""


class VerdictChanged(Answer):
    return_id: str
    line: int | None
    part: str | None
    at: Time
    currency: Currency
    before: VerdictInShort
    after: VerdictInShort


class PolicyReplay(Answer):
    """What a draft would have changed of what was really asked."""

    verdicts: int
    cases: int
    changed: int
    rules: list[RulesChanged]
    money_minor: dict[str, MoneyChanged]
    """By currency."""
    listed: Annotated[list[VerdictChanged], Field(alias="list")]
    """The newest first, up to 500."""


class PolicyProposalInFull(PolicyProposal):
    text: str
    """TOML."""
    examples: str
    """TOML."""
    replaces: str | None
    """``name@version#digest``; null where there is none of that name."""
    changes: list[str]
    """Rule by rule, against what it replaces."""
    replay: PolicyReplay | None
    """Null until a worker has computed it."""
    replayed_to: int | None
    """The journal's position then."""
    replayed_at: Time | None
    replay_asked: bool
    """It is on its way (again)."""
