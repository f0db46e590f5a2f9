"""What a policy said and what a model said, wherever they are told."""

from serving.answers.form import Answer
from serving.score_shapes import CandidateAnswer, ExplanationAnswer, MaskedAnswer
from workflow.codes import Role


class TriedRule(Answer):
    rule: str
    fired: bool


class TriedRuleInWords(TriedRule):
    """``when`` (CEL) and ``because`` are null for a policy whose text is not known any more; a
    last rule has no ``when``."""

    when: str | None
    because: str | None


class AlsoHolds(Answer):
    """A rule below the one that fired that stands in the way as well."""

    rule: str
    outcome: str
    because: str
    role: Role | None
    """Whom it asks."""


class Verdict(Answer):
    """What a policy said: its outcome, the rule that fired, and every rule tried before it."""

    policy: str
    """``name@version#digest``."""
    outcome: str
    rule: str
    because: str
    role: Role | None
    """Who is asked, where the outcome asks somebody."""
    values: dict[str, str]
    """The rule's further columns (``percent``, ``window_days`` ...) as text."""
    trace: list[TriedRule]
    also: list[AlsoHolds]


class Eligibility(Answer):
    """The verdict on what a line may have, with the rules in words."""

    policy: str
    """``name@version#digest``."""
    outcome: str
    rule: str
    because: str
    role: Role | None
    values: dict[str, str]
    """The rule's further columns as text."""
    trace: list[TriedRuleInWords]
    also: list[AlsoHolds]


class AnsweringModel(Answer):
    """``alias`` is ``champion`` where it was the promoted one; null where no model answered."""

    name: str
    version: str
    alias: str | None
    feature_set: str


class Assessment(Answer):
    """What a model said, why, and what it was not asked to weigh."""

    model: AnsweringModel
    value: str | None
    """Null exactly where ``abstained`` has a reason."""
    confidence: float | None
    """Calibrated, from 0 to 1."""
    abstained: str | None
    candidates: list[CandidateAnswer]
    set: list[str]
    """The values that are left at the model's stated level (conformal)."""
    masked: list[MaskedAnswer]
    explanation: ExplanationAnswer | None
    asked_at_position: int
    """Up to where in the journal the facts that it saw had been learned."""
