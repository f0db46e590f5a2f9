"""A return against made-up ERPs chosen by settings: our HTTP here, their documents there."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from commands.made_up_erp import Stub
from integrations.erp.envelopes import get, read
from integrations.erp.keys_there import key_there
from integrations.erp.mapped_books import MappedBooks
from integrations.erp.mapping import load
from reconciliation.reconcile import reconcile
from serving.checkup import erp_checkup
from serving.erp import FILE_OF
from tests.integrations.serving_apps import served
from tests.serving.house import STORY, House, build, open_house
from tests.story.test_r1001_http import play


@pytest.fixture(params=FILE_OF)
def chosen(request: pytest.FixtureRequest) -> str:
    """The setting that chooses a system."""
    name: str = request.param
    return name


@pytest.fixture
def there(chosen: str) -> Stub:
    return Stub(load(FILE_OF[chosen]))


@pytest.fixture
def house(chosen: str, there: Stub, database_url: str, tmp_path: Path) -> Iterator[House]:
    """The house that knows the facts of R-1001 and writes to the made-up system."""
    with served(there.app) as url:
        named: dict[str, Any] = {
            "erp": chosen,
            "erp_url": url,
            "erp_token": SecretStr("token"),
            "erp_values": dict.fromkeys(there.mapping.settings, "10"),
            "erp_allow_guesses": True,
        }
        made = open_house(build(database_url, tmp_path, **named))
        with made.client:
            assert made.tell(*STORY.facts()).status_code == 200
            yield made


def test_a_return_ends_as_a_credit_in_the_mapped_erp(house: House, there: Stub) -> None:
    """From intake to credit over our HTTP and the real worker, in each system: what its file covers
    stands there once under our keys, with our customer, item, quantity and net; lost answers and
    outages add none; goods are kept here; money that it does not cover waits for a person with the
    reason."""
    there.fails = ["lost", 503]
    play(house, worker=True)
    house.clock.forward(minutes=10)
    house.work()
    case = house.case()
    effects = {effect["key"]: effect for effect in case["effects"]}
    credits = sorted(key for key in effects if "/credit/" in key)
    waits = {key for key in effects if "/claim/" in key}
    if "create_rma" in there.mapping.operations:
        assert written(there, "create_rma", ["R-1001/rma"]) == [Decimal(4)]
    if "post_credit_memo" in there.mapping.operations:
        assert sum(written(there, "post_credit_memo", credits)) == case["credited_minor"] > 0
    else:
        waits |= set(credits)
    assert {key for key, one in effects.items() if one["status"] == "parked"} == waits
    assert {one["status"] for key, one in effects.items() if key not in waits} == {"done"}
    assert house.get("/v1/effects").json()["causes"] == {"not_covered": len(waits)}
    assert house.differences() == []
    _only_what_waits_is_missing(house, waits)


def written(there: Stub, name: str, keys: list[str]) -> list[Any]:
    """What each document of an operation comes to (net, or the quantity of a return), after its
    key, customer and item were found to be ours, each under the name that the file has for it."""
    operation = there.mapping.operations[name]
    rows = {get(row, operation.key): row for row in there.rows[operation.path]}
    assert sorted(rows) == sorted(
        key_there(key, operation.key_form, operation.key_chars) for key in keys
    )
    found = []
    for row in rows.values():
        (line,) = there.lines_of(operation, row)
        have = {
            one.ours: read(one.kind, get(line if one.on_line else row, one.theirs), "USD")
            for one in (*operation.fields, *operation.line_fields)
        }
        assert (have["customer_id"], have["sku"]) == ("C-1001", "PMP-1001")
        found.append(have["quantity"] if name == "create_rma" else have["net_minor"])
    return found


def _only_what_waits_is_missing(house: House, waits: set[str]) -> None:
    services = house.services
    with services.engine.begin() as conn:
        found = reconcile(services.journal, conn, house.clock(), erp=services.erp_side)
    kinds = {"claim"} | ({"credit"} if any("/credit/" in key for key in waits) else set())
    assert {k for one in found for k in ("claim", "credit") if k in one.says} == kinds


@pytest.mark.parametrize("chosen", ["mapped:sap-s4hana"])
def test_the_checkup_says_what_is_unverified_and_what_does_not_answer(
    house: House, there: Stub
) -> None:
    """In order: no fault, and notes name each field that was never seen live, the guesses apart.
    Away: a fault for each address. Guesses not allowed: a fault that names them."""
    faults, notes = erp_checkup(house.services)
    assert faults == []
    assert any("post_credit_memo: no field verified live" in note for note in notes)
    assert any("guessed: CreditMemoRequestType" in note for note in notes)
    there.fails = [503, 401]
    faults, _ = erp_checkup(house.services)
    assert ["answered 503" in faults[0], "answered 401" in faults[1]] == [True, True]
    erp = house.services.erp
    assert isinstance(erp, MappedBooks)
    erp.there.allow_guesses = False
    faults, _ = erp_checkup(house.services)
    assert "create_rma is refused" in faults[0] and "PurchaseOrderByCustomer" in faults[0]
