"""Taxes of a line there: percentages, fixed amounts and groups, as the ERP counts them itself."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Engine

from integrations.erp.port import Rejected
from integrations.erp.tryton.adapter import TrytonErp
from integrations.erp.tryton.rpc import Rpc
from integrations.erp.tryton.taxes import MOST_LEVELS, Tax, each, taxes_of
from simulation.erp_lab import lab
from tests.integrations.erp_database import engine_of_a_copy
from tests.real_erp import prepared_erp, press, session_of

DAY, PRICE = date(2026, 11, 26), Decimal("10.00")
STATE = Tax((1, 1), Decimal("0.06"))
CITY = Tax((1, 2), Decimal("0.02"))
BOTTLE = Tax((1, 3), fixed=Decimal("0.05"))
DUTY = Tax((1, 4), Decimal("0.10"), raises_price=True)
VAT = Tax((2, 5), Decimal("0.20"))


@pytest.mark.parametrize(
    ("taxes", "should"),
    [
        ([], []),
        ([STATE, CITY], ["0.60", "0.20"]),
        ([Tax((1, 9), children=(STATE, CITY))], ["0.60", "0.20"]),
        ([Tax((1, 9), children=(Tax((1, 8), children=(STATE,)), BOTTLE))], ["0.05", "0.60"]),
        ([VAT, DUTY], ["1.00", "2.20"]),
        ([Tax((1, 9), raises_price=True, children=(STATE, BOTTLE)), VAT], ["0.60", "0.05", "2.13"]),
        ([Tax((1, 1), Decimal("0.06"), end=date(2026, 11, 25)), VAT], ["2.00"]),
        ([Tax((1, 1), Decimal("0.06"), start=DAY, end=DAY)], ["0.60"]),
    ],
)
def test_groups_and_fixed_amounts(taxes: list[Tax], should: list[str]) -> None:
    """A group is its children, whatever it lies in; a fixed amount is one a unit; a tax that raises
    the price raises it for those of a later sequence; one that is over is none."""
    assert [one.quantize(Decimal("0.01")) for one in each(taxes, PRICE, DAY)] == [
        Decimal(one) for one in should
    ]


def test_groups_without_an_end_are_refused() -> None:
    """Where groups there lie in each other deeper than anybody's do, the line is not guessed at."""

    def read(method: str, numbers: list[int], fields: list[str]) -> list[dict[str, Any]]:
        return [dict.fromkeys(fields) | {"id": n, "childs": [n + 1]} for n in numbers]

    rpc = cast(Rpc, SimpleNamespace(read=read))
    with pytest.raises(Rejected, match=str(MOST_LEVELS)) as no:
        taxes_of(rpc, {1})
    assert no.value.code == "not_covered"


@pytest.fixture(scope="module")
def engine(server_url: str, template_database: str) -> Iterator[Engine]:
    with engine_of_a_copy(server_url, template_database) as made:
        yield made


@pytest.fixture
def administrator(tmp_path: Path) -> Iterator[Rpc]:
    """Our user in an ERP of this test's own, where it may make taxes, too."""
    prepared = prepared_erp()
    for name in ("lab.sqlite", "lab.json"):
        shutil.copyfile(prepared.folder / name, tmp_path / name)
    with closing(sqlite3.connect(tmp_path / "lab.sqlite")) as conn:
        conn.execute(
            'INSERT INTO "res_user-res_group" ("user", "group")'
            " SELECT u.id, g.id FROM res_user u, res_group g"
            " WHERE u.login = 'triage' AND g.name = 'Accounting Administration'"
        )
        conn.commit()
    with lab.serving(lab.Prepared(tmp_path, prepared.environment)) as running:
        rpc = session_of(running)
        yield rpc
        rpc.close()


def new_tax(erp: TrytonErp, name: str, **more: object) -> int:
    account, company = erp.masters.account("tax_payable"), erp.masters.company().id
    values = {"name": name, "description": name, "company": company, **more}
    if more["type"] != "none":
        values |= {"invoice_account": account, "credit_note_account": account}
    made: list[int] = erp.rpc.write(
        "model.account.tax.create", [values], context={"company": company}
    )
    return made[0]


def invoiced(erp: TrytonErp, taxes: list[int]) -> tuple[str, Decimal]:
    """The number of a posted invoice of seven at 3.33 with these taxes, and its tax there."""
    masters = erp.masters
    item, party, company = masters.item("SKU-1"), masters.party("C-1"), masters.company()
    (sold, *_) = erp.rpc.read(
        "model.account.invoice.line.search_read",
        [["invoice.number", "=", "INV-1"], ["company", "=", company.id]], 0, 1, None, ["account"],
    )  # fmt: skip
    line = {
        "type": "line", "product": item.id, "unit": item.unit, "quantity": 7.0,
        "unit_price": Decimal("3.33"), "account": sold["account"],
        "taxes": [["add", taxes]],
    }  # fmt: skip
    context = {"company": company.id}
    made: list[int] = erp.rpc.write(
        "model.account.invoice.create",
        [{"type": "out", "company": company.id, "party": party.id, "currency": company.currency_id,
          "invoice_address": party.address, "journal": masters.journal("customers"),
          "account": masters.account("accounts_receivable"), "lines": [["create", [line]]]}],
        context=context,
    )  # fmt: skip
    press(erp.rpc, "account.invoice", made[0], "post")
    fields = ["number", "tax_amount"]
    (row,) = erp.rpc.read("model.account.invoice.read", made, fields, context=context)
    return row["number"], row["tax_amount"]


@pytest.mark.tryton
@pytest.mark.slow
def test_told_as_the_real_erp_taxed_it(engine: Engine, administrator: Rpc) -> None:
    """A line with a group of two percentages, with a fixed amount, and with a tax upon a tax is
    told with the tax that stands on its invoice there, to the cent."""
    erp = TrytonErp(engine, administrator)
    group = new_tax(erp, "State and city", type="none")
    for name, rate in (("State", "0.0625"), ("City", "0.0175")):
        new_tax(erp, name, type="percentage", rate=Decimal(rate), parent=group)
    fixed = new_tax(erp, "Bottle", type="fixed", amount=Decimal("0.05"))
    duty = new_tax(
        erp, "Duty", type="percentage", rate=Decimal("0.10"), sequence=1,
        update_unit_price=True,
    )  # fmt: skip
    upon = new_tax(erp, "Upon", type="percentage", rate=Decimal("0.20"), sequence=2)
    for taxes in ([group], [fixed], [group, fixed], [duty, upon]):
        number, tax = invoiced(erp, taxes)
        (line,) = erp.find_invoice_lines(invoice_id=number)
        assert (line.net_minor, Decimal(line.tax_minor) / 100) == (23_31, tax), taxes
        assert line.tax_minor > 0
