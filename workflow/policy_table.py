"""A policy: declared facts, rules in order, and what they say about one set of facts.

``Policy`` is pure and immutable. ``judge`` takes the first rule that fires; ``masks`` tries
every rule and lets each remove options; ``found`` names every rule that a record breaks.
``policy_reading.py`` makes policies from text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from workflow.assessment import Masked
from workflow.events import AlsoHolds, Verdict
from workflow.policy_condition import CannotTell, Condition, DeclaredFact, context_of
from workflow.policy_limits import Limit, SecondReview
from workflow.workdays import MONDAY_TO_FRIDAY, Calendar


class WrongFacts(ValueError):
    """A policy was asked with facts it does not declare, of a wrong type, or too few."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``when`` is ``None`` only for the last rule of a judging policy.

    ``outcome`` is empty and ``removes`` filled where the policy removes options; ``proposes`` is
    then the option that the rule asks for, empty for none.
    """

    id: str
    because: str
    when: Condition | None = None
    outcome: str = ""
    role: str | None = None
    values: tuple[tuple[str, str], ...] = ()
    removes: tuple[str, ...] = ()
    proposes: str = ""

    def columns(self) -> dict[str, object]:
        """The rule as plain values, for comparing and for printing."""
        return {
            "when": self.when.source if self.when else None,
            "outcome": self.outcome,
            "role": self.role,
            "values": dict(self.values),
            "removes": list(self.removes),
            "proposes": self.proposes,
            "because": self.because,
        }


@dataclass(frozen=True, slots=True)
class Left:
    """What the rules leave of a policy's options: ``allowed`` in the policy's order, the rule that
    removed each of the others (the first one that did), and the first rule that asks for one of
    those left; ``None`` where none does, and the choice is free."""

    allowed: tuple[str, ...]
    masked: tuple[Masked, ...]
    asking: Rule | None

    @property
    def proposed(self) -> str | None:
        return self.asking.proposes if self.asking else None


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of one decision table.

    ``digest`` is the SHA-256 (hex) of the canonical content: comments and layout do not
    count, every value does. ``options`` and ``stays`` are filled where rules remove options,
    ``outcomes`` and ``columns`` (name to kind of a rule's values) where they judge; ``limits``
    and ``reviews`` where rows of approval limits and second reviews were given. ``unit`` names
    the business unit that it is a variant for; empty is general. ``published_at`` is ``None``
    for what ships with the program. ``finds`` names the master whose gaps the rules find; its
    ``options`` are what a gap may block, and a rule's ``removes`` what it does. ``yes`` is the
    outcome that lets through, where there is one; ``calendar`` counts the days that its facts are
    told in; ``text`` is the TOML that it was read from.
    """

    name: str
    version: int
    effective: date
    says: str
    facts: Mapping[str, DeclaredFact]
    rules: tuple[Rule, ...]
    digest: str
    options: tuple[str, ...] = ()
    stays: str = ""
    limits: tuple[Limit, ...] = field(default=(), repr=False)
    reviews: tuple[SecondReview, ...] = ()
    outcomes: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    published_at: datetime | None = None
    withdrawn_at: datetime | None = None
    finds: str = ""
    yes: str | None = None
    calendar: Calendar = MONDAY_TO_FRIDAY
    text: str = field(default="", repr=False, compare=False)

    @property
    def ref(self) -> str:
        """``credit@7#ab12cdef``, of a variant ``credit/food@2#98fe76dc``: what every event caused
        by this policy carries."""
        variant = f"/{self.unit}" if self.unit else ""
        return f"{self.name}{variant}@{self.version}#{self.digest[:8]}"

    def because(self, rule_id: str) -> str:
        """A rule's own words, empty where the policy has no rule of that id."""
        return next((rule.because for rule in self.rules if rule.id == rule_id), "")

    def begun(self, moment: datetime) -> bool:
        """Whether it had been published, its day had come, and nobody had withdrawn it.

        Days are those of UTC.
        """
        if self.withdrawn_at is not None and self.withdrawn_at <= moment:
            return False
        published = self.published_at is None or self.published_at <= moment
        return published and self.effective <= moment.astimezone(UTC).date()

    @property
    def declared(self) -> frozenset[str]:
        return frozenset(self.facts)

    def judge(self, facts: Mapping[str, object]) -> Verdict:
        """The verdict of the first rule that fires, with every rule tried before it.

        Where it is not a ``yes``, ``also`` lists what else stands in the way: see ``_also``.
        A fact left out is ``null``. Raises ``WrongFacts``. A rule that cannot be evaluated in
        spite of the proof at loading (an overflowing sum) ends the trial: the last rule, which
        every policy keeps for the unforeseen, speaks, and ``values`` names the rule as
        ``unevaluated``.
        """
        if self.options or self.finds:
            way = "found" if self.finds else "masks"
            raise WrongFacts(f"{self.ref} gives no verdicts; ask it with {way}().")
        context = context_of(self._checked(facts))
        trace: list[tuple[str, bool]] = []
        for number, rule in enumerate(self.rules, start=1):
            try:
                fired = rule.when is None or rule.when.holds(context)
            except CannotTell:
                trace += [(rule.id, False), (self.rules[-1].id, True)]
                return self._verdict(self.rules[-1], trace, (("unevaluated", rule.id),))
            trace.append((rule.id, fired))
            if fired:
                verdict = self._verdict(rule, trace)
                return replace(verdict, also=self._also(rule, self.rules[number:], context))
        raise AssertionError(f"{self.ref} is not total")

    def masks(self, facts: Mapping[str, object]) -> Left:
        """What every rule together leaves of the options; where nothing is left, ``stays`` is.

        A rule that cannot be evaluated removes what it names, and proposes: in doubt less is
        allowed, and the careful thing asked for. Raises ``WrongFacts``.
        """
        if not self.options or self.finds:
            way = "found" if self.finds else "judge"
            raise WrongFacts(f"{self.ref} removes nothing; ask it with {way}().")
        context = context_of(self._checked(facts))
        fired = [rule for rule in self.rules if _fires(rule, context)]
        removed: dict[str, str] = {}
        for rule in fired:
            for option in rule.removes:
                removed.setdefault(option, rule.id)
        if len(removed) == len(self.options):
            del removed[self.stays]
        allowed = tuple(option for option in self.options if option not in removed)
        masked = tuple(Masked(o, removed[o]) for o in self.options if o in removed)
        return Left(allowed, masked, next((r for r in fired if r.proposes in allowed), None))

    def found(self, facts: Mapping[str, object]) -> tuple[Rule, ...]:
        """Every rule that a record breaks, in the policy's order.

        A rule that cannot be evaluated is broken: in doubt somebody looks. Raises ``WrongFacts``.
        """
        if not self.finds:
            raise WrongFacts(f"{self.ref} finds no gaps; ask it with judge() or masks().")
        context = context_of(self._checked(facts))
        return tuple(rule for rule in self.rules if _fires(rule, context))

    def _also(self, fired: Rule, below: Sequence[Rule], context: Any) -> tuple[AlsoHolds, ...]:
        """The rules below that hold too, down to the first that lets through, or might if more
        were known: what would be said next were the ones above lifted. The last rule, for the
        unforeseen, is no reason."""
        if self.yes is None or fired.outcome == self.yes:
            return ()
        found: list[AlsoHolds] = []
        for rule in below:
            if rule.when is None:
                break
            try:
                holds = rule.when.holds(context)
            except CannotTell:  # it relies on a fact that a rule above deals with
                holds = rule.outcome == self.yes
            if holds and rule.outcome == self.yes:
                break
            if holds:
                found.append(AlsoHolds(rule.id, rule.outcome, rule.because, rule.role))
        return tuple(found)

    def reads(self, facts: Mapping[str, object]) -> dict[str, object]:
        """Those of the facts that it declares: the program tells more than a small table reads,
        or one that was written before there was as much to tell."""
        return {name: value for name, value in facts.items() if name in self.facts}

    def _verdict(
        self, rule: Rule, trace: list[tuple[str, bool]], more: tuple[tuple[str, str], ...] = ()
    ) -> Verdict:
        return Verdict(
            policy=self.ref,
            outcome=rule.outcome,
            rule=rule.id,
            because=rule.because,
            role=rule.role,
            trace=tuple(trace),
            values=rule.values + more,
        )

    def _checked(self, given: Mapping[str, object]) -> dict[str, object]:
        faults = [f"{name} is not declared" for name in given if name not in self.facts]
        facts = {name: given.get(name) for name in self.facts}
        faults += [
            f"{name} {fault}"
            for name, fact in self.facts.items()
            if (fault := fact.fault_of(facts[name]))
        ]
        if faults:
            raise WrongFacts(f"{self.ref} cannot judge: {'; '.join(faults)}.")
        return facts


def _fires(rule: Rule, context: object) -> bool:
    """Whether a rule holds; one that cannot be evaluated does."""
    try:
        return rule.when is None or rule.when.holds(context)
    except CannotTell:
        return True
