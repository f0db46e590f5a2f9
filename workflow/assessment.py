"""What a model said, why, and what it saw: a fact we were told, recorded once.

The core never computes an assessment and never recomputes one on replay; it receives it in
a command. Probabilities are floats in [0, 1]; no money is ever one of these floats.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int | float | bool | None
"""A cell of a model's row. ``None`` is not known; ``0`` is known to be none."""

Row = Mapping[str, Value]
"""One row a model sees, by feature name."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible answer with its calibrated probability in [0, 1]."""

    value: str
    probability: float


@dataclass(frozen=True, slots=True)
class Push:
    """How far one feature (or one span of text) pushed the explained output.

    ``start`` and ``end`` are character offsets, end exclusive, for text spans only.
    """

    feature: str
    value: Value
    push: float
    unit: str | None = None
    says: str = ""
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """``base + sum(pushes) + residual == total`` in the unit that ``output`` names.

    ``method`` is ``tree_shap``, ``linear_shap``, ``exact_additive``, ``exact_given_neighbours``
    (exact, but which past rows were compared with is given) or ``none``; ``residual`` is what the
    pushes do not add up to (under 1e-6 for an exact method). A method that is not exact says how
    far it may miss: ``sampled_shap within 0.05``.
    """

    method: str
    output: str
    base: float
    total: float
    residual: float
    pushes: tuple[Push, ...] = ()


@dataclass(frozen=True, slots=True)
class Masked:
    """An option that a rule removed before the model could rank it."""

    value: str
    rule: str


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model answered: enough to find its card, its data and its promotion."""

    name: str
    version: str
    alias: str | None
    feature_set: str
    trained_at: str | None = None


def sureness(point: str, confidence: float | None) -> float | None:
    """How sure an answer is that nobody need look, in [0, 1]: the confidence of what it says;
    for ``credit`` what the anomaly score leaves."""
    if confidence is None:
        return None
    return 1 - confidence if point == "credit" else confidence


@dataclass(frozen=True, slots=True)
class Clearing:
    """What was looked up and drawn for an answer as it entered, so that replay need not.

    ``cleared``: the answer is at least as sure as the threshold that ``clearance`` guarantees
    (``AutomationCleared.clearance_id``; ``None`` where there is none for this model). ``draw``:
    a number from 0 to 999; answers whose number is below a rule's ``audit_permille`` are given
    to a person who does not see them. ``stopped``: the switch that was thrown for such answers,
    where one was (``AutomationStopped.stop_id``).
    """

    cleared: bool
    clearance: str | None
    draw: int
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """One answer about one subject.

    ``value`` is ``None`` exactly where ``abstained`` carries a reason code
    (``too_uncertain``, ``out_of_scope``, ``empty_text``, ``unsupported_language``,
    ``missing_facts``, ``no_model``). For an anomaly or a rank, ``value`` is the level or
    the rank as text, and ``confidence`` the score in [0, 1].
    """

    model: ModelRef
    value: str | None
    confidence: float | None
    abstained: str | None
    candidates: tuple[Candidate, ...] = ()
    set: tuple[str, ...] = ()
    masked: tuple[Masked, ...] = ()
    explanation: Explanation | None = None
    row: Mapping[str, Value] = field(default_factory=dict)
    asked_at_position: int = 0
    """Journal position up to which the row's features had learned."""
