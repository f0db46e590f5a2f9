"""A closed case asked again a year later: other policies, other models, another release, and
the answer of then."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from commands.main import app
from journal import accounts
from journal.entries import Append
from models.store import Store
from serving.identity import COOKIE
from serving.policy_shelf import PolicyShelf
from serving.replaying import replay_case, replay_json
from tests.serving.house import STORY, House, Json, build, open_house, request_body
from tests.serving.small_bundles import write
from tests.serving.small_models import SmallModel, on_shelf, says
from tests.serving.test_serving_policies import FOLDER, propose, publish
from tests.serving.test_serving_shelf import promote
from tests.story.test_policies_kept import propose_less
from tests.story.test_r1001_http import answer_claim
from tests.story.walk import Walk
from workflow.actor import SYSTEM
from workflow.events import EligibilityJudged, Verdict
from workflow.policy import load

PAGES = ("/v1/returns/R-1001", "/v1/returns/R-1001/postings", "/v1/claims/R-1001:1.1:1")


@pytest.fixture
def closed(database_url: str, tmp_path: Path) -> Iterator[House]:
    """R-1001 with one pump, its reason and its portion answered by models, played to its end. The
    disposition model is a promoted bundle; the other two stand on the shelf of one server only."""
    with ExitStack() as doors:
        house = open_house(build(database_url, tmp_path))
        doors.enter_context(house.client)
        play_with_models(house, tmp_path)
        yield house


def play_with_models(house: House, folder: Path) -> None:
    write(folder / "1", "1")
    promote(house, "1", Store(folder / "bundles", folder / "shelf").put(folder / "1"))
    assert house.services.shelf.refresh() == ["disposition"]
    standing = house.services.shelf.standing
    standing["reason"] = on_shelf(SmallModel("reason", says(("defective_on_arrival", 0.95))))
    standing["credit_anomaly"] = on_shelf(SmallModel("credit_anomaly", says(("normal", 0.1))))
    house.clear("reason", "reason")
    house.tell(*STORY.facts())
    asked = request_body(quantity=1)
    asked["lines"][0]["reason_code"] = None
    assert house.post("/v1/returns", asked).status_code == 201
    walk = Walk(house)
    assert walk.line()["reason_how"] == "model"
    house.clock.forward(days=3)
    walk.receive(1)
    walk.inspect(1)
    walk.dispose("return_to_vendor")
    while tasks := [t for t in walk.case["tasks"] if t["point"] == "credit"]:
        assert house.decide(tasks[0]["task"], "clerk").status_code == 200
        house.perform()
    if walk.case["status"] != "closed":
        answer_claim(house)
    assert walk.case["status"] == "closed"


def replayed(house: House) -> Json:
    with house.services.engine.connect() as conn:
        return replay_json(replay_case(house.services, conn, "R-1001"))


def results(told: Json) -> dict[str, set[str]]:
    """By policy or model: how its answers compare."""
    found: dict[str, set[str]] = {}
    for one in (*told["verdicts"], *told["answers"]):
        found.setdefault(one.get("policy") or one["model"], set()).add(one["result"])
    return found


def shown(house: House) -> list[bytes]:
    answers = [house.get(path, "auditor") for path in PAGES]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.content for answer in answers]


def let_a_year_pass(house: House, folder: Path) -> None:
    """Stricter rules come into force, one model is replaced, two are withdrawn."""
    publish(house, propose_less(house))
    for name in ("eligibility", "authorisation", "disposition", "rollout", "approval_limits"):
        publish(house, propose(house, name=name))
    house.services.shelf.standing.clear()
    write(folder / "2", "2")
    promote(house, "2", Store(folder / "bundles", folder / "shelf").put(folder / "2"))
    house.clock.forward(days=365)


def test_a_closed_case_gives_the_old_answer(closed: House, tmp_path: Path) -> None:
    """What is shown of it is the same to the byte: state, verdicts with the conditions tried,
    explanations, money, ledger lines, its claim. Nothing differs from the log; every verdict is
    given again by the text that its digest names, the promoted bundle answers as it did, and the
    bundle that nobody promoted is said to be missing."""
    before = shown(closed)
    let_a_year_pass(closed, tmp_path)
    assert shown(closed) == before
    assert closed.differences() == []
    told = replayed(closed)
    assert told["differing"] == 0
    assert results(told) == {
        "eligibility": {"same"}, "authorisation": {"same"}, "disposition": {"same"},
        "rollout": {"same"}, "credit": {"same"}, "freight": {"same"}, "claims": {"same"},
        "reason": {"missing"}, "credit_anomaly": {"missing"},
    }  # fmt: skip
    assert {one["text"].split("#")[0] for one in told["verdicts"]} >= {"credit@2", "rollout@3"}
    assert any("knows no reason 7" in one for one in told["missing"])
    (bundle,) = [one for one in told["answers"] if one["model"] == "disposition"]
    assert bundle["version"] == "1" and bundle["then"] == bundle["now"]
    with closed.services.engine.begin() as conn:
        session = accounts.open_session(conn, "ada.auditor", closed.clock.now)
    closed.client.cookies.set(COOKIE, session)
    page = closed.client.get("/returns/R-1001").text
    line = (
        f"Asked again by the rules of that time: of {len(told['verdicts'])} verdicts none differs"
    )
    assert line in page


def test_a_bundle_that_is_gone_is_named(closed: House, tmp_path: Path) -> None:
    """Without its bundle an answer stands as recorded, and the replay says which is missing."""
    for place in ("bundles", "shelf"):
        shutil.rmtree(tmp_path / place)
    told = replayed(closed)
    assert told["differing"] == 0
    assert any("disposition 1 (sha256:" in one for one in told["missing"])


def test_the_command_tells_old_and_new_answer(
    closed: House, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing differs: exit 0. A verdict in the log that its text would not give: both answers
    are printed and the exit is 1, here and by the walk over everything."""
    monkeypatch.setenv("TRIAGE_DATABASE_URL", database_url)
    monkeypatch.setenv("TRIAGE_STATE_DIR", str(tmp_path))
    done = CliRunner().invoke(app, ["replay", "R-1001"])
    assert done.exit_code == 0 and " differ" in done.output and "-> " in done.output
    assert CliRunner().invoke(app, ["replay", "R-0"]).exit_code == 1
    ref = load(FOLDER)["eligibility"].ref
    forged = EligibilityJudged("R-1001", 1, Verdict(ref, "ineligible", "too-late", "Forged."))
    with closed.services.engine.begin() as conn:
        append = Append("case/R-1001", (forged,), SYSTEM, closed.clock.now)
        closed.services.journal.append(conn, [append])
    done = CliRunner().invoke(app, ["replay", "R-1001", "--json"])
    told = json.loads(done.output[done.output.index("{") :])
    assert (done.exit_code, told["differing"]) == (1, 1)
    (wrong,) = [one for one in told["verdicts"] if one["result"] == "differs"]
    assert (wrong["text"], wrong["then"]["rule"]) == (ref, "too-late")
    assert wrong["now"]["outcome"] == "eligible"
    (found,) = [d for d in closed.differences() if d.startswith("verdict")]
    assert found.startswith(f"verdict R-1001/1 by {ref}: said too-late: ineligible, says ")


