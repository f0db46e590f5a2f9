"""Advances on the desk: asked for in the form, shown with the line, charged back in part."""

from datetime import timedelta

from serving.chores import ask_for_goods
from tests.pages.conftest import SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld

WHY = {"reason_code": "goodwill", "note": "They sent the core back."}


def test_an_advance_is_asked_for_and_charged_back_in_part(sign_in: SignIn, desk: DeskWorld) -> None:
    """Customer service asks for it; finance sees that the goods are not back yet; what does not
    come is charged by an amount as people write it, and the rest is another's write-off."""
    number = desk.sell("PMP-1001", 4, 562_40)
    asha = sign_in("asha")
    page = asha.get("/returns/new")
    form = {
        "csrf": token_of(page), "once": once_of(page, "/returns/new"), "customer": "C-1001",
        "invoice": number, "invoice_line": "1", "quantity": "4", "reason_code": "wrong_item",
        "advance": "credit",
    }  # fmt: skip
    where = asha.post("/returns/new", data=form).headers["location"]
    return_id = where.removeprefix("/returns/").split("?")[0]
    tessa = sign_in("tessa")
    shown = tessa.get(f"/returns/{return_id}").text
    assert "the full credit, before the goods are back" in shown
    assert "Credit before the goods are back" in shown
    desk.decide("tessa", desk.open_task(return_id, "credit"), "approve")
    assert "Goods are due on" in tessa.get(f"/returns/{return_id}").text
    desk.now += timedelta(days=31)
    assert ask_for_goods(desk.services) == 1
    late = sign_in("quentin").get(f"/returns/{return_id}").text
    assert "Wait longer for the goods" in late and "Let the customer keep it" in late
    desk.decide("quentin", desk.open_task(return_id, "advance"), "override", "charge_back")
    task, tessa = desk.open_task(return_id, "charge_back"), sign_in("tessa")
    page, path = tessa.get(f"/returns/{return_id}?task={task}"), f"/returns/{return_id}/decision"
    form = {"task": task, "csrf": token_of(page), "once": once_of(page, path)}
    sent = tessa.post(path, data=form | WHY | {"choice": "amount", "amount": "500.00"})
    assert sent.headers["location"] == f"/returns/{return_id}?did=decided"
    shown = tessa.get(f"/returns/{return_id}").text
    assert "USD 500.00 charged back; USD 62.40 is still to be decided" in shown
    assert "Let an advance go" in shown and "You asked for it: somebody else decides." in shown
