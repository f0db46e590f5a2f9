"""Small real bundles of the disposition model, for tests of what becomes of a bundle."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from models import bundle
from models.protocol import Card
from tests.training.small_world import SmallWorld
from training import disposition
from training.made import Made
from training.rows import gather


@cache
def _fitted() -> Made:
    return disposition.fit(gather(SmallWorld(3).facts(300)).of("disposition"), seed=1)


def write(folder: Path, version: str = "1", **card: object) -> str:
    """A small real bundle; answers its digest."""
    made = _fitted()
    whole = Card(
        made.name, version, made.columns, made.says, made.output, made.feature_set, None,
        made.limits, {},
    )  # fmt: skip
    whole = replace(whole, **card)  # type: ignore[arg-type]
    folder.mkdir(parents=True)
    made.build(whole).save(folder)
    return bundle.write(folder, whole)
