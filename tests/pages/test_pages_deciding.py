"""Deciding on a page: easy, once, by the right person, and never by accident."""

from datetime import timedelta

from starlette.testclient import TestClient

from tests.pages.conftest import Answer, SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld, line

PATH = "/returns/R-1001/decision"
WHY = {"reason_code": "goods_differ", "note": "Housing is cracked as well."}


def send(client: TestClient, desk: DeskWorld, **form: str) -> Answer:
    """Open the case and send the decision form of its open task."""
    page = client.get("/returns/R-1001")
    form = {"task": desk.open_task("R-1001"), "csrf": token_of(page), **form}
    return client.post(PATH, data={"once": once_of(page, PATH)} | form)


def test_an_approval_is_the_same_event_as_by_the_api(sign_in: SignIn, desk: DeskWorld) -> None:
    """The task is decided, the goods move on, the timeline says who."""
    client = sign_in("nadia")
    task = desk.open_task("R-1001")
    answer = send(client, desk, choice="approve")
    assert (answer.status_code, answer.headers["location"]) == (
        303, "/returns/R-1001?did=decided",
    )  # fmt: skip
    assert desk.task(task)["decided_by"] == "nadia"
    text = client.get(answer.headers["location"]).text
    assert "Your decision is recorded." in text
    assert "Said yes to confirm the disposition: return to vendor." in text


def test_an_override_needs_a_reason_and_keeps_what_was_typed(
    sign_in: SignIn, desk: DeskWorld
) -> None:
    """Refused, nothing changed, and the form is as it was."""
    client = sign_in("nadia")
    answer = send(client, desk, choice="override:scrap", note="Cracked & bent")
    assert answer.status_code == 422
    assert "needs a reason and a note" in answer.text and "Nothing was changed." in answer.text
    assert 'value="override:scrap" required checked' in answer.text
    assert "Cracked &amp; bent</textarea>" in answer.text
    assert desk.task(desk.open_task("R-1001"))["status"] == "open"


def test_an_override_is_told_with_its_reason(sign_in: SignIn, desk: DeskWorld) -> None:
    """In the timeline, in words."""
    client = sign_in("nadia")
    assert send(client, desk, choice="override:scrap", **WHY).status_code == 303
    text = client.get("/returns/R-1001").text
    assert "Decided otherwise on confirm the disposition: scrap instead of return to vendor" in text
    assert "Why: The goods are not as described. “Housing is cracked as well.”" in text


def test_a_form_that_says_two_things_is_refused(sign_in: SignIn, desk: DeskWorld) -> None:
    """A value picked beside another answer is never guessed away."""
    client = sign_in("nadia")
    for form in ({"choice": "approve", "value": "scrap"}, {"choice": "approve", "amount": "9"}):
        answer = send(client, desk, **form)
        assert answer.status_code == 422 and "marked another answer" in answer.text
    assert send(client, desk).status_code == 422
    assert desk.task(desk.open_task("R-1001"))["status"] == "open"


def test_an_option_that_a_rule_removed_stays_removed(sign_in: SignIn, desk: DeskWorld) -> None:
    """It is shown with the rule's own words, cannot be marked, and is refused when sent."""
    client = sign_in("nadia")
    text = client.get("/returns/R-1001").text
    assert "Damaged, defective or used goods are not sold as new." in text
    assert 'value="override:restock"' not in text
    assert send(client, desk, choice="override:restock", **WHY).status_code == 422


def test_a_double_click_decides_once(sign_in: SignIn, desk: DeskWorld) -> None:
    """The same form again leads to the same place; the task was decided one time."""
    client = sign_in("nadia")
    page = client.get("/returns/R-1001")
    form = {
        "task": desk.open_task("R-1001"),
        "csrf": token_of(page),
        "once": once_of(page, PATH),
        "choice": "approve",
    }
    answers = [client.post(PATH, data=form) for _ in range(2)]
    assert [a.headers["location"] for a in answers] == ["/returns/R-1001?did=decided"] * 2
    assert client.get("/returns/R-1001").text.count("Said yes to confirm the disposition") == 1


def test_a_task_that_is_gone_is_told_kindly(sign_in: SignIn, desk: DeskWorld) -> None:
    """Who decided it and when; the case is shown as it is now."""
    client = sign_in("nadia")
    page, task = client.get("/returns/R-1001"), desk.open_task("R-1001")
    desk.decide("nadia", task, "approve")
    form = {"task": task, "csrf": token_of(page), "once": "late", "choice": "approve"}
    answer = client.post(PATH, data=form)
    assert answer.status_code == 409
    assert f"{task} was decided already by nadia on" in answer.text


def test_the_wrong_role_sees_whom_it_waits_for(sign_in: SignIn, desk: DeskWorld) -> None:
    """No form, and a sent one is refused."""
    client = sign_in("tessa")
    page = client.get("/returns/R-1001")
    assert "This waits for quality." in page.text and PATH not in page.text
    form = {"task": desk.open_task("R-1001"), "csrf": token_of(page), "once": "a"}
    assert client.post(PATH, data=form | {"choice": "approve"}).status_code == 403


