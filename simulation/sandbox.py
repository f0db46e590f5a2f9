"""A small house in a database of its own that goes away: for looking and trying."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from journal import embedded
from journal.database import migrate
from serving.settings import Settings
from serving.wiring import wire
from simulation.play import play
from simulation.wired import WiredDesk
from simulation.world import World

if TYPE_CHECKING:
    from serving.wiring import Services


@contextmanager
def empty_house() -> Iterator["Services"]:
    """Everything wired, over an empty migrated database.

    No setting of yours is read and none of your data is touched: database, bundles and state
    lie in temporary folders, removed at the end of the block. Errors: ``EmbeddedError`` where
    PostgreSQL cannot run.
    """
    with embedded.temporary() as url, TemporaryDirectory() as folder:
        migrate(url)
        state = Path(folder)
        services = wire(Settings(state_dir=state, bundles=str(state / "bundles")), url)
        try:
            yield services
        finally:
            services.engine.dispose()


@contextmanager
def sandbox(days: int = 60, *, seed: int = 8123, scale: float = 0.4) -> Iterator["Services"]:
    """An ``empty_house`` where a simulated distributor has worked so many days; people decided."""
    with empty_house() as services:
        play(World(seed, days, scale), WiredDesk(services))
        yield services
