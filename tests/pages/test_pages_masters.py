"""Masters on the desk: findings by owner, what waits, pairs with their weights, codes mapped."""

from dataclasses import replace
from decimal import Decimal

from journal import accounts
from journal.findings import bring_up_to_date
from serving.masters import check
from simulation.story import SKU, Story
from tests.pages.conftest import SignIn, once_of, token_of
from tests.pages.desk_world import DeskWorld
from workflow.facts import MatchWeight, ProductListed, StockStatusReported
from workflow.findings import Found
from workflow.policy_ledger import AUTHOR

PUMP = next(f for f in Story().masters() if isinstance(f, ProductListed) and f.sku == SKU)
GAP = "product.lot-controlled-without-life:PMP-1001"


def broken(desk: DeskWorld) -> None:
    """The pump of R-1001 is food without a shelf life, and its customer is there twice."""
    with desk.services.engine.begin() as conn:
        for who in ("paula", "pavel"):
            accounts.save_account(conn, who, who, [AUTHOR], desk.now)
    desk.tell(replace(PUMP, regulated="food"))
    desk.tell(StockStatusReported("W-1", "wms_x", SKU, Decimal(1), "EA", desk.now, "Q<1>"))
    check(desk.services)
    pair = Found(
        "customer.duplicate", "C-1001~C-9", ("C-1001", "C-9"), "medium", "customer_service",
        "C-1001 and C-9 are probably one customer (99.7%).",
        figures=(("probability", 0.997), ("weight", 8.5)),
        weights=(
            MatchWeight("prior", "before anything is compared", "", "", -9.0),
            MatchWeight("name", "same", "northgate <b>", "northgate", 17.5),
        ),
    )  # fmt: skip
    with desk.services.engine.begin() as conn:
        bring_up_to_date(desk.services.journal, conn, [pair], (), desk.now, "")


def test_findings_are_listed_by_owner_with_what_waits(sign_in: SignIn, desk: DeskWorld) -> None:
    """The gravest first; a pair shows what speaks for and against it."""
    broken(desk)
    page = sign_in("femi").get("/masters").text
    assert "Lot controlled without life" in page and "restock" in page
    assert "northgate &lt;b&gt;" in page and "+17.5" in page and "99.7%" in page
    assert "Let it be" not in page
    assert "Q&lt;1&gt;" in page and "Say what it means" in page
    only = sign_in("femi").get("/masters?role=quality").text
    assert "Lot controlled without life" in only and "northgate" not in only


def test_its_owner_lets_it_be(sign_in: SignIn, desk: DeskWorld) -> None:
    """With a note; the case says what is wrong with its records until then."""
    broken(desk)
    nadia = sign_in("nadia")
    case = nadia.get("/returns/R-1001").text
    assert "Food and medicines tracked by lot need a shelf life" in case
    assert "Until then no restock" in case and "probably one customer" in case
    page = nadia.get("/masters")
    path = f"/masters/{GAP.replace(':', '%3A')}/settlement"
    form = {"csrf": token_of(page), "once": once_of(page, path)}
    assert nadia.post(path, data=form | {"note": " "}).status_code == 422
    done = nadia.post(path, data=form | {"note": "No food after all."})
    assert done.headers["location"] == "/masters?did=accepted"
    assert "Every record" not in nadia.get("/masters?status=accepted").text
    assert "No food after all." in nadia.get("/masters?status=accepted").text
    assert "need a shelf life" not in nadia.get("/returns/R-1001").text


def test_codes_are_mapped_by_two(sign_in: SignIn, desk: DeskWorld) -> None:
    """One proposes with what is lost, another approves; what nobody knew is known."""
    broken(desk)
    paula, pavel = sign_in("paula"), sign_in("pavel")
    page = paula.get("/masters/codes?vocabulary=stock_status&system=wms_x&code=Q%3C1%3E")
    assert "Q&lt;1&gt;" in page.text and 'value="wms_x"' in page.text
    sent = {"csrf": token_of(page), "once": once_of(page, "/masters/codes"), "loss": ""}
    sent |= {"vocabulary": "stock_status", "system": "wms_x", "code": "Q<1>"}
    sent |= {"ours": "blocked", "match": "near"}
    refused = paula.post("/masters/codes", data=sent)
    assert refused.status_code == 422 and "Say what is lost" in refused.text
    done = paula.post("/masters/codes", data=sent | {"loss": "Also goods on hold."})
    assert done.headers["location"] == "/masters/codes?did=proposed"
    assert ">Approve<" not in paula.get("/masters/codes").text
    page = pavel.get("/masters/codes")
    path = "/masters/codes/stock_status%3Awms_x%3AQ~3C1~3E%3A1/approval"
    done = pavel.post(path, data={"csrf": token_of(page), "once": once_of(page, path)})
    assert done.headers["location"] == "/masters/codes?did=approved"
    assert "Every code that was told is known." in pavel.get("/masters/codes").text
    assert "Policy authors say" in sign_in("femi").get("/masters/codes").text
