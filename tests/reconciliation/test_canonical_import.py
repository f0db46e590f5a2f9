"""Facts from JSON lines: checked as at the HTTP edge, recorded once, faults told by line."""

import gzip
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine

from features.catalogue import FOLDS
from journal.codec import encode
from journal.journal import Journal
from reconciliation.canonical import CanonicalSummary, FactReader, import_canonical
from serving.errors import Invalid
from serving.facts_in import KINDS, ONCE_ONLY, read_fact, stream_of
from simulation.story import Story
from tests.reconciliation.retail_files import NOW
from workflow.actor import Actor

READER = FactReader(KINDS, ONCE_ONLY, read_fact, stream_of, Invalid)


def _lines() -> list[dict[str, Any]]:
    told = [encode(fact) for fact in Story().facts()]
    return [{"type": name, **payload} for name, payload in told]


def _import(engine: Engine, path: Path, lines: list[Any]) -> CanonicalSummary:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    actor = Actor("importer", frozenset(), "service")
    return import_canonical(path, Journal(FOLDS), engine, reader=READER, actor=actor, at=NOW)


def _streams(engine: Engine) -> list[str]:
    with engine.connect() as conn:
        return [entry.stream for entry in Journal(FOLDS).follow(conn, 0, 1000)]


def test_facts_are_recorded_in_order_and_the_same_file_again_changes_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    """Packed or not, with the payload inside or beside the type."""
    lines = _lines()
    first = _import(engine, tmp_path / "a.jsonl", lines)
    before = _streams(engine)
    assert first.counts == {"recorded": len(lines)} and len(before) == len(lines) + 1
    assert _import(engine, tmp_path / "a.jsonl.gz", lines).repeated
    nested = [{"type": line.pop("type"), "payload": line} for line in _lines()]
    again = _import(engine, tmp_path / "b.jsonl", nested)
    assert again.counts == {"known": len(lines)} and not again.repeated
    assert _streams(engine)[: len(before)] == before and len(_streams(engine)) == len(before) + 1


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("{", "bad_json"),
        ("[]", "bad_json"),
        ("", "blank_line"),
        ('{"type": "return_requested"}', "unknown_type"),
        ('{"type": "carrier_registered"}', "invalid_event"),
        ('{"type": "CarrierRegistered", "carrier_id": "K", "name": 3}', "invalid_event"),
    ],
)
def test_a_line_that_is_no_fact_is_set_aside_with_its_number(
    engine: Engine, tmp_path: Path, line: str, kind: str
) -> None:
    """The lines around it are recorded."""
    summary = _import(engine, tmp_path / "x.jsonl", [*_lines()[:1], line, *_lines()[1:2]])
    assert summary.counts == {"recorded": 2, kind: 1} and summary.lines == 3
    assert summary.faults[0].startswith(f"Line 2: {kind}: ")


def test_a_document_told_differently_is_set_aside_and_a_master_is_updated(
    engine: Engine, tmp_path: Path
) -> None:
    """A document is told once; a customer may move."""
    _import(engine, tmp_path / "a.jsonl", _lines())
    changed = [
        {**line, "country": "FR"}
        for line in _lines()
        if line["type"] in ("invoice_recorded", "customer_registered")
    ]
    summary = _import(engine, tmp_path / "b.jsonl", changed)
    kinds = [line["type"] for line in changed]
    assert summary.counts["document_differs"] == kinds.count("invoice_recorded") > 0
    assert summary.counts["recorded"] == kinds.count("customer_registered") > 0


def test_what_the_simulator_writes_can_be_imported(engine: Engine, tmp_path: Path) -> None:
    """Class names for types, payloads inside, a time beside."""
    lines = [
        orjson.loads(
            orjson.dumps({"at": NOW, "type": type(fact).__name__, "payload": encode(fact)[1]})
        )
        for fact in Story().facts()
    ]
    summary = _import(engine, tmp_path / "facts.jsonl", lines)
    assert summary.counts == {"recorded": len(lines)}
