"""Real invoice lines through the product's own import: counts, findings, speed, memory.

    python -m bench.online_retail --data FILE.csv.gz [--inject SEED] [--anomaly DIR] [--rank DIR]
                                  [--database URL]

The file is imported into a fresh embedded PostgreSQL, or into the empty database named.
The last line is one JSON document. With ``--inject`` known errors are written into a copy of
the file first, and looked for.
"""

import argparse
import json
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.retail_errors import Injected, Place, inject, places_of
from features.catalogue import FOLDS
from journal import embedded, worklists
from journal.database import engine_for, migrate
from journal.journal import Journal
from models.bundle import load
from models.prior import Prior
from models.protocol import Model
from reconciliation.online_retail import Summary, import_online_retail
from reconciliation.retail_figures import never_sold
from reconciliation.retail_rows import Row, read_rows
from workflow.actor import Actor

REVIEWED = (10, 50, 100)
"""How many credit lines a person looks at; and a tenth of them all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; prints progress on stderr and the summary as the last line."""
    given = _arguments(arguments)
    at = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="bench-online-retail-") as folder:
        path, injected = given.data, list[Injected]()
        if given.inject is not None:
            path = Path(folder) / "injected.csv"
            injected = inject(given.data, path, given.inject, at)
        models = [_model("credit_anomaly", given.anomaly), _model("exception_rank", given.rank)]
        with _database(given.database) as url:
            summary, found = _import(path, url, models[0], models[1], at)
        rows = read_rows(path, at).rows
    print(json.dumps(_document(summary, found, rows, injected, given.data.name)))
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.online_retail", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="online-retail CSV, may be .gz")
    parser.add_argument("--inject", type=int, metavar="SEED", help="write known errors in first")
    parser.add_argument("--anomaly", type=Path, help="bundle of a credit_anomaly model")
    parser.add_argument("--rank", type=Path, help="bundle of an exception_rank model")
    parser.add_argument("--database", help="an empty PostgreSQL; embedded where left out")
    given = parser.parse_args(arguments)
    if not given.data.is_file():
        parser.error(f"there is no file {given.data}")
    return given


def _model(name: str, bundle: Path | None) -> Model:
    return Prior(name) if bundle is None else load(bundle)


def _import(
    path: Path, url: str, anomaly: Model, rank: Model, at: datetime
) -> tuple[Summary, list[dict[str, Any]]]:
    """The import, and the exceptions it raised."""
    migrate(url)
    engine = engine_for(url)
    try:
        summary = import_online_retail(
            path, Journal(FOLDS), engine, anomaly=anomaly, rank=rank,
            actor=Actor("bench", frozenset(), "service"), at=at, progress=_tell,
        )  # fmt: skip
        with engine.connect() as conn:
            return summary, [dict(row) for row in worklists.all_open_exceptions(conn)]
    finally:
        engine.dispose()


@contextmanager
def _database(given: str | None) -> Iterator[str]:
    """The URL given, or that of a server of our own, removed afterwards."""
    if given is not None:
        yield given
        return
    # As durable as a server of yours: what is measured is what you would see.
    folder = embedded.enterable_folder()
    server = embedded.start(folder)
    try:
        yield server.url
    finally:
        server.stop()
        shutil.rmtree(folder)


def _tell(done: int, total: int, text: str) -> None:
    print(f"  {text}: {done} of {total}", file=sys.stderr)


def _document(
    summary: Summary,
    found: Sequence[dict[str, Any]],
    rows: Sequence[Row],
    injected: Sequence[Injected],
    data: str,
) -> dict[str, Any]:
    figures = summary.figures
    document: dict[str, Any] = {
        "data": data,
        "lines": figures.lines,
        "credit_lines": figures.credit_lines,
        "credit_lines_with_customer": figures.credit_lines_with_customer,
        "credit_lines_unmatched": figures.credit_lines_unmatched,
        "unmatched_value": float(figures.unmatched_value),
        "credit_value_with_customer": float(figures.credit_value_with_customer),
        "write_off_lines": figures.write_off_lines,
        "rows": summary.rows,
        "matches": dict(summary.matches),
        "exceptions": dict(summary.exceptions),
        "exposure": summary.exposure_minor / 100,
        "lines_per_s": round(summary.lines_per_second),
        "seconds": round(summary.seconds, 2),
        "peak_memory_mb": _peak_megabytes(),
    }
    places = _places(rows)
    ours = _ranked(found)
    by_amount = sorted(places, key=lambda place: -places[place].net_minor)
    worth = {place: places[place].net_minor for place in _unmatched_places(rows, places)}
    document["value_found"] = _found_at(worth, ours, by_amount)
    if injected:
        document["injected"] = _recall(injected, found, ours)
        planted = {one.place: one.exposure_minor for one in injected}
        document["injected_value_found"] = _found_at(planted, ours, by_amount)
    return document


def _places(rows: Sequence[Row]) -> dict[Place, Row]:
    """Credit lines with a customer, named as the journal names them."""
    return {place: rows[i] for i, place in places_of(rows).items() if rows[i].customer_id}


def _unmatched_places(rows: Sequence[Row], places: dict[Place, Row]) -> list[Place]:
    lines = {row.source_line for row in never_sold(rows)}
    return [place for place, row in places.items() if row.source_line in lines]


def _ranked(found: Sequence[dict[str, Any]]) -> list[Place]:
    """Exceptions as the worklist orders them: by rank where a model gave one, else exposure."""
    ordered = sorted(found, key=lambda x: (-(x["rank_score"] or -1.0), -x["exposure_minor"]))
    return [(str(x["document"]), int(x["line"])) for x in ordered if x["line"] is not None]


def _found_at(
    worth_minor: dict[Place, int], ours: Sequence[Place], by_amount: Sequence[Place]
) -> dict[str, dict[str, float]]:
    """Pounds of wrong credits among the first k reviewed, by our order and by amount."""
    tenth = max(1, len(by_amount) // 10)
    return {
        name: {
            order: sum(worth_minor.get(place, 0) for place in places[:many]) / 100
            for order, places in (("ours", ours), ("by_amount", by_amount))
        }
        | {"of": sum(worth_minor.values()) / 100}
        for name, many in (*((str(k), k) for k in REVIEWED), ("10%", tenth))
    }


def _recall(
    injected: Sequence[Injected], found: Sequence[dict[str, Any]], ours: Sequence[Place]
) -> dict[str, dict[str, int]]:
    """By kind of error: lines planted, flagged at all, flagged as that kind, in the first 500."""
    code_at = {(x["document"], x["line"]): x["code"] for x in found}
    first = set(ours[:500])
    recall: dict[str, dict[str, int]] = {}
    for one in injected:
        counts = recall.setdefault(
            one.kind, {"planted": 0, "flagged": 0, "as_expected": 0, "in_first_500": 0}
        )
        counts["planted"] += 1
        counts["flagged"] += one.place in code_at
        counts["as_expected"] += code_at.get(one.place) in one.codes
        counts["in_first_500"] += one.place in first
    return recall


def _peak_megabytes() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(used / (1024 * 1024 if sys.platform == "darwin" else 1024))


if __name__ == "__main__":
    raise SystemExit(main())
