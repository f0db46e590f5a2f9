"""R-1001 against a real ERP: our HTTP on one side, its posted documents on the other."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from integrations.erp.accounts import ACCOUNTS
from integrations.erp.tryton.adapter import TrytonErp
from integrations.erp.tryton.rpc import Rpc
from reconciliation.erp_side import Remote
from reconciliation.reconcile import reconcile
from simulation.erp_lab import lab
from simulation.story import CUSTOMER_ID, RETURN_ID
from tests.serving.house import STORY, House, build, open_house
from tests.story.test_r1001_http import CASE, play
from workflow.facts import SupplierClaimAnswered

pytestmark = [pytest.mark.tryton, pytest.mark.slow]


@pytest.fixture
def house(database_url: str, tmp_path: Path, real_erp: lab.Running) -> Iterator[House]:
    """The house that knows the facts of R-1001 and writes to the real ERP."""
    login, password = real_erp.users["service"]
    named: dict[str, Any] = {
        "erp": "tryton",
        "erp_url": real_erp.url,
        "erp_login": login,
        "erp_password": SecretStr(password),
    }
    made = open_house(build(database_url, tmp_path, **named))
    with made.client:
        assert made.tell(*STORY.facts()).status_code == 200
        yield made
    side = made.services.erp_side
    assert isinstance(side, Remote) and isinstance(side.erp, TrytonErp)
    side.erp.rpc.close()


def answer_claim(house: House, erp: TrytonErp) -> None:
    (asked,) = [line for line in erp.changes().lines if line.kind == "supplier_claim"]
    assert asked.amount_minor is not None
    fact = SupplierClaimAnswered(
        "CL-1001", "S-1001", RETURN_ID, 1, "PMP-1001", asked.amount_minor, asked.amount_minor,
        "USD", "FWC", house.clock.now,
    )  # fmt: skip
    assert house.tell(fact).status_code == 200
    house.perform()


def test_story_ends_equal_on_both_sides(house: House, clerk: Rpc) -> None:
    """Returned over our HTTP, R-1001 is closed here and posted there: the credit note has our net
    and tax, every account comes to what the case expects, the interim account to nothing, and
    reconciliation finds no difference."""
    erp = TrytonErp(house.services.engine, clerk)
    play(house)
    if house.case()["status"] != "closed":
        answer_claim(house, erp)
    case = house.case()
    assert (case["status"], case["tasks"]) == ("closed", [])
    assert {effect["status"] for effect in case["effects"]} == {"done"}
    _notes_are_ours(clerk, case)
    for account, expected in _expected(house).items():
        assert erp.balances(account).get(RETURN_ID, 0) == expected, account
    assert RETURN_ID not in erp.balances("returns_interim")
    _nothing_to_reconcile(house)
    assert house.differences() == []


def _notes_are_ours(clerk: Rpc, case: dict[str, Any]) -> None:
    """Posted credit notes of the case there, summed, are what was credited here."""
    keys = [effect["key"] for effect in case["effects"] if "/credit/" in effect["key"]]
    notes = clerk.read(
        "model.account.invoice.search_read", [["reference", "in", keys]], 0, None, None,
        ["state", "untaxed_amount", "party.code", "reference"],
    )  # fmt: skip
    assert Counter(note["reference"] for note in notes) == Counter(keys)
    assert {(note["state"], note["party."]["code"]) for note in notes} == {("posted", CUSTOMER_ID)}
    assert -sum(note["untaxed_amount"] for note in notes) * 100 == case["credited_minor"]


def _expected(house: House) -> dict[str, int]:
    """Account -> what the case's effects come to, as its page shows them."""
    shown = house.get(f"{CASE}/postings", "clerk").json()
    balance = {row["account"]: row["expected_minor"] for row in shown["accounts"]}
    return {account: balance.get(account, 0) for account in ACCOUNTS}


def _nothing_to_reconcile(house: House) -> None:
    services = house.services
    with services.engine.begin() as conn:
        found = reconcile(services.journal, conn, house.clock(), erp=services.erp_side)
        assert [raised.says for raised in found if raised.return_id == RETURN_ID] == []
