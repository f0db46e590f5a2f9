"""The ledger of promotions over HTTP: who proposed never approves, what is approved answers."""

from pathlib import Path

from models.store import Store
from tests.serving.house import House, Json
from tests.serving.small_bundles import write
from tests.story.test_r1001_http import refused
from training.gates import NEEDED
from training.promotion import Proposal, propose
from workflow.actor import Actor
from workflow.facts import GateResult

MODEL = "/v1/models/disposition"
ITEM = {"items": [{"facts": {"line_condition": "sealed", "line_reason": "no_longer_needed"}}]}


class Drawer:
    """What a registry knows of versions that were trained: figures and the bundle's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def metrics(self, name: str, version: str) -> dict[str, float]:
        return {"accuracy": 0.86}

    def bundle(self, name: str, version: str) -> Path:
        if not (self.folder / version).is_dir():
            write(self.folder / version, version)
        return self.folder / version


def proposed(house: House, folder: Path, version: str, by: str = "dora.data") -> str:
    """What ``triage propose`` does, once the gates are passed."""
    gates = tuple(GateResult(name, True, "passed") for name in NEEDED["champion"])
    asked = Proposal("disposition", version, gates, note="Six weeks more.")
    store = Store(folder / "bundles", folder / "shelf")
    services, who = house.services, Actor(by, frozenset({"data_scientist"}))
    with services.engine.begin() as conn:
        number = propose(
            services.journal, conn, asked, who, services.clock(),
            registry=Drawer(folder / "drawer"), store=store,  # type: ignore[arg-type]
        )  # fmt: skip
    return number.rpartition("/")[2]


def answering(house: House) -> str | None:
    """The version that answers a scoring request now."""
    model: Json = house.post("/v1/score/disposition", ITEM).json()["model"]
    return str(model["version"]) if model["alias"] else None


def test_ask_24_a_ledger_of_promotions_and_the_proposer_may_not_approve(
    empty_house: House, tmp_path: Path
) -> None:
    """A version is proposed with its gates and its bundle. The proposer's own yes is refused,
    though she is an approver too; somebody else's lets the model answer at once. A retry changes
    nothing, and the ledger tells who, when and by which gates."""
    house = empty_house
    number = proposed(house, tmp_path, "1")
    path = f"{MODEL}/promotions/{number}/approval"
    before = house.footprint()
    no = refused(house.post(path, {}, "dora"), 403, "proposer_is_approver")
    assert no["detail"] == "dora.data proposed disposition/1 and may not approve it."
    refused(house.post(path, {}, "finn2"), 403, "wrong_role")
    assert house.footprint() == before
    assert answering(house) is None
    said = house.post(path, {}, "mona", "yes-1")
    assert (said.status_code, said.json()["status"]) == (200, "approved")
    assert answering(house) == "1"
    again = house.post(path, {}, "mona", "yes-1")
    assert again.headers["Idempotency-Replayed"] == "true"
    refused(house.post(path, {}, "mona"), 409, "already_decided")
    (told,) = house.get(f"{MODEL}/promotions", "auditor").json()["items"]
    assert (told["proposed_by"], told["approved_by"]) == ("dora.data", "mona.models")
    assert {gate["name"] for gate in told["gates"]} == set(NEEDED["champion"])
    assert house.get(MODEL).json()["promotions"] == [told]
    assert house.differences() == []


def test_one_approver_goes_back_and_the_version_before_answers(
    empty_house: House, tmp_path: Path
) -> None:
    """With the reason in the ledger; who may not is told, and so is an end of versions before."""
    house = empty_house
    for version in ("1", "2"):
        number = proposed(house, tmp_path, version)
        house.post(f"{MODEL}/promotions/{number}/approval", {}, "mona")
    assert (answering(house), house.get(MODEL).json()["goes_back_to"]) == ("2", "1")
    why = {"because": "It restocks what leaks."}
    refused(house.post(f"{MODEL}/rollback", why, "returns"), 403, "wrong_role")
    back = house.post(f"{MODEL}/rollback", why, "mona").json()
    assert (back["version"], back["from_version"]) == ("1", "2")
    assert answering(house) == "1"
    refused(house.post(f"{MODEL}/rollback", why, "mona"), 409, "nothing_before")
    (way,) = house.get(MODEL).json()["rollbacks"]
    assert (way["rolled_back_by"], way["because"]) == ("mona.models", why["because"])
    assert house.differences() == []


def test_a_proposal_is_declined_with_its_reason(empty_house: House, tmp_path: Path) -> None:
    """What was declined can be approved by nobody; who proposed may take it back."""
    house = empty_house
    for who, why in (("mona", "Too few weeks."), ("dora", "A slip.")):
        number = proposed(house, tmp_path, "1")
        path = f"{MODEL}/promotions/{number}"
        told = house.post(f"{path}/refusal", {"because": why}, who).json()
        assert (told["status"], told["because"]) == ("declined", why)
        refused(house.post(f"{path}/approval", {}, "mona"), 409, "already_decided")
    assert answering(house) is None
    assert house.differences() == []


def test_what_was_judged_is_what_is_approved(empty_house: House, tmp_path: Path) -> None:
    """A bundle that is no longer what was proposed is refused, and nothing is in the ledger."""
    house = empty_house
    number = proposed(house, tmp_path, "1")
    for blob in (tmp_path / "bundles" / "blobs").iterdir():
        content = blob.read_bytes()
        blob.unlink()
        blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    before = house.footprint()
    no = house.post(f"{MODEL}/promotions/{number}/approval", {}, "mona")
    assert "disposition 1 cannot be used" in refused(no, 409, "bundle_changed")["detail"]
    assert house.footprint() == before


def test_unknown_models_and_proposals_are_named(empty_house: House) -> None:
    """Neither becomes the name of a stream."""
    refused(empty_house.get("/v1/models/oracle/promotions"), 404, "unknown_model")
    path = "/v1/models/oracle/promotions/1/approval"
    refused(empty_house.post(path, {}, "mona"), 404, "unknown_proposal")
    refused(empty_house.post(f"{MODEL}/promotions/9/approval", {}, "mona"), 404, "unknown_proposal")
    why = {"because": "It was never good."}
    refused(empty_house.post("/v1/models/oracle/rollback", why, "mona"), 404, "unknown_model")
    refused(empty_house.post(f"{MODEL}/challenger/withdrawal", why, "mona"), 409, "nothing_before")
