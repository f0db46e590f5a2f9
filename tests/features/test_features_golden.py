"""Answers are pinned: a change of code that changes rows must raise a version.

``golden/facts.jsonl`` is a fixed journal, ``golden/rows.json`` what every feature answers over
it. After raising a version run ``python -m tests.features.test_features_golden``.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from features.catalogue import FEATURES, FOLDS
from features.comparisons import DERIVED
from features.fold import Fact, Question
from features.replay import Replay
from features.sets import FeatureSet

GOLDEN = Path(__file__).parent / "golden"
EVERYTHING = FeatureSet("everything", [*FEATURES.values(), *DERIVED.values()], FOLDS)


def facts() -> list[Fact]:
    lines = (GOLDEN / "facts.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Fact(n, datetime.fromisoformat(at), kind, payload)
        for n, (at, kind, payload) in enumerate(map(json.loads, lines), start=1)
    ]


def answers() -> dict[str, Any]:
    """Fingerprint and rows: every key that any fold knows, asked on two days."""
    journal, replay = facts(), Replay(FOLDS)
    for fact in journal:
        replay.learn(fact)
    by_entity: dict[str, list[str]] = {}
    for entity, key in sorted(replay.memories):
        by_entity.setdefault(entity, []).append(key)
    rows: list[Mapping[str, Any]] = []
    for n in range(max(map(len, by_entity.values()))):
        keys = {entity: known[n % len(known)] for entity, known in by_entity.items()}
        at = journal[-1].recorded_at + timedelta(days=n % 2)
        rows.append({"keys": keys, "row": EVERYTHING.row(replay.memories, Question(keys, at))})
    return {"fingerprint": EVERYTHING.fingerprint, "rows": rows}


def test_rows_change_only_with_a_version() -> None:
    """The same fingerprint gives the same rows: otherwise a trained model reads something else."""
    golden, now = json.loads((GOLDEN / "rows.json").read_text(encoding="utf-8")), answers()
    if now["fingerprint"] == golden["fingerprint"]:
        assert now["rows"] == golden["rows"], "raise the version of the fold or formula you changed"


def test_the_golden_rows_are_of_this_version() -> None:
    """A raised version is written down on purpose, by the command in the first lines above."""
    golden = json.loads((GOLDEN / "rows.json").read_text(encoding="utf-8"))
    assert golden["fingerprint"] == EVERYTHING.fingerprint


def test_the_golden_journal_reaches_most_features() -> None:
    """A feature that is None in every golden row would not be pinned by it."""
    rows = [row["row"] for row in answers()["rows"]]
    silent = sorted(name for name in EVERYTHING.names if all(row[name] is None for row in rows))
    assert silent == []


if __name__ == "__main__":
    text = json.dumps(answers(), indent=1, sort_keys=True)
    (GOLDEN / "rows.json").write_text(text + "\n", encoding="utf-8")
