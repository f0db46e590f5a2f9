"""Feature memories made anew from the log, when folds were added, changed or removed."""

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import Engine

from journal.database import raw
from journal.entries import Fold, Memory
from journal.journal import Driver, MemoryKey, stored_folds
from journal.walk import walk_positions


def ensure_memories(engine: Engine, folds: Sequence[Fold]) -> list[str]:
    """Make the stored memories those of ``folds``; the names of the folds that were rebuilt.

    Quick where nothing changed: call it at every start. Writers wait while it works. Older
    programs that still run are refused afterwards (``StaleMemory``).
    """
    own = {fold.name: fold.version for fold in folds}
    with engine.begin() as conn:
        driver = raw(conn)
        if stored_folds(driver) == own:
            return []
        driver.execute("LOCK TABLE fold_version, feature_memory IN SHARE ROW EXCLUSIVE MODE")
        stored = stored_folds(driver)
        changed = [fold for fold in folds if stored.get(fold.name) != fold.version]
        gone = sorted(set(stored) - set(own))
        outdated = [*gone, *(fold.name for fold in changed)]
        driver.execute("DELETE FROM feature_memory WHERE fold = ANY (%s)", (outdated,))
        driver.execute("DELETE FROM fold_version WHERE fold = ANY (%s)", (outdated,))
        memories, positions = learn_all(driver, changed)
        _store(driver, memories, positions, own)
        with driver.cursor() as cursor, cursor.copy("COPY fold_version FROM STDIN") as copy:
            for fold in changed:
                copy.write_row((fold.name, fold.version))
        return [fold.name for fold in changed]


def learn_all(
    driver: Driver, folds: Sequence[Fold]
) -> tuple[dict[MemoryKey, Memory], dict[MemoryKey, int]]:
    """What the folds would remember, and where each key learned last, from the whole log."""
    memories: dict[MemoryKey, Memory] = {}
    positions: dict[MemoryKey, int] = {}
    if not folds:
        return memories, positions
    types = sorted({type_name for fold in folds for type_name in fold.listens})
    for entry in walk_positions(driver, types):
        learn_one(folds, entry.fact(), entry.position, memories, positions)
    return memories, positions


def learn_one(
    folds: Sequence[Fold],
    fact: object,
    position: int,
    memories: dict[MemoryKey, Memory],
    positions: dict[MemoryKey, int],
) -> None:
    """One fact, learned by every key of every fold that listens to it, as ``append`` does."""
    type_name = getattr(fact, "type", "")
    for fold in folds:
        if type_name not in fold.listens:
            continue
        for key in dict.fromkeys(fold.keys(fact)):
            known = memories.get((fold.name, key), {})
            memories[fold.name, key] = fold.learn(known, key, fact)
            positions[fold.name, key] = position


def _store(
    driver: Driver,
    memories: Mapping[MemoryKey, Memory],
    positions: Mapping[MemoryKey, int],
    versions: Mapping[str, int],
) -> None:
    copying = 'COPY feature_memory (fold, key, version, state, "position") FROM STDIN'
    with driver.cursor() as cursor, cursor.copy(copying) as copy:
        for (fold, key), state in memories.items():
            text = orjson.dumps(state).decode()
            copy.write_row((fold, key, versions[fold], text, positions[fold, key]))
