"""One day-one reason model a session, with the real encoder, and a light one without."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from models import bundle
from models.reason.model import ReasonModel

NOTES: Sequence[str | None] = (
    "Seal leaks, oil all over the carton",
    "Invoice shows the wrong price, please credit",
    "Hi team, order 99312: the pallets came in thawed and smelly!!",
    "We ordered 10 and received 20 – please take the surplus back",
    "Recalled lot, see your notice",
    "asdf qwe",
    "",
    None,
    "4711",
    "Die Ware ist beschädigt angekommen",
    "Der   crème brûlée\nbox 🥧 is broken",
)
"""R-1001 first; then easy, chatty, unrelated, empty and foreign ones."""


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a reason model that nobody taught, encoder included."""
    pytest.importorskip("sklearn", reason="needs pip install '.[training]'")
    from training.encoder import NoEncoder
    from training.reason import fit

    folder = tmp_path_factory.mktemp("reason") / "bundle"
    try:
        fit([], [], [], [], folder, seed=8123)
    except NoEncoder as missing:
        pytest.skip(str(missing))
    return folder


@pytest.fixture(scope="session")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a reason model that reads n-grams alone: quick to make and to copy."""
    pytest.importorskip("sklearn", reason="needs pip install '.[training]'")
    from training.reason import Options, make

    folder = tmp_path_factory.mktemp("light") / "bundle"
    folder.mkdir()
    model, _ = make(([], []), ([], []), seed=8123, prototypes=True, options=Options())
    model.save(folder)
    bundle.write(folder, model.card)
    return folder


@pytest.fixture(scope="session")
def reason(sealed: Path) -> ReasonModel:
    """The reason model with its encoder, as serving loads it."""
    model = bundle.load(sealed)
    assert isinstance(model, ReasonModel)
    return model


@pytest.fixture(scope="session")
def notes() -> list[dict[str, str | None]]:
    """Rows to score; the first is the story's R-1001."""
    return [{"text": note} for note in NOTES]
