"""A house for every test of serving."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from models.protocol import Model
from tests.serving.house import STORY, House, build, open_house


@pytest.fixture
def empty_house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """The house with staff and nothing else: no master, no model."""
    house = open_house(build(database_url, tmp_path))
    with house.client:
        yield house


@pytest.fixture
def house_with(database_url: str, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Call it with models by name for a house that knows the facts of R-1001."""
    with ExitStack() as open_doors:

        def make(draw: int = 999, **models: Model) -> House:
            made = open_house(build(database_url, tmp_path, models=models, draw=draw))
            open_doors.enter_context(made.client)
            assert made.tell(*STORY.facts()).status_code == 200
            return made

        yield make


@pytest.fixture
def house(empty_house: House) -> House:
    """The house that knows the facts of R-1001."""
    told = empty_house.tell(*STORY.facts())
    assert told.status_code == 200, told.text
    return empty_house
