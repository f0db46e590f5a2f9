"""A return against a made-up SAP S/4HANA chosen by settings: our HTTP here, its documents there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from commands.made_up_erp import Stub
from integrations.erp.mapped_books import MappedBooks
from integrations.erp.mapping import load
from reconciliation.reconcile import reconcile
from serving.checkup import erp_checkup
from tests.integrations.serving_apps import served
from tests.serving.house import STORY, House, build, open_house
from tests.story.test_r1001_http import play

SAP = load("sap_s4")
RETURNS, CREDITS = (SAP.operations[name].path for name in ("create_rma", "post_credit_memo"))


@pytest.fixture
def sap() -> Stub:
    return Stub(SAP)


@pytest.fixture
def house(sap: Stub, database_url: str, tmp_path: Path) -> Iterator[House]:
    """The house that knows the facts of R-1001 and writes to the made-up SAP."""
    with served(sap.app) as url:
        named: dict[str, Any] = {
            "erp": "mapped:sap-s4hana",
            "erp_url": url,
            "erp_token": SecretStr("token"),
            "erp_values": dict.fromkeys(SAP.settings, "10"),
            "erp_allow_guesses": True,
        }
        made = open_house(build(database_url, tmp_path, **named))
        with made.client:
            assert made.tell(*STORY.facts()).status_code == 200
            yield made


def test_a_return_ends_as_a_credit_in_the_mapped_erp(house: House, sap: Stub) -> None:
    """From intake to credit over our HTTP and the real worker: return and credits stand there once
    under our keys, with our customer and our net; lost answers and outages add none; goods are
    kept here; a claim, which the file does not cover, waits for a person with the reason."""
    sap.fails = ["lost", 503]
    play(house, worker=True)
    house.clock.forward(minutes=10)
    house.work()
    case = house.case()
    (there,) = sap.rows[RETURNS]
    assert (there["PurchaseOrderByCustomer"], there["SoldToParty"]) == ("R-1001/rma", "C-1001")
    credits = sap.rows[CREDITS]
    keys = [effect["key"] for effect in case["effects"] if "/credit/" in effect["key"]]
    assert sorted(row["PurchaseOrderByCustomer"] for row in credits) == sorted(keys)
    total = sum(round(100 * float(row["TotalNetAmount"])) for row in credits)
    assert total == case["credited_minor"] > 0
    status = {effect["key"]: effect["status"] for effect in case["effects"]}
    parked = house.get("/v1/effects").json()
    assert parked["causes"] == {"not_covered": 1} and "/claim/" in parked["items"][0]["key"]
    assert {s for key, s in status.items() if "/claim/" not in key} == {"done"}
    numbers = dict(house.rows("SELECT key, reference FROM effect"))
    assert numbers["R-1001/rma"] == there["CustomerReturn"]
    assert house.differences() == []
    _only_the_claim_is_missing(house)


def _only_the_claim_is_missing(house: House) -> None:
    services = house.services
    with services.engine.begin() as conn:
        found = reconcile(services.journal, conn, house.clock(), erp=services.erp_side)
        assert all("claim" in raised.says for raised in found), [raised.says for raised in found]


def test_the_checkup_says_what_is_unverified_and_what_does_not_answer(
    house: House, sap: Stub
) -> None:
    """In order: no fault, and notes name each field that was never seen live, the guesses apart.
    Away: a fault for each address. Guesses not allowed: a fault that names them."""
    faults, notes = erp_checkup(house.services)
    assert faults == []
    assert any("post_credit_memo: no field verified live" in note for note in notes)
    assert any("guessed: CreditMemoRequestType" in note for note in notes)
    sap.fails = [503, 401]
    faults, _ = erp_checkup(house.services)
    assert ["answered 503" in faults[0], "answered 401" in faults[1]] == [True, True]
    erp = house.services.erp
    assert isinstance(erp, MappedBooks)
    erp.there.allow_guesses = False
    faults, _ = erp_checkup(house.services)
    assert "create_rma is refused" in faults[0] and "PurchaseOrderByCustomer" in faults[0]
