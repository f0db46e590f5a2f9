"""The journal, replayed once, becomes labelled rows for every model.

A row is made the moment its question arose, from what had been recorded by then: the same
walk as live (``features.questions``). Labels are learned later and never touch the row.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from features.cases import portion_key
from features.catalogue import FOLDS, SETS
from features.fold import Fact, Value
from features.questions import Asked, questions_of
from features.replay import Replay
from training.labels import Labels
from training.split import UNKNOWN


class FactLike(Protocol):
    """What a source yields: a recorded event with its JSON payload."""

    @property
    def position(self) -> int: ...
    @property
    def recorded_at(self) -> datetime: ...
    @property
    def type(self) -> str: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Stake:
    """What the rollout policy knows of an answer besides the answer itself."""

    business_unit: str
    item_class: str
    reason: str | None
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Example:
    """One question with its row, and what later turned out to be right.

    ``label`` is ``None`` where nobody has said. ``weight`` in (0, 10]: the inverse of the chance
    that a person would judge it. ``case`` and ``customer`` are the entities a split must not
    tear apart.
    ``amount_minor`` is the money at stake, ``loss_minor`` what was lost (ranking only).
    """

    subject: str
    row: Mapping[str, Value]
    at: datetime
    position: int
    case: str
    customer: str
    business_unit: str
    reason: str
    amount_minor: int = 0
    label: str | None = None
    weight: float = 1.0
    loss_minor: int | None = None
    allowed: tuple[str, ...] = ()
    """Dispositions the rules left open when it was proposed; empty where nobody said."""
    stake: Stake | None = None
    """What the rollout policy is asked with; ``None`` for what is no answer in a case."""


@dataclass(frozen=True, slots=True)
class TextExample:
    """A customer's words and the reason a person (or the customer's own choice) settled on.

    ``judged``: a person did, so that it says whether a model was right; ``weight`` as in
    ``Example``.
    """

    subject: str
    text: str
    reason: str
    at: datetime
    position: int
    customer: str
    business_unit: str
    judged: bool = False
    weight: float = 1.0
    stake: Stake | None = None


@dataclass
class Rows:
    """Everything a journal teaches: examples by model in journal order, and texts."""

    examples: dict[str, list[Example]] = field(default_factory=dict)
    texts: list[TextExample] = field(default_factory=list)
    facts: int = 0
    last_position: int = 0
    unread: tuple[str, ...] = ()
    """Headings of a user's own table that the model does not take."""
    table: str = ""
    """The file name of a user's own table; empty for the journal."""
    timed: bool = True
    """Whether rows say when they were asked; else nobody can tell what is later than training."""

    def of(self, model: str) -> list[Example]:
        """Every question that arose for a model, labelled or not."""
        return self.examples.get(model, [])


def gather(facts: Iterable[FactLike]) -> Rows:
    """Replays facts in position order; features ask before they learn what comes next.

    Errors: ``ValueError`` where positions do not ascend.
    """
    walk = _Walk()
    for fact in facts:
        walk.take(Fact(fact.position, fact.recorded_at, fact.type, fact.payload))
    return walk.rows()


def fingerprint(examples: Iterable[Example] | Iterable[TextExample]) -> str:
    """Digest of exactly what a model was trained on: subjects, rows, labels, weights, in order."""
    digest = hashlib.sha256()
    for example in examples:
        if isinstance(example, TextExample):
            parts: list[Any] = [example.subject, example.text, example.reason]
        else:
            parts = [example.subject, dict(example.row), example.label, example.loss_minor]
        parts.append(example.weight)
        line = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        digest.update(line.encode() + b"\n")
    return f"sha256:{digest.hexdigest()}"


@dataclass(frozen=True, slots=True)
class _Line:
    """What the request said about one line, kept for texts and slices."""

    text: str
    customer: str
    business_unit: str
    reason: str | None = None
    item_class: str = ""
    currency: str = ""
    value_minor: int = 0
    unit_cost_minor: int = 0

    def stake(self, amount_minor: int, reason: str | None) -> Stake:
        """What is at stake for an answer about this line."""
        return Stake(self.business_unit, self.item_class, reason, amount_minor, self.currency)