def test_an_upgrade_keeps_the_texts_it_replaces(
    closed: House, database_url: str, tmp_path: Path
) -> None:
    """A release ships other rules under the same version: what was judged by the old files is
    still shown with its conditions and asked again by them; new verdicts are by the new ones.
    Had nobody kept the text, that would be said."""
    before = shown(closed)
    folder = tmp_path / "policies"
    shutil.copytree(FOLDER, folder)
    for file in folder.glob("*.toml"):
        if file.stem not in ("crosswalk", "pack"):
            file.write_text(file.read_text().replace('says = "', 'says = "New: ', 1))
    upgraded = open_house(build(database_url, tmp_path, clock=closed.clock, policies_dir=folder))
    upgraded.keys.update(closed.keys)
    with upgraded.client:
        assert shown(upgraded) == before
        told = replayed(upgraded)
        assert told["differing"] == 0 and all("text" not in one for one in told["missing"])
        old, new = load(FOLDER), load(folder)
        assert old["credit"].ref in {one["text"] for one in told["verdicts"]}
        assert upgraded.services.policies.at(upgraded.clock.now)["credit"].ref == new["credit"].ref
        assert upgraded.differences() == []
        with upgraded.services.engine.begin() as conn:
            conn.exec_driver_sql("DELETE FROM policy_text WHERE ref ~ '^credit@'")
        upgraded.services.policies = PolicyShelf(upgraded.services.engine, new)
        told = replayed(upgraded)
        assert f"the text of {old['credit'].ref} was not kept" in told["missing"]
        assert results(told)["credit"] == {"missing"}
