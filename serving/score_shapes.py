"""What scoring takes and answers, as the API's document says it; the answers are made elsewhere.

``serving.scoring`` checks and answers items by hand, for speed and for a problem an item; tests
hold these forms against what it answers.
"""

from typing import Any

from pydantic import Field

from serving.answers.form import Answer
from serving.openapi import body_of
from serving.scoring import MOST_ITEMS, REFERENCES
from workflow.assessment import Value

Json = dict[str, Any]


class ScoredBy(Answer):
    """The model that answered; ``alias`` is ``champion`` where it is the promoted one.

    ``missing``: why none answers, and every item is abstained as ``no_model``; null where one does.
    """

    name: str
    version: str
    alias: str | None
    feature_set: str
    trained_at: str | None
    missing: str | None


class CandidateAnswer(Answer):
    """A value that was weighed, and its calibrated probability."""

    value: str
    probability: float


class MaskedAnswer(Answer):
    """A value that a rule took away, and the rule."""

    value: str
    rule: str


class PushAnswer(Answer):
    """How far one feature pushed the output. ``start`` and ``end`` for a span of text only, in
    Unicode code points of the text that was sent: ``text[start:end]`` is ``value``."""

    feature: str
    value: Value
    push: float
    says: str
    unit: str | None = None
    start: int | None = None
    end: int | None = None


class ExplanationAnswer(Answer):
    """``base`` and all pushes make ``total``, but for ``residual``, in the unit of ``output``.

    ``method`` says what is exact. ``exact_additive``: every push is its own summand of the score.
    ``exact_given_neighbours``: likewise, but which past credits a credit was compared with is
    given, and charged to no push. Of more than 500 pushes the weaker ones are one, ``others``.
    """

    method: str
    output: str
    base: float
    total: float
    residual: float
    pushes: list[PushAnswer]


class ProposedAnswer(Answer):
    """A value that a rule asks for whatever the model says, and the rule."""

    value: str
    rule: str


class ScoredItem(Answer):
    """An answer, or ``problem`` alone. ``value`` is null where ``abstained`` says why.

    ``policy``: whose rules removed ``masked``. ``proposed``: dispositions only, null where no rule
    asks for one. ``rank``: exceptions only, 1 is the largest.
    """

    id: str
    value: str | None = None
    confidence: float | None = None
    abstained: str | None = None
    candidates: list[CandidateAnswer] = Field(default_factory=list)
    set: list[str] = Field(default_factory=list)
    masked: list[MaskedAnswer] = Field(default_factory=list)
    explanation: ExplanationAnswer | None = None
    policy: str | None = None
    proposed: ProposedAnswer | None = None
    rank: int | None = None
    problem: Json | None = None


class ScoreAnswer(Answer):
    """An answer an item, in the order they were asked."""

    model: ScoredBy
    items: list[ScoredItem]


def items_body(endpoint: str) -> Json:
    """``openapi_extra`` of a scoring route: 1 to 1000 items of its form."""
    says: Json = {"id": {"type": "string", "minLength": 1, "maxLength": 128}}
    item: Json = {"type": "object", "properties": says}
    if endpoint == "return-reason":
        item |= {"title": "ReasonItem", "required": ["text"]}
        says["text"] = {"type": ["string", "null"]}
    else:
        item["title"] = endpoint.title().replace("-", "") + "Item"
        says |= {"facts": {"type": "object"}, **REFERENCES[endpoint]}
    items = {"type": "array", "minItems": 1, "maxItems": MOST_ITEMS, "items": item}
    shape = {"type": "object", "required": ["items"], "properties": {"items": items}}
    return body_of(f"One item is as GET /v1/score/schema/{endpoint} says.", shape)
