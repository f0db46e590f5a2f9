"""A set of columns that one model reads, and the fingerprint that ties the two together."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from features.fold import Feature, Fold, Memory, Question, Value

Wanted = tuple[str, str]
"""``(fold name, key)``: one memory."""

_EMPTY: Memory = {}


@dataclass(frozen=True, slots=True)
class Derived:
    """A column computed from other features of the same row, such as one amount in another.

    ``answer`` gets the values of ``of`` in order, each of which may be ``None``. Raise
    ``version`` when ``answer`` changes.
    """

    name: str
    of: tuple[Feature, ...]
    unit: str
    says: str
    answer: Callable[..., Value]
    kind: str = "number"
    version: int = 1


Column = Feature | Derived


class FeatureSet:
    """Named columns over the folds given; makes rows and says which memories they need.

    ``columns`` are the declarations in order (each with ``name``, ``kind``, ``unit``,
    ``says``), ``names`` their names. Refuses two columns of one name and a feature whose
    fold is not among ``folds``.
    """

    def __init__(self, name: str, columns: Sequence[Column], folds: Iterable[Fold]) -> None:
        self.name = name
        self.columns = tuple(columns)
        self.names = tuple(column.name for column in self.columns)
        if len(set(self.names)) < len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise ValueError(f"feature set {name!r} names a column twice: {', '.join(twice)}")
        self._folds = {fold.name: fold for fold in folds}
        self._derived = tuple(c for c in self.columns if isinstance(c, Derived))
        self._plan = self._planned()
        self.fingerprint = self._fingerprint()

    def needs(self, question: Question) -> list[Wanted]:
        """The memories a row is made of; entities the question does not name are left out."""
        return [
            (fold, question.keys[entity])
            for fold, entity, _ in self._plan
            if entity in question.keys
        ]

    def row(self, memories: Mapping[Wanted, Memory], question: Question) -> dict[str, Value]:
        """One row in column order. A memory that is absent is the empty one: all ``None``."""
        values: dict[str, Value] = {}
        at, keys = question.at, question.keys
        for fold, entity, features in self._plan:
            key = keys.get(entity)
            memory = _EMPTY if key is None else memories.get((fold, key), _EMPTY)
            for name, answer in features:
                values[name] = answer(memory, at)
        for column in self._derived:
            values[column.name] = column.answer(*[values[part.name] for part in column.of])
        return {name: values[name] for name in self.names}

    def _planned(self) -> list[tuple[str, str, list[tuple[str, Callable[..., Value]]]]]:
        features: dict[str, Feature] = {}
        for column in self.columns:
            for feature in column.of if isinstance(column, Derived) else (column,):
                if feature.fold not in self._folds:
                    raise ValueError(
                        f"feature {feature.name!r} reads fold {feature.fold!r}, "
                        f"which feature set {self.name!r} was not given"
                    )
                features[feature.name] = feature
        by_fold: dict[str, list[tuple[str, Callable[..., Value]]]] = {}
        for feature in features.values():
            by_fold.setdefault(feature.fold, []).append((feature.name, feature.answer))
        return [(fold, self._folds[fold].entity, answers) for fold, answers in by_fold.items()]

    def _fingerprint(self) -> str:
        """Digest of what was declared: names, kinds, units, and versions of folds and formulas.

        Column order and sentences do not count. Code is represented by its declared version,
        because bytes of code differ between Python versions and machines.
        """
        declared = sorted((self._declared(column) for column in self.columns), key=str)
        text = json.dumps([self.name, declared], separators=(",", ":"), sort_keys=True)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def _declared(self, column: Column) -> list[object]:
        head: list[object] = [column.name, column.kind, column.unit]
        if isinstance(column, Derived):
            return [*head, column.version, [self._declared(part) for part in column.of]]
        return [*head, column.fold, self._folds[column.fold].version]
