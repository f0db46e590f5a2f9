"""The registry is MLflow offline: versions, runs, signatures and aliases in one folder."""

import json
from pathlib import Path

import pytest

from models.protocol import Column
from training.registry import (
    LARGE,
    Registered,
    Registry,
    RunRecord,
    check_signature,
    code_version,
)
from workflow.refused import Refused

COLUMNS = (
    Column("amount_minor", "number", "minor", "{value}"),
    Column("condition", "category", "code", "{value}"),
    Column("cold", "flag", "yes/no", "{value}"),
)
RECORD = RunRecord(
    params={"seed": 1},
    metrics={"accuracy": 0.5},
    tags={"data_fingerprint": "sha256:0"},
    plots={"calibration.png": b"png"},
    report={"metrics": {"accuracy": 0.5}},
)


def write_bundle(version: str, folder: Path) -> None:
    (folder / "card.json").write_text(json.dumps({"version": version}))
    (folder / "model_card.md").write_text(f"# Version {version}")
    (folder / "encoder.onnx").write_bytes(b"0" * LARGE)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return Registry(tmp_path_factory.mktemp("mlruns"))


@pytest.fixture(scope="module")
def registered(registry: Registry) -> Registered:
    return registry.register("disposition", COLUMNS, RECORD, write_bundle)


def test_a_version_is_registered_with_its_run(registry: Registry, registered: Registered) -> None:
    """The bundle knows its version, the run keeps figures, report and plots."""
    assert registered.version == "1"
    assert json.loads((registered.bundle / "card.json").read_text()) == {"version": "1"}
    assert registry.metrics("disposition", "1") == {"accuracy": 0.5}
    report = registered.bundle.parents[2] / "report"
    shown = ["calibration.png", "model_card.md", "report.json"]
    assert sorted(path.name for path in report.iterdir()) == shown
    assert registry.latest("disposition") == "1"
    assert registry.latest("credit_anomaly") is None


def test_the_signature_is_the_cards_columns(registered: Registered) -> None:
    """Names, types and that each may be missing; another set of columns is refused."""
    saved = registered.bundle.parents[1]
    check_signature(saved, COLUMNS)
    with pytest.raises(ValueError, match=r"MLflow.s signature differs from the card: .*cold"):
        check_signature(saved, COLUMNS[:2])


def test_what_versions_share_is_kept_once(registry: Registry, registered: Registered) -> None:
    """Ninety megabytes of encoder are one file under as many names as there are versions."""
    other = registry.register("reason", COLUMNS, RECORD, write_bundle)
    files = [version.bundle / "encoder.onnx" for version in (registered, other)]
    assert files[0].samefile(files[1])
    cards = [version.bundle / "card.json" for version in (registered, other)]
    assert not cards[0].samefile(cards[1])


def test_an_alias_points_at_a_version(registry: Registry, registered: Registered) -> None:
    """And can be read back; there is none before the first promotion."""
    assert registry.alias("disposition", "champion") is None
    registry.set_alias("disposition", registered.version, "champion")
    assert registry.alias("disposition", "champion") == "1"


def test_an_unknown_version_is_refused(registry: Registry, registered: Registered) -> None:
    """With the code that HTTP knows, not with an error of MLflow's."""
    with pytest.raises(Refused, match=r"disposition 9 is not registered in .*: train it first"):
        registry.bundle("disposition", "9")
    with pytest.raises(Refused):
        registry.metrics("credit_anomaly", "1")


def test_the_code_version_is_a_commit_or_a_release() -> None:
    """A report without it could not be made again; nor from files that no commit holds."""
    found = code_version()
    commit = found.removesuffix(" with uncommitted changes")
    assert len(commit) == 40 or found.startswith("returns-triage ")


def test_a_run_is_called_by_its_version(registry: Registry, registered: Registered) -> None:
    """Whoever looks with MLflow finds the run of a version without opening each."""
    run = registry._client.get_run(registered.run_id)
    assert run.info.run_name == "disposition 1"


def test_a_version_whose_run_is_gone_is_refused(tmp_path: Path) -> None:
    """Purged with MLflow's own tools, it has no figures that an approver could read."""
    registry = Registry(tmp_path / "mlruns")
    made = registry.register("disposition", COLUMNS, RECORD, write_bundle)
    registry._client.delete_run(made.run_id)
    assert registry.metrics("disposition", "1") == {"accuracy": 0.5}
    store = registry._client._tracking_client.store
    store._hard_delete_run(made.run_id)
    with pytest.raises(Refused, match=r"its run .* was deleted: train it again"):
        registry.metrics("disposition", "1")
