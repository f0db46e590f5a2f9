"""Promoted models reach the shelf without a restart; one that cannot be trusted does not."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from journal.entries import Append
from models.bundle import Mismatch
from models.store import Store
from serving.checkup import checkup
from serving.shelf import Champion, Shelf, watched
from tests.serving.house import House, Json, build, open_house
from tests.serving.small_bundles import write
from workflow.actor import SYSTEM
from workflow.facts import PromotionApproved, PromotionProposed


def promote(house: House, version: str, digest: str) -> None:
    """What ``training.promotion`` leaves in the ledger."""
    name, now = "disposition", house.clock.now
    proposal = f"{name}/{version}"
    events = (
        PromotionProposed(proposal, name, version, "dora", (("macro_f1", 0.9),)),
        PromotionApproved(proposal, name, version, "mona", "champion", digest),
    )
    with house.services.engine.begin() as conn:
        house.services.journal.append(conn, [Append(f"model/{name}", events, SYSTEM, now)])


def test_a_promoted_model_answers_without_a_restart(empty_house: House, tmp_path: Path) -> None:
    """Promoted, it answers at the next look; promoted again, the newer one does."""
    store = Store(tmp_path / "bundles", tmp_path / "shelf")
    shelf = empty_house.services.shelf
    facts = {"line_condition": "sealed", "line_reason": "no_longer_needed"}
    item = {"items": [{"facts": facts}]}
    before = empty_house.post("/v1/score/disposition", item).json()
    assert before["items"][0]["abstained"] == "no_model"
    assert before["model"]["missing"] == "No disposition model is promoted; people decide."
    for version in ("1", "2"):
        write(tmp_path / version, version)
        digest = store.put(tmp_path / version)
        promote(empty_house, version, digest)
        assert shelf.refresh() == ["disposition"]
        assert shelf.refresh() == []
        after = empty_house.post("/v1/score/disposition", item).json()
        assert (after["model"]["version"], after["model"]["missing"]) == (version, None)
        assert after["items"][0]["candidates"]
    listed = empty_house.get("/v1/models").json()["items"]
    (shown,) = [m for m in listed if m["name"] == "disposition"]
    assert (shown["version"], shown["digest"], shown["fault"]) == ("2", digest, None)
    assert {p["version"] for p in shown["promotions"]} == {"1", "2"}


def test_a_tampered_bundle_is_refused_and_people_decide(empty_house: House, tmp_path: Path) -> None:
    """One changed byte: the model abstains and each answer says why, the fault is shown wherever
    people look, and what answered before answers no more."""
    store = Store(tmp_path / "bundles", tmp_path / "shelf")
    write(tmp_path / "1")
    promote(empty_house, "1", store.put(tmp_path / "1"))
    assert empty_house.services.shelf.refresh() == ["disposition"]
    write(tmp_path / "2", "2")
    digest = store.put(tmp_path / "2")
    for blob in (tmp_path / "bundles" / "blobs").iterdir():
        content = blob.read_bytes()
        blob.unlink()  # bundles may be hard links to it: this tampers with the store alone
        blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    for blob in (tmp_path / "shelf" / "blobs").iterdir():
        blob.unlink()
    promote(empty_house, "2", digest)
    shelf = empty_house.services.shelf
    assert shelf.refresh() == ["disposition"]
    assert shelf.get("disposition").ref.version == "0"
    assert "not the file that was put" in shelf.faults["disposition"]
    ready = empty_house.get("/readyz").json()
    assert (ready["status"], list(ready["faults"])) == ("ready", ["disposition"])
    assert any("disposition is not used" in fault for fault in checkup(empty_house.services))
    item: Json = {"items": [{"facts": {}}]}
    body = empty_house.post("/v1/score/disposition", item).json()
    assert body["items"][0]["abstained"] == "no_model"
    assert body["model"]["missing"].startswith("Version 2 of disposition is promoted and cannot")
    assert str(tmp_path) not in body["model"]["missing"]


def test_a_model_of_other_features_is_refused(empty_house: House, tmp_path: Path) -> None:
    """A bundle whose feature fingerprint is not this server's never answers."""
    store = Store(tmp_path / "bundles", tmp_path / "shelf")
    write(tmp_path / "1", feature_set="sha256:" + "0" * 64)
    promote(empty_house, "1", store.put(tmp_path / "1"))
    assert empty_house.services.shelf.refresh() == []
    assert "train it again" in empty_house.services.shelf.faults["disposition"]
    assert empty_house.services.shelf.get("disposition").ref.version == "0"


