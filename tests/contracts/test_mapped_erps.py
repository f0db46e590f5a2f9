"""Four mappings through one adapter, against servers made from them: what each file promises."""

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.erp import envelopes, mapping_page
from integrations.erp.documents import CreditMemo, InvoicedLine, Rma, RmaLine, StockMove
from integrations.erp.http_transport import HttpTransport
from integrations.erp.keys_there import FORMS, key_there
from integrations.erp.mapped import MappedErp
from integrations.erp.mapped_wire import Answer
from integrations.erp.mapping import OPERATIONS, SYSTEMS, WRITES, Incomplete, load
from integrations.erp.port import Rejected, Unavailable, UnknownOutcome
from tests.integrations.mapped_stub import Stub

NOW = datetime(2026, 6, 9, 8, 40, tzinfo=UTC)
SETTINGS = dict.fromkeys(
    ("return_type", "credit_type", "sales_organisation", "distribution_channel", "division",
     "site", "warehouse", "location"),
    "10",
) | {"currency": "USD"}  # fmt: skip
KEY = "R-1001/1/rma/1"
CREDIT = CreditMemo(
    "R-1001", 1, 1, "C-1001", "PMP-1001", "INV-1001", 1, 42180, 0, "USD", "full", "defective",
)  # fmt: skip


def rma(system: str, **other: object) -> Rma:
    """R-1001, with as much of its source as the system has a place for."""
    refused = load(system).operations["create_rma"].refused
    given = {"lot": "L2217", "invoice_id": "INV-1001", "invoice_line": 1}
    line = RmaLine(
        1, "PMP-1001", Decimal(4), "EA",
        **{name: value for name, value in given.items() if name not in refused},  # type: ignore[arg-type]
    )  # fmt: skip
    return replace(Rma("R-1001", "C-1001", "industrial", "USD", (line,), NOW), **other)  # type: ignore[arg-type]


def world(system: str, allow_guesses: bool = True) -> tuple[MappedErp, Stub]:
    mapping = load(system)
    stub = Stub(mapping)
    return MappedErp(mapping, stub, SETTINGS, allow_guesses), stub


def write(erp: MappedErp, system: str, name: str, key: str = KEY) -> str:
    if name == "create_rma":
        return erp.create_rma(key, rma(system), NOW).number
    return erp.post_credit_memo(key, CREDIT, NOW).number


COVERED = [
    (system, name) for system in SYSTEMS for name in WRITES if name in load(system).operations
]
READABLE = [system for system in SYSTEMS if "find_invoice_lines" in load(system).operations]


@pytest.mark.parametrize(("system", "name"), COVERED)
def test_a_document_is_written_once_under_its_key(system: str, name: str) -> None:
    """Again it is the first one, found by its key; with other content the key is refused."""
    erp, stub = world(system)
    assert erp.document(KEY) is None
    number = write(erp, system, name)
    assert write(erp, system, name) == number == "DOC-1"
    assert stub.posted == 1
    found = erp.document(KEY)
    assert found is not None and (found.number, found.return_id) == (number, "R-1001")
    with pytest.raises(Rejected) as no:
        if name == "create_rma":
            erp.create_rma(KEY, rma(system, customer_id="C-2"), NOW)
        else:
            erp.post_credit_memo(KEY, replace(CREDIT, customer_id="C-2"), NOW)
    assert no.value.code == "key_reused"
    assert erp.status(name, KEY) == "open" and erp.status(name, "other") is None


@pytest.mark.parametrize(("system", "name"), COVERED)
def test_a_lost_answer_is_found_again(system: str, name: str) -> None:
    """Away is tried again later; done without an answer is found by the key, not done twice. A
    document whose lines stand apart is never taken for whole: it is tried again, too."""
    erp, stub = world(system)
    stub.fails = [503]
    with pytest.raises(Unavailable):
        write(erp, system, name)
    stub.fails = ["lost"]
    apart = load(system).operations[name].lines_at
    with pytest.raises(Unavailable if apart else UnknownOutcome):
        write(erp, system, name)
    assert erp.document(KEY) is not None
    assert write(erp, system, name) == "DOC-1"
    assert stub.posted == 1
    stub.fails = [400]
    with pytest.raises(Rejected) as no:
        write(erp, system, name, "R-1001/1/rma/2")
    assert no.value.code == "refused_by_system"


