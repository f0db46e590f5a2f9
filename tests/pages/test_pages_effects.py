"""Effects on the desk: by cause, with every attempt; tried again and given up."""

from journal import accounts
from tests.pages.conftest import SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld

PATH = "/effects"
KEY = "R-1001/rma"


def parked(desk: DeskWorld) -> None:
    """The RMA of the story is parked, and there is a finance lead to look at it."""
    with desk.services.engine.begin() as conn:
        accounts.save_account(conn, "xenia", "Xenia", ["finance_lead"], desk.now)
        accounts.save_account(conn, "yuri", "Yuri", ["admin"], desk.now)
        conn.exec_driver_sql("UPDATE effect SET status = 'pending', error = NULL")
    desk.park("R-1001", "erp.rma", "period_closed: The <b>period</b> is closed.")


def test_a_parked_effect_is_looked_at_and_tried_again(sign_in: SignIn, desk: DeskWorld) -> None:
    """By cause on the list, alone on its page; texts stay texts; who may not sees no form."""
    parked(desk)
    nadia, xenia = sign_in("nadia"), sign_in("xenia")
    page = nadia.get(PATH)
    assert "period closed" in page.text and "Try all again" not in page.text
    assert "The &lt;b&gt;period&lt;/b&gt; is closed." in page.text
    assert "Try again" not in nadia.get(f"{PATH}/{KEY}").text
    assert "Nothing is parked for this cause" in nadia.get(f"{PATH}?cause=other").text
    form = {"csrf": token_of(page), "once": "x", "key": KEY}
    assert nadia.post(f"{PATH}/retry", data=form).status_code == 403
    page = xenia.get(f"{PATH}/{KEY}")
    form = {"csrf": token_of(page), "once": once_of(page, f"{PATH}/retry"), "key": KEY}
    assert xenia.post(f"{PATH}/retry", data=form).headers["location"] == "/effects?did=retried"
    assert "Nothing is parked" in xenia.get(PATH).text
    assert KEY in xenia.get(f"{PATH}?status=pending").text
    assert nadia.get(f"{PATH}/R-1/none").status_code == 404


def test_a_code_is_corrected(sign_in: SignIn, desk: DeskWorld) -> None:
    """Chosen from the fields that may be; what it was and why stands on the case."""
    parked(desk)
    xenia = sign_in("xenia")
    page = xenia.get(f"{PATH}/{KEY}")
    assert "lines 1 lot: L2217" in page.text and "lines 1 quantity" not in page.text
    form = {
        "csrf": token_of(page), "once": once_of(page, f"{PATH}/correction"), "key": KEY,
        "path": "lines.1.lot", "value": "L9", "because": "Misread.",
    }  # fmt: skip
    done = xenia.post(f"{PATH}/correction", data=form)
    assert done.headers["location"] == "/effects?did=corrected"
    assert "is corrected: lines.1.lot L2217 to L9. Misread." in xenia.get("/returns/R-1001").text


def test_a_parked_effect_is_given_up(sign_in: SignIn, desk: DeskWorld) -> None:
    """By two people, with a reason and a note, told on the case."""
    parked(desk)
    xenia = sign_in("xenia")
    page = xenia.get(f"{PATH}/{KEY}")
    form = {
        "csrf": token_of(page), "once": once_of(page, f"{PATH}/abandonment"), "key": KEY,
        "reason": "posted_by_hand", "note": "",
    }  # fmt: skip
    assert xenia.post(f"{PATH}/abandonment", data=form).status_code == 422
    form |= {"note": "The clerk did it.", "once": "again"}
    done = xenia.post(f"{PATH}/abandonment", data=form)
    assert done.headers["location"] == "/effects?did=asked"
    yuri = sign_in("yuri")
    page = yuri.get(f"{PATH}/{KEY}")
    assert "<b>xenia</b> wants it given up (posted by hand): The clerk did it." in page.text
    form |= {"csrf": token_of(page), "once": "his"}
    done = yuri.post(f"{PATH}/abandonment", data=form)
    assert done.headers["location"] == "/effects?did=abandoned"
    case = xenia.get("/returns/R-1001").text
    assert "is given up (posted by hand): The clerk did it." in case and "given up" in case
    assert KEY in xenia.get(f"{PATH}?status=abandoned").text