def test_the_requester_cannot_decide(sign_in: SignIn, desk: DeskWorld) -> None:
    """Customer service that asked sees why not."""
    desk.ask("R-2", [line(desk.sell("SEA-1001", 4, 58_00), 1, "no idea", "SEA-1001")])
    text = sign_in("asha").get("/returns/R-2").text
    assert "You asked for this return: somebody else decides." in text
    assert "it is too uncertain" in text


def test_opening_a_task_takes_it_for_a_while(sign_in: SignIn, desk: DeskWorld) -> None:
    """Colleagues see who has it, cannot decide it, and get it back when the time is over."""
    desk.ask("R-2", [line(desk.sell("SEA-1001", 4, 58_00), 1, "no idea", "SEA-1001")])
    task = desk.open_task("R-2")
    first, second = sign_in("quentin"), sign_in("nadia")
    assert "Yours until" in first.get(f"/returns/R-2?task={task}").text
    assert desk.task(task)["lease_holder"] == "quentin"
    assert "quentin is working on it" in second.get(f"/returns/R-2?task={task}").text
    assert "yours now" in first.get("/queue").text
    page = first.get("/returns/R-2")
    first.post("/returns/R-2/give-back", data={"csrf": token_of(page), "task": task})
    assert desk.task(task)["lease_holder"] is None
    first.get(f"/returns/R-2?task={task}")
    desk.now += timedelta(minutes=16)
    assert "Yours until" not in first.get("/returns/R-2").text


def test_a_task_with_a_colleague_cannot_be_decided(sign_in: SignIn, desk: DeskWorld) -> None:
    """Two of the same role: the second is told whom to wait for."""
    _dual(desk)
    task = desk.open_task("R-5")
    xenia, yuri = sign_in("xenia"), sign_in("yuri")
    xenia.get(f"/returns/R-5?task={task}")
    page = yuri.get(f"/returns/R-5?task={task}")
    assert "<b>xenia</b> is working on this until" in page.text
    form = {"task": task, "csrf": token_of(page), "once": "a", "choice": "approve"}
    assert yuri.post("/returns/R-5/decision", data=form).status_code == 409
    assert desk.task(task)["status"] == "open"


def _dual(desk: DeskWorld) -> None:
    desk.ask("R-5", [line(desk.sell("PMP-1001", 12, 1_687_20), 12, "all leak")])
    desk.receive("R-5", "PMP-1001", 12)
    desk.inspect("R-5", 12, "defective")
    desk.decide("nadia", desk.open_task("R-5"), "approve")


def test_two_people_say_yes_one_after_the_other(sign_in: SignIn, desk: DeskWorld) -> None:
    """The first approval frees the task for the second; the same person cannot say it twice."""
    _dual(desk)
    task, path = desk.open_task("R-5"), "/returns/R-5/decision"

    def approve(client: TestClient) -> Answer:
        page = client.get(f"/returns/R-5?task={task}")
        form = {"task": task, "csrf": token_of(page), "choice": "approve"}
        return client.post(path, data=form | {"once": once_of(page, path)})

    xenia, yuri = sign_in("xenia"), sign_in("yuri")
    assert approve(xenia).headers["location"] == "/returns/R-5?did=first"
    text = xenia.get("/returns/R-5").text
    assert "You said yes already: a second person must agree." in text
    assert approve(yuri).headers["location"] == "/returns/R-5?did=decided"
    assert "Approved a credit of USD 1,687.20" in yuri.get("/returns/R-5").text


def test_an_amount_is_typed_as_people_write_it(sign_in: SignIn, desk: DeskWorld) -> None:
    """``1,250.00`` is that many dollars; what is no amount is refused."""
    _dual(desk)
    task, client = desk.open_task("R-5"), sign_in("xenia")

    def amount(text: str) -> Answer:
        page = client.get("/returns/R-5")
        form = {"task": task, "csrf": token_of(page), "once": f"k{text}", "choice": "amount"}
        return client.post("/returns/R-5/decision", data=form | WHY | {"amount": text})

    for wrong in ("12.345", "-5", "all of it", "NaN", "1e30"):
        answer = amount(wrong)
        assert answer.status_code == 422 and "is no amount in USD" in answer.text
    assert amount("1,700.00").status_code == 409  # more than was invoiced
    assert amount("1,250.00").status_code == 303
    assert "USD 1,250.00 instead of the full credit" in client.get("/returns/R-5").text


def test_an_amount_above_the_limit_is_said_before_the_click(
    sign_in: SignIn, desk: DeskWorld
) -> None:
    """A returns manager approves returns up to USD 25,000.00; nothing is said about 5,624.00, which
    is too much for a model to settle the reason."""
    desk.ask("R-3", [line(desk.sell("PMP-1001", 40, 5_624_00), 40, "we bought too many")])
    desk.decide("quentin", desk.open_task("R-3", "reason"), "approve")
    text = sign_in("quentin").get("/returns/R-3").text
    assert "above your approval limit" not in text
    assert "Pass it on to the finance lead" in text and "Refuse the return" in text