@dataclass
class Ending:
    """A transport that ends at a POST: before it is sent, or after, when the answer is lost."""

    stub: Stub
    after: int
    sent: bool

    def send(self, method: str, path: str, *more: Any) -> Answer:
        if method == "POST":
            self.after -= 1
        if self.after == -1 and not self.sent:
            raise ConnectionError("away")
        answer = self.stub.send(method, path, *more)
        if self.after == -1:
            raise TimeoutError("the answer was lost")
        return answer


@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("after", range(4))
def test_lines_that_stand_apart_are_each_written_once(after: int, sent: bool) -> None:
    """Wherever it ended, between the header and the last of three lines, the next attempt writes
    what is missing: one document, its lines in our order, quantities negative, each with its lot;
    another content under the key is refused by its lines."""
    mapping = load("dynamics365")
    stub, operation = Stub(mapping), mapping.operations["create_rma"]
    (line,) = rma("dynamics365").lines
    lines = tuple(replace(line, line=n, sku=f"SKU-{n}", quantity=Decimal(n)) for n in (1, 2, 3))
    asked = rma("dynamics365", lines=lines)
    with pytest.raises(Unavailable):
        MappedErp(mapping, Ending(stub, after, sent), SETTINGS).create_rma(KEY, asked, NOW)
    erp = MappedErp(mapping, stub, SETTINGS)
    assert erp.create_rma(KEY, asked, NOW).number == "DOC-1"
    assert erp.create_rma(KEY, asked, NOW).repeated and stub.posted == 1
    (head,) = stub.rows[operation.path]
    there = stub.lines_of(operation, head)
    assert [(row["ItemNumber"], row["ReturnSalesQuantity"]) for row in there] == [
        ("SKU-1", -1), ("SKU-2", -2), ("SKU-3", -3),
    ]  # fmt: skip
    assert {row["ItemBatchNumber"] for row in there} == {"L2217"}
    other = replace(asked, lines=(replace(lines[0], quantity=Decimal(9)), *lines[1:]))
    with pytest.raises(Rejected, match="ReturnSalesQuantity is -1") as no:
        erp.create_rma(KEY, other, NOW)
    assert no.value.code == "key_reused"


KEYS = st.text("aB9._:-/", min_size=1, max_size=90)


@given(one=KEYS, other=KEYS, form=st.sampled_from(FORMS), most=st.sampled_from([0, 35]))
@settings(max_examples=200)
def test_a_key_fits_and_stays_itself(one: str, other: str, form: str, most: int) -> None:
    """In every form a key fits its field, two keys stay two, and one that fits is left alone."""
    told = key_there(one, form, most)
    assert not most or len(told) <= most
    assert form != "upper" or told == told.upper()
    assert form != "word" or re.fullmatch(r"[A-Za-z0-9_-]+", told)
    assert (key_there(other, form, most) == told) == (one == other)
    if form == "as_is" and len(one) <= 35:
        assert told == one


def test_numbers_are_written_digit_by_digit() -> None:
    """As text in OData 2, as JSON numbers elsewhere; one that JSON would round is refused."""
    assert envelopes.written("odata2", "minor", 42180, "USD") == "421.80"
    assert json.dumps(envelopes.written("odata4", "minor", 42180, "USD")) == "421.8"
    assert json.dumps(envelopes.written("rest", "minor", 999_999_999_999_99, "USD")) == (
        "999999999999.99"
    )
    assert envelopes.written("odata4", "negative", Decimal("1.5"), "USD") == -1.5
    with pytest.raises(ValueError, match="more digits"):
        envelopes.written("odata4", "minor", 12_345_678_901_234_567_89, "USD")


@pytest.mark.parametrize("system", [s for s, name in COVERED if name == "post_credit_memo"])
def test_a_credit_is_never_written_in_part(system: str) -> None:
    """Freight on a memo has no place in the mappings: it is refused, not left away."""
    erp, stub = world(system)
    for name in ("freight_minor", "freight_tax_minor", "return_freight_minor"):
        with pytest.raises(Rejected, match=name) as no:
            erp.post_credit_memo(KEY, replace(CREDIT, **{name: 1}), NOW)  # type: ignore[arg-type]
        assert no.value.code == "not_covered"
    assert stub.posted == 0


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_a_mapping_does_not_cover_is_refused(system: str) -> None:
    """Never guessed: whole operations, fields without a place, settings that are missing."""
    erp, stub = world(system)
    move = StockMove(
        "R-1001", 1, "1", 1, "PMP-1001", None, "WH", Decimal(1), "restock", "returns",
        "unrestricted", 9100, "USD",
    )  # fmt: skip
    for call in (lambda: erp.move_stock("k", move, NOW), erp.changes):
        with pytest.raises(Rejected) as no:
            call()
        assert no.value.code == "not_covered"
    mapping = load(system)
    for name, why in mapping.not_covered.items():
        with pytest.raises(Rejected, match=why.split(";")[0][:30].replace(".", r"\.")):
            if name == "find_invoice_lines":
                erp.find_invoice_lines(invoice_id="INV-1")
            else:
                write(erp, "sap_s4" if name == "create_rma" else system, name)
    create = mapping.operations.get("create_rma")
    if create is not None and create.refused:
        line = replace(rma(system).lines[0], **{create.refused[0]: "1"})  # type: ignore[arg-type]
        with pytest.raises(Rejected, match="has no place for"):
            erp.create_rma(KEY, rma(system, lines=(line,)), NOW)
    assert stub.posted == 0


