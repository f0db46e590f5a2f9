"""Switches on the desk: thrown and turned back in two forms, with who and why."""

from tests.pages.conftest import SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld

STOPS = "/automation/stops"


def test_a_model_is_switched_off_and_on_again_on_the_page(sign_in: SignIn, desk: DeskWorld) -> None:
    """Whoever threw it sees no form to undo it; the page of models counts what is off; who may
    not throw one sees no form."""
    nadia, quentin = sign_in("nadia"), sign_in("quentin")
    page = nadia.get("/automation")
    form = {"csrf": token_of(page), "once": once_of(page, STOPS), "reason": "wrong_item"}
    form |= {"because": "Wrong <b>since Monday</b>", "item_class": "pumps"}
    assert nadia.post(STOPS, data=form).headers["location"] == "/automation?did=stopped"
    shown = nadia.get("/automation?did=stopped").text
    assert "from the next answer on people decide" in shown
    assert "Every decision, wrong item, item class pumps" in shown
    assert "Wrong &lt;b&gt;since Monday&lt;/b&gt;" in shown and "/resumption" not in shown
    assert "1 switched off" in nadia.get("/models").text
    page = quentin.get("/automation")
    number = page.text.split(f"{STOPS}/")[1].split("/resumption")[0]
    path = f"{STOPS}/{number}/resumption"
    form = {"csrf": token_of(page), "once": once_of(page, path), "because": "Mended."}
    assert quentin.post(path, data=form).headers["location"] == "/automation?did=resumed"
    assert "Switched on again" in quentin.get("/automation").text
    assert f'action="{STOPS}"' not in sign_in("femi").get("/automation").text
