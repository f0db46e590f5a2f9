"""From training to serving on a real journal: the champion is what the ledger's digest names."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from journal.journal import Journal
from journal.lookups import champion, proposals
from journal.promotions import approve
from models import bundle
from models.store import Store
from tests.training.small_world import SmallWorld
from training.promotion import (
    BOOTSTRAP,
    TRAINER,
    Proposal,
    project_aliases,
    propose,
    tried,
)
from training.registry import Registry
from training.rows import gather
from training.train import train
from workflow.refused import Refused

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.slow
def test_a_trained_version_is_promoted_and_fetched_by_digest(
    engine: Engine, tmp_path: Path
) -> None:
    """Proposed by training, approved by the bootstrap actor once; MLflow's alias follows."""
    registry, journal = Registry(tmp_path / "mlruns"), Journal()
    store = Store(tmp_path / "store", tmp_path / "cache")
    rows = gather(SmallWorld(3).facts(400))
    made = train("disposition", rows, out=registry.folder, at=AT)
    with engine.begin() as conn:
        gates = tried(
            journal, conn, "disposition", made.version, rows, registry=registry, store=store
        )
        asked = Proposal("disposition", made.version, gates)
        proposal = propose(journal, conn, asked, TRAINER, AT, registry=registry, store=store)
        approve(journal, conn, proposal, BOOTSTRAP, AT, True)
    with engine.connect() as conn:
        assert project_aliases(journal, conn, registry) == {"disposition": "1"}
        now = champion(conn, "disposition")
        ledger = proposals(conn)
    assert registry.alias("disposition", "champion") == "1"
    assert now is not None
    assert now["bundle_digest"] == made.digest
    assert [(row["proposed_by"], row["approved_by"]) for row in ledger] == [
        ("training", "bootstrap")
    ]
    model = bundle.load(store.fetch(now["bundle_digest"]))
    newest = [dict(example.row) for example in rows.of("disposition")[-5:]]
    assert model.predict(newest) == bundle.load(made.bundle).predict(newest)
    with engine.begin() as conn, pytest.raises(Refused, match="was approved before"):
        approve(journal, conn, proposal, BOOTSTRAP, AT, True)
