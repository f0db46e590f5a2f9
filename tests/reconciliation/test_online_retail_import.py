"""A file of real form enters the journal once, whatever happens on the way."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from features.catalogue import CREDIT_ANOMALY, EXCEPTION_RANK, FOLDS
from features.questions import questions_of
from features.replay import Replay
from features.sets import FeatureSet
from journal.database import engine_for
from journal.entries import Recorded
from journal.journal import Journal
from journal.verify import verify
from models.bundle import Mismatch
from models.prior import Prior
from models.protocol import Card, Column, Model, Prediction
from reconciliation.errors import UnreadableFile
from reconciliation.online_retail import Summary, import_online_retail
from tests.reconciliation.retail_files import NOW, STORY, write
from workflow.actor import Actor
from workflow.assessment import Explanation, Push, Row

CLERK = Actor("importer", frozenset(), "service")


class AmountModel:
    """A model in few lines: the larger the amount, the stranger. ``rows`` are those it saw."""

    def __init__(self, feature_set: FeatureSet, column: str, fingerprint: str = "") -> None:
        self._column = column
        self.rows: list[Row] = []
        self._card = Card(
            feature_set.name, "3", (Column(column, "number", "minor", "{value}"),), ("high",),
            "score", fingerprint or feature_set.fingerprint, "2026-01-01", "a test", {},
        )  # fmt: skip

    @property
    def card(self) -> Card:
        return self._card

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        self.rows += rows
        return [Prediction("high", min(1.0, self._amount(row) / 10_000), None) for row in rows]

    def explain(
        self, rows: Sequence[Row], top: int | None = None, of: Sequence[str | None] | None = None
    ) -> list[Explanation | None]:
        return [
            Explanation("exact_additive", "score", 0.0, amount, 0.0,
                        (Push(self._column, row[self._column], amount),))
            for row in rows
            for amount in [self._amount(row)]
        ]  # fmt: skip

    def _amount(self, row: Row) -> float:
        return float(row[self._column] or 0)


def _import(
    engine: Engine,
    path: Path,
    anomaly: Model | None = None,
    rank: Model | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Summary:
    return import_online_retail(
        path, Journal(FOLDS), engine, anomaly=anomaly or Prior("credit_anomaly"),
        rank=rank or Prior("exception_rank"), actor=CLERK, at=NOW, progress=progress,
    )  # fmt: skip


def _entries(engine: Engine) -> list[Recorded]:
    with engine.connect() as conn:
        return Journal(FOLDS).follow(conn, 0, 10_000)


def _told(engine: Engine) -> list[tuple[str, str, object]]:
    """The journal without positions, in an order of its own."""
    return sorted(
        ((entry.stream, entry.type, entry.payload) for entry in _entries(engine)),
        key=lambda told: (told[0], told[1], str(told[2])),
    )


def test_the_story_enters_as_documents_matches_and_findings(engine: Engine, tmp_path: Path) -> None:
    """Each row where it belongs; each credit as it reconciles; each finding as a sentence."""
    summary = _import(engine, write(tmp_path / "story.csv"))
    kinds = Counter(entry.type for entry in _entries(engine))
    assert kinds["invoice_recorded"] == summary.recorded["sale"] == 5
    assert kinds["credit_note_recorded"] == 6 and kinds["stock_write_off_recorded"] == 1
    assert kinds["customer_registered"] == 2 and kinds["product_listed"] == 3
    assert summary.matches == {"confirmed": 1, "suggested": 2, "unmatched": 2}
    assert kinds["credit_matched"] == kinds["credit_note_assessed"] == 5
    with engine.connect() as conn:
        found = conn.execute(
            text("SELECT exception_id, exposure_minor, says FROM reconciliation_exception")
        )
        raised = {row[0]: (row[1], row[2]) for row in found}
    assert {name: exposure for name, (exposure, _) in raised.items()} == {
        "R8-C536375-1": 510,
        "R8-C536377-1": 2750,
        "R10-C536374-1": 78,
        "R10-C536378-1": 258,
    }
    assert raised["R8-C536375-1"][1] == (
        "C536375 credits 2 units of 85123A for GBP 5.10 to customer 13047, "
        "who was never sold this item by then."
    )


def test_an_invoice_over_two_minutes_is_one_invoice_of_its_first_minute(
    engine: Engine, tmp_path: Path
) -> None:
    """With all its lines, numbered in the file's order."""
    _import(engine, write(tmp_path / "story.csv"))
    (entry,) = (e for e in _entries(engine) if e.stream == "invoice/536365")
    assert entry.payload["invoiced_at"] == "2010-12-01T08:26:00Z"
    lines = [(line["line"], line["sku"], line["source_line"]) for line in entry.payload["lines"]]
    assert lines == [(1, "85123A", 2), (2, "71053", 3), (3, "POST", 4)]


def test_rows_set_aside_are_told_with_their_line_numbers(engine: Engine, tmp_path: Path) -> None:
    """And the file's own fact counts every row once."""
    summary = _import(engine, write(tmp_path / "story.csv"))
    stream = [e for e in _entries(engine) if e.stream.startswith("import/")]
    aside = {e.payload["kind"]: e.payload["source_lines"] for e in stream[:-1]}
    assert aside["zero_price"] == [8] and aside["missing_customer"] == [7, 15]
    counts = dict(stream[-1].payload["counts"])
    assert stream[-1].type == "file_imported" and counts == summary.rows
    assert sum(counts.values()) == stream[-1].payload["lines"] == 16


