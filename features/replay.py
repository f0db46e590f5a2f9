"""Training's memory: the same folds over the same facts, in a dict instead of a table."""

from collections.abc import Collection, Iterable, Mapping

from features.fold import Fact, Fold, Memory, Question, Value
from features.questions import ask
from features.sets import FeatureSet, Wanted


class Replay:
    """Learns facts in journal order and answers as live would have at that position.

    Refuses a fact whose position is not after the last one.
    """

    def __init__(self, folds: Iterable[Fold]) -> None:
        self.memories: dict[Wanted, Memory] = {}
        self.position = 0
        self._by_type: dict[str, list[Fold]] = {}
        for fold in folds:
            for type_name in fold.listens:
                self._by_type.setdefault(type_name, []).append(fold)

    def learn(self, fact: Fact) -> None:
        """Teaches every fold that listens to the fact."""
        if fact.position <= self.position:
            raise ValueError(
                f"fact at position {fact.position} after position {self.position}: "
                "replay the journal in position order, each fact once"
            )
        self.position = fact.position
        memories = self.memories
        for fold in self._by_type.get(fact.type, ()):
            name = fold.name
            for key in fold.keys(fact):
                wanted = (name, key)
                memory = memories.get(wanted)
                memories[wanted] = fold.learn({} if memory is None else memory, key, fact)

    def read(self, wanted: Collection[Wanted]) -> Mapping[Wanted, Memory]:
        """The memories asked for, as ``journal.memories`` gives them live.

        The whole dict is given; reading one key of it costs nothing.
        """
        return self.memories

    def row(self, feature_set: FeatureSet, question: Question) -> dict[str, Value]:
        """The row of a question, its keys resolved."""
        return ask(feature_set, question, self.read)[1]
