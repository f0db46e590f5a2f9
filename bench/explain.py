"""``python -m bench.explain [--text-train A.csv --text-test B.csv]``: speed, truth, adding up.

Exact pushes of trees beside ``shap`` and beside peers given the same trick, in one run; the
largest residual of every model; and, where labelled texts are given, whether removing the words
that an explanation names moves the answer more than removing others. The last line printed is
one JSON document. Peers explain every class and we the predicted one: ``class_boosters`` are
peers that do so too.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import faithful, residuals
from bench.csv_file import columns
from bench.shap_speed import Size, compared
from training.encoder import exported
from training.reason import Options, make


def run(
    text_train: Annotated[Path | None, typer.Option(help="CSV to learn the texts from.")] = None,
    text_test: Annotated[Path | None, typer.Option(help="CSV with the texts to explain.")] = None,
    text_column: Annotated[str, typer.Option()] = "text",
    label_column: Annotated[str, typer.Option()] = "label",
    most_texts: Annotated[int, typer.Option(help="Texts explained at most.")] = 5_000,
    seed: Annotated[int, typer.Option()] = 8123,
    rounds: Annotated[int, typer.Option(help="Interleaved rounds; 0 leaves speed out.")] = 5,
    trees: Annotated[int, typer.Option(help="Boosting rounds of the timed model.")] = 200,
    leaves: Annotated[int, typer.Option(help="Leaves a tree of the timed model.")] = 31,
    classes: Annotated[int, typer.Option(help="Classes of the timed model, 2 to 5.")] = 5,
    rows: Annotated[int, typer.Option(help="Rows a model, for the residuals.")] = 1_000,
) -> None:
    """Ratios above 1 mean that we are quicker; drops are in log-odds of the predicted class."""
    if (text_train is None) != (text_test is None):
        raise typer.BadParameter("--text-train and --text-test belong together")
    document: dict[str, Any] = {"bench": "explain", "seed": seed}
    if rounds:
        size = Size(classes=classes, rounds=trees, leaves=leaves)
        document["speed"] = compared(size, rounds, seed)
    document["residuals"] = residuals.largest(rows, seed)
    if text_train is not None and text_test is not None:
        taught = _read(text_train, text_column, label_column)
        asked = _read(text_test, text_column, label_column)[0][:most_texts]
        # What is measured decides: a stranger's texts may be in any language.
        options = Options(english_only=False, encoder=exported())
        model, _ = make(taught, ([], []), seed=seed, prototypes=False, options=options)
        document["faithful"] = {"test": text_test.name, **faithful.judged(model, asked, seed)}
    typer.echo(json.dumps(document))


def _read(path: Path, text_column: str, label_column: str) -> tuple[list[str], list[str]]:
    found = columns(path, text_column, label_column, filled=[label_column])
    return [row[text_column] for row in found], [row[label_column] for row in found]


if __name__ == "__main__":
    typer.run(run)