def test_the_same_file_twice_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    """Not even when it is packed the second time; the figures are told again."""
    first = _import(engine, write(tmp_path / "story.csv"))
    before = _entries(engine)
    again = _import(engine, write(tmp_path / "story.csv.gz"))
    assert again.repeated and not first.repeated and again.figures == first.figures
    assert _entries(engine) == before


def test_a_longer_file_adds_what_is_new_and_matches_it_with_what_was_there(
    fresh_database: Callable[[], str], tmp_path: Path
) -> None:
    """Two overlapping files tell the same credits and findings as the longer one alone."""
    head, tail = STORY.splitlines(keepends=True)[:11], STORY
    both, alone = engine_for(fresh_database()), engine_for(fresh_database())
    _import(both, write(tmp_path / "head.csv", "".join(head)))
    second = _import(both, write(tmp_path / "whole.csv", tail))
    _import(alone, write(tmp_path / "whole.csv", tail))
    assert second.skipped == 7 and second.conflicts == 0
    parts = [
        [told for told in _told(one) if not told[0].startswith("import/")
         and told[1] not in ("credit_note_assessed", "exception_assessed")]
        for one in (both, alone)
    ]  # fmt: skip
    assert parts[0] == parts[1]
    both.dispose()
    alone.dispose()


def test_a_changed_invoice_is_kept_as_it_was_and_reported_once(
    engine: Engine, tmp_path: Path
) -> None:
    """R17 says both contents; another file with the same change raises nothing more."""
    _import(engine, write(tmp_path / "story.csv"))
    changed = STORY.replace('LANTERN, WHITE",8', 'LANTERN, WHITE",9')
    summary = _import(engine, write(tmp_path / "changed.csv", changed))
    again = _import(engine, write(tmp_path / "more.csv", changed + STORY.splitlines()[8] + "\n"))
    assert summary.conflicts == 1 and summary.exceptions == {"R17": 1}
    assert "R17" not in again.exceptions
    with engine.connect() as conn:
        says = conn.execute(
            text("SELECT says FROM reconciliation_exception WHERE code = 'R17'")
        ).scalar_one()
        kept = (
            "SELECT delivered_quantity FROM invoice_line WHERE invoice_id = '536365' AND line = 2"
        )
        sold = conn.execute(text(kept)).scalar_one()
    assert "GBP 63.81" in says and "GBP 60.42" in says and sold == 8


def test_an_import_that_died_goes_on_where_it_stopped(
    fresh_database: Callable[[], str], tmp_path: Path
) -> None:
    """After the batches that were kept, the same command completes the file."""
    path = write(tmp_path / "story.csv")
    died, whole = engine_for(fresh_database()), engine_for(fresh_database())

    def die(done: int, total: int, label: str) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _import(died, path, progress=die)
    assert not _import(died, path).repeated
    _import(whole, path)
    assert _told(died) == _told(whole)
    died.dispose()
    whole.dispose()


def test_each_row_a_model_sees_is_the_one_that_training_replays(
    engine: Engine, tmp_path: Path
) -> None:
    """Asked right after its own fact, though a batch is recorded at once; with its reasons."""
    anomaly = AmountModel(CREDIT_ANOMALY, "credit_amount_minor")
    rank = AmountModel(EXCEPTION_RANK, "exception_exposure_minor")
    _import(engine, write(tmp_path / "story.csv"), anomaly, rank)
    entries = _entries(engine)
    replay, expected = Replay(FOLDS), {}
    sets = {"credit_anomaly": CREDIT_ANOMALY, "exception_rank": EXCEPTION_RANK}
    for entry in entries:
        replay.learn(entry.fact())  # type: ignore[arg-type]
        for asked in questions_of(entry.fact()):  # type: ignore[arg-type]
            row = replay.row(sets[asked.model], asked.question)
            expected[asked.subject] = (row, entry.position)
    said = {
        f"{e.payload['credit_note_id']}/{e.payload['line']}"
        if e.type == "credit_note_assessed"
        else e.payload["exception_id"]: e.payload["assessment"]
        for e in entries
        if e.type in ("credit_note_assessed", "exception_assessed")
    }
    assert len(said) == len(expected) == 9
    for subject, answer in said.items():
        assert (answer["row"], answer["asked_at_position"]) == expected[subject]
        assert answer["explanation"]["pushes"] and answer["model"]["version"] == "3"
    with engine.connect() as conn:
        ranked = conn.execute(
            text("SELECT exception_id FROM reconciliation_exception ORDER BY rank_score DESC")
        ).scalars()
        assert next(iter(ranked)) == "R8-C536377-1"


def test_a_model_of_other_features_is_refused_before_anything_is_written(
    engine: Engine, tmp_path: Path
) -> None:
    """The message says what to do."""
    old = AmountModel(CREDIT_ANOMALY, "credit_amount_minor", "sha256:old")
    with pytest.raises(Mismatch, match="train it again"):
        _import(engine, write(tmp_path / "story.csv"), old)
    assert _entries(engine) == []


def test_a_refused_file_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    """It is read to its end before the first row is recorded."""
    with pytest.raises(UnreadableFile):
        _import(engine, write(tmp_path / "no.csv", STORY, "a,b,c"))
    assert _entries(engine) == []


def test_verify_finds_no_difference_after_an_import(engine: Engine, tmp_path: Path) -> None:
    """Chains, ledgers and memories are what the log says."""
    _import(engine, write(tmp_path / "story.csv"))
    assert list(verify(engine, FOLDS)) == []
