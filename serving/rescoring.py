"""A model's recorded answers asked again of the very bundle that gave them.

The row that the model saw is recorded with its answer, and the ledger of promotions says which
bundle carried its version then. A bundle that is nowhere any more is said, never replaced by
another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from journal.entries import Recorded
from journal.journal import Journal
from journal.promotions import bundles
from models.bundle import load
from models.masking import mask
from models.prior import Prior
from models.protocol import Model, Prediction
from serving.assessor import TOP_PUSHES
from serving.shelf import Shelf
from workflow.assessment import Assessment, Explanation
from workflow.events import AssessmentRecorded

NEAR = 1e-9
"""Two probabilities are the same within this; renormalised floats differ in their last digits."""


@dataclass(frozen=True, slots=True)
class Rescored:
    """``now`` is what the bundle says today to the row of then; ``None`` where it is ``missing``,
    which then says what is."""

    asked: AssessmentRecorded
    digest: str
    now: Prediction | None
    explained: bool = True
    missing: str = ""

    @property
    def differs(self) -> bool:
        """Another answer, other chances, or other reasons; what is missing is no difference."""
        said, now = self.asked.assessment, self.now
        return now is not None and not (self.explained and _same(said, now))


class Rescorer:
    """Loads each bundle once; not to be shared between threads."""

    def __init__(self, conn: Connection, journal: Journal, shelf: Shelf) -> None:
        self._conn, self._journal, self._shelf = conn, journal, shelf
        self._digests: dict[str, Mapping[str, str]] = {}
        self._models: dict[str, Model | str] = {}

    def rescored(self, history: Iterable[Recorded]) -> list[Rescored]:
        """Every answer of models in a case's history, in order."""
        return [
            self._again(event)
            for entry in history
            if entry.type == "assessment_recorded"
            and isinstance(event := entry.event, AssessmentRecorded)
        ]

    def _again(self, event: AssessmentRecorded) -> Rescored:
        said = event.assessment
        if said.model.version == "0":  # nothing was promoted: what abstains has no bundle
            return Rescored(event, "", Prior(said.model.name).predict([said.row])[0])
        digest = self._digest(said.model.name, said.model.version)
        if not digest:
            why = f"the ledger of promotions knows no {said.model.name} {said.model.version}"
            return Rescored(event, "", None, missing=why)
        model = self._model(digest)
        if isinstance(model, str):
            return Rescored(event, digest, None, missing=model)
        now = _predicted(model, said)
        why_now = model.explain([said.row], TOP_PUSHES, of=[said.value])[0]
        return Rescored(event, digest, now, _explains(said.explanation, why_now))

    def _digest(self, name: str, version: str) -> str:
        if name not in self._digests:
            self._digests[name] = bundles(self._journal, self._conn, name)
        return self._digests[name].get(version, "")

    def _model(self, digest: str) -> Model | str:
        if digest not in self._models:
            try:
                self._models[digest] = load(self._shelf.fetch(digest))
            except Exception as error:
                # As on the shelf: an object store raises errors of its own kinds.
                self._models[digest] = f"{error}"[:300]
        return self._models[digest]


def _predicted(model: Model, said: Assessment) -> Prediction:
    """The answer among what the rules left then; only dispositions are masked."""
    (now,) = model.predict([said.row])
    if said.model.name != "disposition":
        return now
    removed = {one.value for one in said.masked}
    return mask(now, [c.value for c in now.candidates if c.value not in removed], said.masked)[0]


def _same(said: Assessment, now: Prediction) -> bool:
    words = (said.value, said.abstained, said.set, [c.value for c in said.candidates])
    if words != (now.value, now.abstained, now.set, [c.value for c in now.candidates]):
        return False
    before = [said.confidence, *(c.probability for c in said.candidates)]
    after = [now.confidence, *(c.probability for c in now.candidates)]
    return all(_near(one, other) for one, other in zip(before, after, strict=True))


def _near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= NEAR


def _explains(said: Explanation | None, now: Explanation | None) -> bool:
    """The same features push as far as they did."""
    if said is None or now is None:
        return said is now
    pairs = [(said.base, now.base), (said.total, now.total)]
    if [p.feature for p in said.pushes] != [p.feature for p in now.pushes]:
        return False
    pairs += [(a.push, b.push) for a, b in zip(said.pushes, now.pushes, strict=True)]
    return all(_near(one, other) for one, other in pairs)
