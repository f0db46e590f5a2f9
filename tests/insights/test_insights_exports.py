"""Records for authorities, process mining and auditors, from a return of milk and one of a seal."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from insights import audit, epcis, ocel, spreadsheet
from insights.spreadsheet import harmless
from insights.traceability import Kde, records
from journal.codec import canonical, encode
from journal.entries import Recorded, chain_hash
from tests.journal.ledger_story import at, disposed, inspected, received, requested, whole_case
from workflow.events import EffectDone, ReceivedLine, ReturnRequested
from workflow.facts import (
    CustomerRegistered,
    FileImported,
    LotRegistered,
    ProductListed,
    SupplierRegistered,
    WarehouseRegistered,
)

DAIRY = SupplierRegistered(
    "S-9", "Hill Dairy", 14, True, 100,
    street="4 Hill Lane", postcode="68-201", city="Arnhem", country="NL", phone="+31 555 0100",
)  # fmt: skip
SHOP = CustomerRegistered(
    "C-1", "Corner Shop", "food", "US", "portal", "retail", street="1 Mill Road", city="Toledo"
)
HOUSE = WarehouseRegistered(
    "WH1", "Fresno, chilled", "food", "77 Orchard Avenue", "93721", "Fresno", "US"
)
MILK = ProductListed(
    "MILK-1", "Milk 1 l", "dairy", "food", "each", 0, "S-9", "USD", 80, True, 12, "use_by", "food"
)
LOT = LotRegistered("MILK-1", "L5", "S-9", date(2026, 10, 28), date(2026, 11, 9))
SEAL = ProductListed("SEAL-7", "Shaft seal", "seals", "industrial", "each", 0, "S-1", "USD", 700)


def milk_asked() -> ReturnRequested:
    asked = requested("R-2")
    return replace(asked, lines=(replace(asked.lines[0], sku="MILK-1", lot="L5"),))


def milk_came(lot: str | None = "L5") -> object:
    lines = (ReceivedLine(1, "MILK-1", Decimal(4), lot),)
    return replace(received("R-2"), lines=lines)


def moved(key: str, minutes: int) -> EffectDone:
    return EffectDone("R-2", key, "erp.stock_move", f"SM-{minutes}", at(minutes))


MASTERS = (DAIRY, SHOP, HOUSE, MILK, LOT, SEAL)
MILK_RETURN = (
    milk_asked(),
    milk_came(),
    replace(inspected("R-2"), sku="MILK-1", lot="L5"),
    disposed("R-2", return_to_vendor="3", scrap="1"),
    moved("R-2/1.1/move/1", 40),
    moved("R-2/1.1/move/2", 41),
)


def entries(*events: object) -> Iterator[Recorded]:
    """Events as the journal would hold them, one stream, chained."""
    previous = bytes(32)
    for position, event in enumerate(events, start=1):
        name, payload = encode(event)
        text = canonical(payload)
        chained = chain_hash(previous, "s", position, at(0), "maria", "person", name, text)
        yield Recorded(position, "s", position, at(0), "maria", name, payload, previous, chained)
        previous = chained


def test_food_that_came_and_went_has_every_key_data_element() -> None:
    """Received from the customer, shipped to the supplier, the rest destroyed: nothing missing."""
    came, shipped, scrapped = records(entries(*MASTERS, *MILK_RETURN))
    assert [r.event for r in (came, shipped, scrapped)] == ["receiving", "shipping", "disposition"]
    assert not [r.missing for r in (came, shipped, scrapped) if r.missing]
    cells = came.cells()
    assert cells["traceability_lot_code"] == "L5"
    assert (cells["quantity"], cells["unit"], cells["description"]) == ("4", "each", "Milk 1 l")
    assert (cells["from_location"], cells["from_name"]) == ("customer C-1", "Corner Shop")
    assert (cells["to_location"], cells["date"]) == ("warehouse WH1", "2026-11-02")
    assert (cells["tlc_source"], cells["tlc_source_name"]) == ("supplier S-9", "Hill Dairy")
    assert cells["from_address"] == "1 Mill Road, Toledo, US"
    assert (cells["to_name"], cells["to_address"]) == (
        HOUSE.name,
        "77 Orchard Avenue, 93721 Fresno, US",
    )
    assert cells["tlc_source_address"] == "4 Hill Lane, 68-201 Arnhem, NL, +31 555 0100"
    assert (cells["reference_type"], cells["reference_number"]) == ("RMA", "R-2")
    assert (shipped.quantity, str(shipped.destination)) == ("3", "supplier S-9")
    assert (shipped.reference_type, shipped.reference) == ("stock move", "SM-40")
    assert (scrapped.quantity, scrapped.disposition) == ("1", "scrap")


def test_goods_that_no_law_traces_make_no_record() -> None:
    """An industrial return leaves no traceability record."""
    assert list(records(entries(*MASTERS, *whole_case()))) == []


def test_what_nobody_recorded_is_named_missing() -> None:
    """Without a lot anywhere, and for masters never told, the record says which elements lack."""
    asked = milk_asked()
    bare = replace(asked, lines=(replace(asked.lines[0], lot=None),))
    (came,) = records(entries(replace(MILK, supplier_id=None), bare, milk_came(None)))
    lacks = "traceability_lot_code from_address to_address tlc_source tlc_source_address"
    assert came.cells()["missing"] == lacks == " ".join(came.missing)


def test_only_what_the_erp_moved_is_recorded() -> None:
    """A disposition that was decided and not yet posted has not shipped; a key counts once."""
    assert len(list(records(entries(*MASTERS, *MILK_RETURN[:4])))) == 1
    again = (*MILK_RETURN, moved("R-2/1.1/move/1", 44))
    assert len(list(records(entries(*MASTERS, *again)))) == 3


def test_days_bound_records_from_and_before() -> None:
    """``since`` is in, ``until`` is out."""
    found = list(records(entries(*MASTERS, *MILK_RETURN), at(40), at(41)))
    assert [record.event for record in found] == ["shipping"]


def test_csv_is_one_table_and_no_cell_a_formula() -> None:
    """A header and a row a record; text that a spreadsheet would run is quoted."""
    wicked = replace(MILK, description='=HYPERLINK("http://x")')
    found = records(entries(DAIRY, SHOP, wicked, LOT, *MILK_RETURN))
    text = b"".join(spreadsheet.lines(found)).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 3
    assert {row["description"] for row in rows} == {'\'=HYPERLINK("http://x")'}
    assert harmless("-12.5") == "-12.5"
    assert harmless("@SUM(A1)") == "'@SUM(A1)"


def test_epcis_says_step_place_lot_and_rma() -> None:
    """Receiving at the warehouse from the customer; shipping to the supplier; scrap is deleted."""
    found = list(records(entries(*MASTERS, *MILK_RETURN)))
    document = epcis.document(found, datetime(2026, 11, 3, tzinfo=UTC), "https://id.acme.test/")
    came, shipped, scrapped = document["epcisBody"]["eventList"]
    assert document["schemaVersion"] == "2.0"
    assert (came["bizStep"], came["disposition"]) == ("receiving", "returned")
    goods = {"epcClass": "https://id.acme.test/lot/MILK-1/L5", "quantity": 4.0}
    assert came["quantityList"] == [goods]
    rma = {"type": "rma", "bizTransaction": "https://id.acme.test/rma/R-2"}
    assert came["bizTransactionList"] == [rma]
    assert came["readPoint"] == {"id": "https://id.acme.test/warehouse/WH1"}
    assert came["sourceList"][0]["source"] == "https://id.acme.test/customer/C-1"
    assert shipped["destinationList"][0]["destination"] == "https://id.acme.test/supplier/S-9"
    assert (scrapped["bizStep"], scrapped["disposition"]) == ("destroying", "destroyed")
    assert scrapped["action"] == "DELETE"
    assert "destinationList" not in scrapped


def test_the_event_log_relates_events_to_objects_that_exist() -> None:
    """Every relationship names an object of the document, every type and attribute is declared."""
    imported = FileImported("simulation", "half-year", "simulation", 180, (("returns", 2),))
    told = entries(*MASTERS, imported, *whole_case(), *MILK_RETURN)
    document = json.loads(b"".join(ocel.chunks(told)))
    objects = {one["id"]: one["type"] for one in document["objects"]}
    kinds = {kind["name"] for kind in document["objectTypes"]}
    declared = {
        kind["name"]: {a["name"]: a["type"] for a in kind["attributes"]}
        for kind in document["eventTypes"]
    }
    assert set(objects.values()) == kinds
    for event in document["events"]:
        assert {a["name"] for a in event["attributes"]} <= declared[event["type"]].keys()
        assert all(r["objectId"] in objects for r in event["relationships"])
    for one in document["objects"]:
        assert all(r["objectId"] in objects for r in one["relationships"])
    assert {"return:R-1", "line:R-1/1", "portion:R-1/1.1", "credit:R-1/1/credit/1"} <= set(objects)
    assert "Seal leaks" not in json.dumps(document)


def test_an_auditor_can_recompute_every_hash() -> None:
    """From the exported lines alone the chain can be walked."""
    told = [json.loads(line) for line in audit.lines(entries(*whole_case()))]
    previous = bytes(32)
    for one in told:
        moment = datetime.fromisoformat(one["recorded_at"])
        found = chain_hash(
            previous, one["stream"], one["version"], moment, one["actor"], one["actor_kind"],
            one["type"], canonical(one["payload"]),
        )  # fmt: skip
        assert found.hex() == one["hash"]
        assert one["previous_hash"] == previous.hex()
        previous = found


@pytest.mark.parametrize("kind", ["receiving", "shipping", "disposition"])
def test_an_end_of_goods_needs_no_recipient(kind: str) -> None:
    """Only receiving and shipping have somewhere to go; an end of goods lacks nothing for it."""
    found: list[Kde] = list(records(entries(*MASTERS, *MILK_RETURN)))
    (record,) = (one for one in found if one.event == kind)
    bare = replace(record, destination=replace(record.destination, id=""))
    assert ("to_location" in bare.missing) == (kind != "disposition")
