"""A simulated world played through the house: every return requested, received, decided, posted."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from journal.database import migrate
from simulation.world import World
from training.rows import FactLike


def facts_played(world: World) -> list[FactLike]:
    """The journal of a house that no model advises, in a database of its own that is gone after."""
    from serving.settings import Settings
    from serving.wiring import wire
    from simulation.play import play
    from simulation.wired import WiredDesk
    from training.journal_source import facts_of

    with _server() as (url, folder):
        migrate(url)
        services = wire(Settings(state_dir=folder), url)
        play(world, WiredDesk(services))
        with services.engine.connect() as conn:
            facts = list(facts_of(services.journal, conn))
        services.engine.dispose()
    return facts


@contextmanager
def _server() -> Iterator[tuple[str, Path]]:
    """A PostgreSQL in a folder that is removed; nothing has to survive a power cut."""
    from journal import embedded

    folder = Path(tempfile.mkdtemp(prefix="played-", dir="/var/tmp"))
    hurry = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    server = embedded.start(folder, hurry)
    try:
        yield server.url, folder / "state"
    finally:
        server.stop()
        shutil.rmtree(folder)