def test_a_champion_written_into_the_table_is_refused(empty_house: House, tmp_path: Path) -> None:
    """What no event of the ledger stands behind never answers; checkup and verify say so."""
    store = Store(tmp_path / "bundles", tmp_path / "shelf")
    digests = []
    for version in ("1", "2"):
        write(tmp_path / version, version)
        digests.append(store.put(tmp_path / version))
    promote(empty_house, "1", digests[0])
    services = empty_house.services
    assert services.shelf.refresh() == ["disposition"]
    with services.engine.begin() as conn:
        conn.execute(
            text("UPDATE champion SET version = '2', bundle_digest = :digest"),
            {"digest": digests[1]},
        )
    assert services.shelf.refresh() == ["disposition"]
    assert services.shelf.get("disposition").ref.version == "0"
    assert any("the ledger never said so" in fault for fault in checkup(services))
    assert any("disposition champion" in difference for difference in empty_house.differences())


class Ledger:
    """Champions that a test changes, and a fetch that it lets fail."""

    def __init__(self) -> None:
        self.champions: Sequence[Champion] = ()
        self.error: Exception | None = None
        self.fetched: list[str] = []

    def read(self) -> Sequence[Champion]:
        return self.champions

    def fetch(self, digest: str) -> Path:
        self.fetched.append(digest)
        raise self.error or Mismatch("nothing there")


@pytest.mark.parametrize("error", [OSError("disk"), RuntimeError("object store"), Mismatch("x")])
def test_any_failure_to_fetch_is_a_fault_and_not_the_end(error: Exception) -> None:
    """Whatever an object store raises: the fault is kept, other models and looks go on."""
    ledger = Ledger()
    ledger.error = error
    ledger.champions = [Champion("reason", "1", "sha256:a"), Champion("disposition", "1", "b")]
    shelf = Shelf(ledger.read, ledger.fetch)
    assert shelf.refresh() == []
    assert set(shelf.faults) == {"reason", "disposition"}
    ledger.champions = ()
    shelf.refresh()
    assert shelf.faults == {}


def test_a_bundle_found_wrong_is_not_read_again_at_every_look() -> None:
    """A store that is away is asked at every look; a wrong bundle after a minute, or another
    promotion."""
    ledger = Ledger()
    ledger.champions = [Champion("reason", "1", "sha256:a")]
    shelf = Shelf(ledger.read, ledger.fetch)
    for error, fetched in ((OSError("away"), 2), (Mismatch("changed"), 1)):
        ledger.error, ledger.fetched = error, []
        shelf.refresh()
        shelf.refresh()
        assert len(ledger.fetched) == fetched
    ledger.champions = [Champion("reason", "2", "sha256:b")]
    shelf.refresh()
    assert ledger.fetched == ["sha256:a", "sha256:b"]


def test_the_watch_looks_again_by_itself() -> None:
    """A promotion is seen within the interval; the watch ends with its block."""
    ledger = Ledger()
    shelf = Shelf(ledger.read, ledger.fetch)
    with watched(shelf, 0.01):
        ledger.champions = [Champion("reason", "1", "sha256:a")]
        end = time.monotonic() + 5
        while not ledger.fetched and time.monotonic() < end:
            time.sleep(0.01)
    assert ledger.fetched
    seen = len(ledger.fetched)
    time.sleep(0.05)
    assert len(ledger.fetched) == seen


def test_two_servers_see_the_same_promotion(database_url: str, tmp_path: Path) -> None:
    """Two processes on one database and one store answer with the same champion."""
    store = Store(tmp_path / "bundles", tmp_path / "shelf")
    first = open_house(build(database_url, tmp_path))
    second = build(database_url, tmp_path)
    write(tmp_path / "1")
    promote(first, "1", store.put(tmp_path / "1"))
    for services in (first.services, second):
        assert services.shelf.refresh() == ["disposition"]
        assert services.shelf.get("disposition").ref.version == "1"
        services.engine.dispose()
