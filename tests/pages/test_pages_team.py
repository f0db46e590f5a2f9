"""The team on the desk: who decides in whose name."""

from datetime import timedelta

from tests.pages.conftest import SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld

LEND = "/team/delegations"


def test_a_delegation_is_made_used_and_revoked_on_the_page(
    sign_in: SignIn, desk: DeskWorld
) -> None:
    """The delegate finds the tasks in their queue, marked for whom; revoked, they are gone."""
    nadia, femi = sign_in("nadia"), sign_in("femi")
    assert "Nothing waits for you" in femi.get("/queue").text
    page = nadia.get("/team")
    today = desk.now.date()
    form = {
        "csrf": token_of(page),
        "once": once_of(page, LEND),
        "delegate": "femi",
        "first_day": today.isoformat(),
        "last_day": (today + timedelta(days=3)).isoformat(),
        "because": "Away <b>at a fair</b>",
    }
    wrong = nadia.post(LEND, data=form | {"delegate": "nadia", "once": "other"})
    assert wrong.status_code == 422 and "cannot delegate to themselves" in wrong.text
    assert nadia.post(LEND, data=form).headers["location"] == "/team?did=lent"
    shown = nadia.get("/team?did=lent").text
    assert "The delegation is recorded." in shown and "in force" in shown
    assert "Away &lt;b&gt;at a fair&lt;/b&gt;" in shown
    assert '<small class="tag">for nadia</small>' in femi.get("/queue").text
    task = desk.open_task("R-1001")
    case = femi.get(f"/returns/R-1001?task={task}").text
    assert "You decide this for nadia, who delegated it to you." in case
    page = nadia.get("/team")
    number = page.text.split("/team/delegations/")[1].split("/revocation")[0]
    path = f"/team/delegations/{number}/revocation"
    form = {"csrf": token_of(page), "once": once_of(page, path), "because": "Back."}
    assert nadia.post(path, data=form).headers["location"] == "/team?did=revoked"
    assert "Nothing waits for you" in femi.get("/queue").text
    assert "Revoke" not in femi.get("/team").text


def test_the_timeline_says_for_whom(sign_in: SignIn, desk: DeskWorld) -> None:
    """A decision in another's name is told as one."""
    nadia, femi = sign_in("nadia"), sign_in("femi")
    page, today = nadia.get("/team"), desk.now.date().isoformat()
    nadia.post(
        LEND,
        data={
            "csrf": token_of(page), "once": once_of(page, LEND), "delegate": "yuri",
            "first_day": today, "last_day": today, "because": "Ill",
        },
    )  # fmt: skip
    yuri, task = sign_in("yuri"), desk.open_task("R-1001")
    page = yuri.get(f"/returns/R-1001?task={task}")
    path = "/returns/R-1001/decision"
    form = {"csrf": token_of(page), "once": once_of(page, path), "task": task}
    done = yuri.post(path, data=form | {"choice": "approve"})
    assert done.status_code == 303
    assert ", for nadia." in femi.get("/returns/R-1001").text


def test_who_is_away_is_named_where_a_task_waits_for_them(sign_in: SignIn, desk: DeskWorld) -> None:
    """Nobody else may decide it: the queue says so; back again, the task is theirs to take."""
    nadia = sign_in("nadia")
    page, today = nadia.get("/team"), desk.now.date().isoformat()
    path = "/team/absences"
    form = {"csrf": token_of(page), "once": once_of(page, path), "first_day": today}
    assert nadia.post(path, data=form | {"last_day": ""}).status_code == 422
    done = nadia.post(path, data=form | {"last_day": today, "once": "again"})
    assert done.headers["location"] == "/team?did=away"
    assert "uncovered: waits for nadia, away" in nadia.get("/queue").text
    page = nadia.get("/team")
    number = page.text.split("/team/absences/")[1].split("/end")[0]
    path = f"/team/absences/{number}/end"
    form = {"csrf": token_of(page), "once": once_of(page, path)}
    assert nadia.post(path, data=form).headers["location"] == "/team?did=back"
    assert "uncovered" not in nadia.get("/queue").text
