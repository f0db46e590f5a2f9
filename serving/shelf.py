"""The models a server answers with: promoted bundles, swapped without a restart.

The journal's promotion ledger says which bundle is champion; the shelf fetches it by digest,
checks it, and keeps it until another is promoted. Where there is none, or where a bundle does
not fit this version of the features, ``Prior`` abstains and people decide.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog

from features.catalogue import SETS
from models import overview
from models.bundle import Mismatch, load
from models.overview import Overview
from models.prior import Prior
from models.protocol import Model
from serving.away import DATABASE_ERRORS
from workflow.assessment import ModelRef
from workflow.promoting import MODELS

log = structlog.get_logger("serving.shelf")

REFUSED_SECONDS = 60.0
"""How long a bundle that was found wrong is left alone: reading it all again costs seconds."""


@dataclass(frozen=True, slots=True)
class Champion:
    """What the promotion ledger says about one model."""

    name: str
    version: str
    bundle_digest: str
    alias: str = "champion"
    in_ledger: bool = True
    """Whether the journal's own event says so; a table is easier to write into."""


@dataclass(frozen=True, slots=True)
class OnShelf:
    """A model ready to answer, and how its answers name it. ``digest`` is empty for a prior, and
    ``missing`` says then why no model answers; ``overview`` is what its bundle says of it as a
    whole, where it does."""

    model: Model
    ref: ModelRef
    digest: str = ""
    overview: Overview | None = None
    missing: str | None = None


def prior(name: str, refused: str | None = None) -> OnShelf:
    """What stands on the shelf where no model is promoted, or the promoted version is ``refused``.

    Callers are told that it is, and no more: what is wrong with it names places of ours.
    """
    feature_set = SETS[name].fingerprint if name in SETS else "sha256:text"
    missing = (
        f"No {name} model is promoted; people decide."
        if refused is None
        else f"Version {refused} of {name} is promoted and cannot be used here; people decide."
        " GET /readyz says why."
    )
    return OnShelf(Prior(name), ModelRef(name, "0", None, feature_set), missing=missing)


@dataclass
class Shelf:
    """``champions`` reads the ledger; ``fetch`` turns a digest into a local folder.

    ``refresh`` is cheap when nothing changed; a model is replaced in one assignment, so an
    answer that is being given keeps the model it started with.
    """

    champions: Callable[[], Sequence[Champion]]
    fetch: Callable[[str], Path]
    standing: dict[str, OnShelf] = field(
        default_factory=lambda: {name: prior(name) for name in MODELS}
    )
    faults: dict[str, str] = field(default_factory=dict)
    _refused: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Digest that was refused, and when it is worth looking at again (monotonic seconds)."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, name: str) -> OnShelf:
        """The model that answers now; ``KeyError`` for a name that is not one of ``MODELS``."""
        return self.standing[name]

    def refresh(self) -> list[str]:
        """Load what was promoted since the last look; answers the names that changed."""
        with self._lock:
            promoted = {c.name: c for c in self.champions() if c.alias == "champion"}
            return [name for name in MODELS if self._refresh(name, promoted.get(name))]

    def _refresh(self, name: str, champion: Champion | None) -> bool:
        held = self.standing[name]
        if champion is None:
            self.standing[name] = prior(name) if held.digest or held.missing else held
            self.faults.pop(name, None)
            return bool(held.digest)
        if (held.digest, held.ref.version) == (champion.bundle_digest, champion.version):
            return False
        digest, again_at = self._refused.get(name, ("", 0.0))
        if digest == champion.bundle_digest and time.monotonic() < again_at:
            return False
        try:
            self.standing[name] = self.load(champion)
        except Exception as error:
            # A model that cannot be trusted must not answer, nor keep an outdated one answering.
            # Any error: an object store raises its own kinds, and one model's must not stop others.
            if self.faults.get(name) != str(error):
                log.error("model refused", model=name, version=champion.version, why=str(error))
            self.faults[name] = str(error)
            if isinstance(error, Mismatch):
                # Every byte was read and is not what was promoted: that seldom mends itself.
                self._refused[name] = (champion.bundle_digest, time.monotonic() + REFUSED_SECONDS)
            self.standing[name] = prior(name, champion.version)
            return bool(held.digest)
        self.faults.pop(name, None)
        log.info("model on shelf", model=name, version=champion.version)
        return True

    def load(self, champion: Champion) -> OnShelf:
        """A promoted bundle as a model, whatever its alias; it is not put on the shelf.

        Errors: ``Mismatch`` where it is not what was promoted or does not fit this program.
        """
        if not champion.in_ledger:
            raise Mismatch(
                f"{champion.name} {champion.version} is called {champion.alias}, but the ledger"
                " never said so: run triage verify."
            )
        folder = self.fetch(champion.bundle_digest)
        model = load(folder)
        card = model.card
        if card.name != champion.name:
            raise Mismatch(f"The bundle of {champion.name} holds a model called {card.name}.")
        expected = SETS.get(champion.name)
        if expected is not None and card.feature_set != expected.fingerprint:
            raise Mismatch(
                f"{card.name} {champion.version} was trained on features {card.feature_set[:19]},"
                f" this server computes {expected.fingerprint[:19]}: train it again."
            )
        ref = ModelRef(
            champion.name, champion.version, champion.alias, card.feature_set, card.trained_at
        )
        return OnShelf(model, ref, champion.bundle_digest, overview.read(folder))


class Refreshed(Protocol):
    """Whatever looks for something new when asked to."""

    def refresh(self) -> object: ...


@contextmanager
def watched(shelf: Refreshed, every_seconds: float) -> Iterator[None]:
    """Look for what was promoted and published now and every few seconds, until the end of the
    block.

    A database that is away is said and tried again; what is on the shelf keeps answering.
    """
    stop = threading.Event()

    def look() -> None:
        try:
            shelf.refresh()
        except DATABASE_ERRORS as error:
            log.warning("cannot look for what is new", why=type(error).__name__)

    def watch() -> None:
        while not stop.wait(every_seconds):
            look()

    look()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join(timeout=10)