class _Walk:
    """One pass over the journal."""

    def __init__(self) -> None:
        self._replay = Replay(FOLDS)
        self._labels = Labels()
        self._asked: dict[str, dict[str, Example]] = {name: {} for name in SETS}
        self._lines: dict[str, _Line] = {}
        self._units: dict[str, str] = {}
        self._texts: dict[str, TextExample] = {}
        self._allowed: dict[str, tuple[str, ...]] = {}
        self._facts = 0

    def take(self, fact: Fact) -> None:
        self._replay.learn(fact)
        self._facts += 1
        self._remember(fact)
        self._labels.learn(fact)
        for asked in questions_of(fact):
            self._ask(fact, asked)

    def rows(self) -> Rows:
        examples = {
            name: [self._finished(name, example) for example in asked.values()]
            for name, asked in self._asked.items()
        }
        return Rows(examples, list(self._texts.values()), self._facts, self._replay.position)

    def _finished(self, model: str, example: Example) -> Example:
        """The example with what later facts said about it."""
        label = self._labels.of(model, example.subject)
        allowed = self._allowed.get(example.subject, ()) if model == "disposition" else ()
        if label is None:
            return replace(example, allowed=allowed)
        return replace(
            example,
            allowed=allowed,
            label=label.value,
            weight=label.weight,
            loss_minor=label.loss_minor,
        )

    def _remember(self, fact: Fact) -> None:
        payload = fact.payload
        match fact.type:
            case "customer_registered":
                self._units[payload["customer_id"]] = payload["business_unit"]
            case "return_requested":
                for line in payload["lines"]:
                    self._lines[f"{payload['return_id']}/{line['line']}"] = _Line(
                        line["reason_text"],
                        payload["customer_id"],
                        payload["business_unit"],
                        line["stated_reason"],
                        line["facts"]["item_class"],
                        payload["currency"],
                        line["value_minor"],
                        line["facts"]["unit_cost_minor"],
                    )
            case "reason_settled":
                self._settle(fact)
            case "disposition_proposed":
                key = portion_key(payload["return_id"], payload["portion"])
                self._allowed[key] = tuple(payload["allowed"])
            case "credit_note_recorded":
                self._units[f"note {payload['credit_note_id']}"] = payload["business_unit"]
            case _:
                pass

    def _settle(self, fact: Fact) -> None:
        payload = fact.payload
        key = f"{payload['return_id']}/{payload['line']}"
        line = self._lines.get(key)
        if line is None:
            return
        self._lines[key] = replace(line, reason=payload["reason"])
        if payload["how"] not in ("person", "stated"):
            self._texts.pop(key, None)
            return
        if line.text.strip():
            judged = payload["how"] == "person"
            self._texts[key] = TextExample(
                key, line.text, payload["reason"], fact.recorded_at, fact.position,
                line.customer, line.business_unit, judged,
                self._labels.weight("reason", key) if judged else 1.0,
                line.stake(line.value_minor, None),
            )  # fmt: skip

    def _ask(self, fact: Fact, asked: Asked) -> None:
        row = self._replay.row(SETS[asked.model], asked.question)
        case, line = self._whose(fact)
        customer = asked.question.keys.get("customer") or (line.customer if line else None)
        self._asked[asked.model][asked.subject] = Example(
            subject=asked.subject,
            row=row,
            at=asked.question.at,
            position=fact.position,
            case=case,
            customer=customer or UNKNOWN,
            business_unit=self._unit(fact, line, customer),
            reason=(line.reason if line else None) or str(fact.payload.get("code") or UNKNOWN),
            amount_minor=_amount(fact, row),
            stake=_stake(fact, line),
        )

    def _whose(self, fact: Fact) -> tuple[str, _Line | None]:
        payload = fact.payload
        return_id, line = payload.get("return_id"), payload.get("line")
        known = self._lines.get(f"{return_id}/{line}") if return_id else None
        case = return_id or payload.get("credit_note_id") or payload.get("exception_id")
        return str(case), known

    def _unit(self, fact: Fact, line: _Line | None, customer: str | None) -> str:
        payload = fact.payload
        return str(
            payload.get("business_unit")
            or (line.business_unit if line else None)
            or self._units.get(f"note {payload.get('credit_note_id')}")
            or self._units.get(customer or "")
            or UNKNOWN
        )


def _stake(fact: Fact, line: _Line | None) -> Stake | None:
    """As the workflow asks: goods at cost for a portion, the net amount for a credit."""
    if line is None:
        return None
    if fact.type == "line_inspected":
        cost = int(Decimal(fact.payload["quantity"]) * line.unit_cost_minor)
        return line.stake(cost, line.reason)
    if fact.type == "credit_proposed":
        amount = max(fact.payload["net_minor"], fact.payload.get("value_minor", 0))
        amount += fact.payload.get("freight_minor", 0)
        return line.stake(amount, line.reason)
    return None


def _amount(fact: Fact, row: Mapping[str, Value]) -> int:
    names = ("credit_amount_minor", "exception_exposure_minor", "portion_value_minor")
    return next((int(value) for n in names if isinstance(value := row.get(n), int)), 0)
