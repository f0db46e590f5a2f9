"""Sets: their fingerprints, their needs, and the page that describes them."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.catalogue import CREDIT_ANOMALY, DISPOSITION, FEATURES, FOLDS, SETS
from features.comparisons import DERIVED
from features.entity import EntityFold
from features.fold import Fold, Question
from features.reference import PAGE, markdown
from features.sets import Column, Derived, FeatureSet

ROOT = Path(__file__).parent.parent.parent


def remade(folds: tuple[Fold, ...] = FOLDS) -> FeatureSet:
    return FeatureSet("disposition", DISPOSITION.columns, folds)


def raised(name: str) -> tuple[Fold, ...]:
    """All folds, one of them a version later."""
    return tuple(
        replace(fold, version=fold.version + 1)
        if isinstance(fold, EntityFold) and fold.name == name
        else fold
        for fold in FOLDS
    )


def test_the_reference_page_is_current() -> None:
    """Run ``python -m features.reference`` after changing a declaration."""
    assert PAGE.read_text(encoding="utf-8") == markdown()


def test_fingerprints_are_stable_and_distinct() -> None:
    """The same declarations give the same fingerprint in any process and column order."""
    assert remade().fingerprint == DISPOSITION.fingerprint
    turned = FeatureSet("disposition", DISPOSITION.columns[::-1], FOLDS)
    assert turned.fingerprint == DISPOSITION.fingerprint
    assert len({s.fingerprint for s in SETS.values()}) == len(SETS)
    code = "from features.catalogue import DISPOSITION; print(DISPOSITION.fingerprint)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == DISPOSITION.fingerprint


def test_a_raised_fold_changes_the_fingerprints_that_read_it() -> None:
    """A model trained on the old memory no longer fits; sets that never read it are untouched."""
    assert remade(raised("lot")).fingerprint != DISPOSITION.fingerprint
    assert remade(raised("exception")).fingerprint == DISPOSITION.fingerprint


def test_a_raised_formula_or_unit_changes_the_fingerprint() -> None:
    """What the numbers mean is part of the fingerprint; how a sentence reads is not."""
    share = DERIVED["credit_share_of_line_permille"]

    def fingerprint(column: Derived) -> str:
        columns = [column if c is share else c for c in CREDIT_ANOMALY.columns]
        return FeatureSet("credit_anomaly", columns, FOLDS).fingerprint

    assert fingerprint(replace(share, version=2)) != CREDIT_ANOMALY.fingerprint
    assert fingerprint(replace(share, unit="percent")) != CREDIT_ANOMALY.fingerprint
    assert fingerprint(replace(share, says="{value}!")) == CREDIT_ANOMALY.fingerprint


def test_needs_name_each_memory_once_and_only_of_entities_asked() -> None:
    """An entity that the question leaves out is not read."""
    question = Question({"customer": "C-1", "lot": "A/L1"}, datetime(2026, 1, 1, tzinfo=UTC))
    assert sorted(DISPOSITION.needs(question)) == [("customer", "C-1"), ("lot", "A/L1")]


def test_a_column_twice_is_refused() -> None:
    """Two columns of one name would overwrite each other."""
    column = FEATURES["line_reason"]
    with pytest.raises(ValueError, match="names a column twice: line_reason"):
        FeatureSet("twice", [column, column], FOLDS)


def test_a_feature_without_its_fold_is_refused() -> None:
    """A set that could never answer does not come to be."""
    with pytest.raises(ValueError, match="'line_reason' reads fold 'case_line', which"):
        FeatureSet("blind", [FEATURES["line_reason"]], ())


def test_every_declaration_is_complete() -> None:
    """Names are unique, sentences have a place for the value, kinds and units are known."""
    assert not FEATURES.keys() & DERIVED.keys()
    units = {"minor": "number", "permille": "number", "yes/no": "flag", "code": "category"}
    columns: list[Column] = [*FEATURES.values(), *DERIVED.values()]
    for column in columns:
        assert ("{percent}" if column.unit == "permille" else "{value}") in column.says
        assert column.kind == units.get(column.unit, "number"), column.name
        for unit in ("minor", "permille", "milli", "days"):
            if column.name.endswith("_" + unit):
                assert column.unit.startswith(unit), column.name


def test_names_of_windows_are_promises() -> None:
    """A feature named after a window of 30, 90 or 365 days belongs to a fold with history."""
    windows = [f for f in FEATURES.values() if any(w in f.name for w in ("_30d", "_90d", "_365d"))]
    assert len(windows) > 30
    assert {f.fold for f in windows}.isdisjoint({"case_line", "portion", "credit", "exception"})


def test_features_need_the_standard_library_only() -> None:
    """The catalogue imports with site packages switched off."""
    code = "import features.catalogue, features.replay, features.reference"
    subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = ['.']; {code}"],
                   cwd=ROOT, check=True)  # fmt: skip
