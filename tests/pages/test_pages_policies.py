"""The policies on the desk: rules in words, a proposal with its replay, published by another."""

from datetime import timedelta
from pathlib import Path

from journal import accounts
from journal.policies import propose
from serving.chores import replay_proposals
from tests.pages.conftest import SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld
from workflow.actor import Actor
from workflow.policy import load
from workflow.policy_ledger import Draft

FOLDER = Path(__file__).parents[2] / "policies"
WAY = "/policies/proposals/credit%3A1"
AUTHOR = frozenset({"policy_author"})


def proposed(desk: DeskWorld) -> None:
    """A new credit policy by paula, and pavel who may publish it."""
    text = (FOLDER / "credit.toml").read_text(encoding="utf-8")
    text = text.replace("version = 2", "version = 3", 1).replace(
        'because = "', 'because = "New: ', 1
    )
    examples = (FOLDER / "golden" / "credit.toml").read_text(encoding="utf-8")
    day = desk.now.date() + timedelta(days=1)
    draft = Draft(text, examples, effective=day, note="<b>Winter</b>")
    services = desk.services
    with services.engine.begin() as conn:
        for who in ("paula", "pavel"):
            accounts.save_account(conn, who, who, sorted(AUTHOR), desk.now)
        known = services.policies.known
        propose(services.journal, conn, known, draft, Actor("paula", AUTHOR), desk.now)


def test_a_manager_reads_the_rules_in_words(sign_in: SignIn) -> None:
    """Every policy has a page whose rules say why and what follows; unknown ones are told."""
    manager = sign_in("quentin")
    listed = manager.get("/policies")
    assert listed.status_code == 200 and "ships with the program" in listed.text
    for policy in load(FOLDER).versions:
        page = manager.get(f"/policies/{policy.name}")
        assert page.status_code == 200, policy.name
        assert f'href="/policies/{policy.name}"' in listed.text
        for rule in policy.rules[:3]:
            assert rule.id in page.text
    assert "Not restock" in manager.get("/policies/disposition").text
    assert manager.get("/policies/nothing").status_code == 404
    assert manager.get("/policies/credit?version=9").status_code == 404


def test_somebody_else_publishes_with_the_replay_in_front_of_them(
    sign_in: SignIn, desk: DeskWorld
) -> None:
    """The author sees no way to publish; another author does, and it is in force on its day."""
    proposed(desk)
    own = sign_in("paula").get(WAY)
    assert own.status_code == 200
    assert "somebody else publishes it" in own.text and "/publication" not in own.text
    assert "&lt;b&gt;Winter&lt;/b&gt;" in own.text and "It is on its way" in own.text
    assert replay_proposals(desk.services) == 1
    own = sign_in("paula").get(WAY)
    assert "0 of" in own.text and "As of position" in own.text and "{&#39;" not in own.text
    assert "gives as its reason <b>New: " in own.text
    other = sign_in("pavel")
    assert "credit%3A1" in other.get("/policies").text
    page = other.get(WAY)
    assert "verdict</b> in 1 case," in page.text and "<script" not in page.text
    path = f"{WAY}/publication"
    form = {"csrf": token_of(page), "once": once_of(page, path)}
    assert other.post(path, data=form | {"effective": "soon"}).status_code == 422
    done = other.post(path, data=form | {"effective": ""})
    assert done.headers["location"] == "/policies?did=published"
    assert "published by pavel" in other.get("/policies?did=published").text
    later = desk.services.policies.at(desk.now + timedelta(days=1))
    assert later["credit"].version == 3
    page = other.get(WAY)
    path = f"{WAY}/withdrawal"
    form = {"csrf": token_of(page), "once": once_of(page, path), "because": "Too early."}
    assert other.post(path, data=form).headers["location"] == "/policies?did=withdrawn"
    assert "withdrawn by pavel" in other.get("/policies").text


def test_the_rollout_shows_what_automate_would_have_done(sign_in: SignIn) -> None:
    """By business unit, warehouse, item class and reason; another dimension is refused."""
    manager = sign_in("quentin")
    for by in ("business_unit", "warehouse", "item_class", "reason"):
        page = manager.get(f"/policies/rollout/would-have?by={by}")
        assert page.status_code == 200 and "would have done" in page.text
        assert "Confirm the disposition" in page.text
    assert manager.get("/policies/rollout/would-have?by=colour").status_code == 422