@pytest.mark.parametrize(("system", "name"), COVERED)
def test_guesses_are_refused_until_they_are_allowed(system: str, name: str) -> None:
    """An operation that rests on a field nobody has read about names it and does nothing."""
    erp, stub = world(system, allow_guesses=False)
    guesses = load(system).operations[name].guesses
    if guesses:
        with pytest.raises(Rejected, match="rests on guesses"):
            write(erp, system, name)
        assert stub.posted == 0
        assert erp.document(KEY) is None


@pytest.mark.parametrize("system", READABLE)
def test_invoice_lines_are_read_as_ours(system: str) -> None:
    """Amounts become minor units, dates aware times; an item narrows what was found."""
    erp, stub = world(system)
    mapping = load(system)
    operation = mapping.operations["find_invoice_lines"]
    told = {
        "invoice_id": "INV-1", "customer_id": "C-1001", "currency": "USD", "line": 1,
        "sku": "PMP-1001", "lot": "L2217", "quantity": Decimal("10"), "net_minor": 140600,
        "tax_minor": 0, "invoiced_at": datetime(2026, 5, 1, tzinfo=UTC),
    }  # fmt: skip

    def row(maps: object) -> dict[str, object]:
        made: dict[str, object] = {}
        for one in maps:  # type: ignore[attr-defined]
            value = envelopes.written(mapping.protocol, one.kind, told[one.ours], "USD")
            envelopes.put(made, one.theirs, value)
        return made

    head = row(operation.fields)
    lines = [row(operation.line_fields), {}]
    envelopes.put(head, operation.lines, envelopes.lines_in(mapping.protocol, lines))
    stub.rows[operation.path] = [head]
    (line,) = erp.find_invoice_lines(invoice_id="INV-1", sku="PMP-1001")
    expected = dict(told)
    for name in operation.left_out:
        expected[name] = 0 if name == "tax_minor" else None
    assert line == InvoicedLine(**expected)  # type: ignore[arg-type]
    assert erp.find_invoice_lines(invoice_id="INV-1", sku="OTHER") == []
    assert erp.find_invoice_lines(customer_id="C-9") == []
    with pytest.raises(Rejected):
        erp.find_invoice_lines(sku="PMP-1001")


def test_every_file_says_what_is_known_and_the_page_is_current() -> None:
    """Nothing is verified live; every field has a source or is a guess; the page is generated."""
    for system in SYSTEMS:
        mapping = load(system)
        assert mapping.verified_live is False
        assert set(mapping.operations) | set(mapping.not_covered) == set(OPERATIONS)
    assert mapping_page.PAGE.read_text(encoding="utf-8") == mapping_page.markdown()


def test_a_file_with_faults_names_them(tmp_path: Path) -> None:
    """A field of ours that is not mentioned, and one without a source."""
    (tmp_path / "sap_s4.toml").write_text(
        'system = "sap_s4"\ntitle = "x"\nprotocol = "odata2"\nverified_live = false\n'
        '[create_rma]\npath = "/a"\nnumber = "N"\nkey = "K"\n'
        'fields = [{ ours = "key", theirs = "K", is = "documented", source = "nowhere" }]\n'
        '[not_covered]\nfind_invoice_lines = "x"\npost_credit_memo = "x"\n'
    )
    with pytest.raises(Incomplete, match=r"K is documented with a source.*customer_id is mapped"):
        load("sap_s4", tmp_path)


def test_an_erp_is_reached_by_https_only() -> None:
    """A token never travels in the clear."""
    with pytest.raises(ValueError, match="https"):
        HttpTransport("http://erp.example", lambda: "token")
