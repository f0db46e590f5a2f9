"""Which ERP an installation writes to, and when it refuses to start."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine

from integrations.erp.mapped_books import MappedBooks
from integrations.erp.mapping import load
from integrations.erp.reference import ReferenceErp
from integrations.erp.tryton.adapter import TrytonErp
from integrations.erp.tryton.mapping import OURS, IncompleteMap, load_map
from serving.erp import FILE_OF, ErpNotNamed, chosen_erp
from serving.settings import Settings
from simulation.erp_lab.lab import WORLD

NOWHERE = create_engine("postgresql+psycopg://nobody@nowhere/none")
NAMED: dict[str, Any] = {
    "erp": "tryton",
    "erp_url": "http://erp:8000/",
    "erp_login": "triage",
    "erp_password": SecretStr("pw"),
}


def test_reference_without_a_word() -> None:
    """Nothing set: the reference ERP."""
    assert isinstance(chosen_erp(Settings())(NOWHERE), ReferenceErp)


def test_real_erp_when_named() -> None:
    """Where it is and who we are there: the real one, without a call before the first write."""
    erp = chosen_erp(Settings(**NAMED))(NOWHERE)
    assert isinstance(erp, TrytonErp)
    assert (erp.rpc.url, erp.rpc.login) == ("http://erp:8000", "triage")
    assert "pw" not in repr(erp)


def mapped(erp: str, **more: Any) -> Settings:
    given: dict[str, Any] = {"erp_url": "https://erp.example", "erp_token": SecretStr("pw")}
    values = dict.fromkeys(load(FILE_OF[erp]).settings, "10")
    given |= {"erp": erp, "erp_values": values}
    return Settings(**(given | more))


@pytest.mark.parametrize("erp", FILE_OF)
def test_a_mapped_erp_is_chosen_by_its_name(erp: str) -> None:
    """Each of the four; the token is read anew, and is nowhere to be seen."""
    made = chosen_erp(mapped(erp))(NOWHERE)
    assert isinstance(made, MappedBooks) and made.there.mapping.system == FILE_OF[erp]
    assert "pw" not in repr(made)


def test_a_mapped_erp_that_is_not_all_named_does_not_start(tmp_path: Path) -> None:
    """Without address, token, a readable token file, the values it needs, or over plain HTTP."""
    for more, said in (
        ({"erp_url": None}, "TRIAGE_ERP_URL"),
        ({"erp_token": None}, "TRIAGE_ERP_TOKEN_FILE"),
        ({"erp_token_file": tmp_path / "none"}, "cannot be read"),
        ({"erp_values": {"division": "00"}}, "sales_organisation"),
        ({"erp_url": "http://erp.example"}, "https"),
    ):
        with pytest.raises(ErpNotNamed, match=said):
            chosen_erp(mapped("mapped:sap-s4hana", **more))


def test_lab_has_every_account_of_the_map() -> None:
    """The prepared database has each account, place and customer that the shipped map names."""
    world, shipped = tomllib.loads(WORLD.read_text()), load_map()
    assert set(shipped.accounts.values()) <= set(world["accounts"])
    assert shipped.defaults["customer"] in world["customers"]
    assert shipped.defaults["warehouse"] in world["warehouses"]
    made = {"STORAGE", *world["statuses"], *world["gone"]}
    assert {code.removeprefix("{warehouse}-") for code in shipped.places.values()} == made


@pytest.mark.parametrize("missing", ["erp_url", "erp_login", "erp_password"])
def test_unnamed_erp_does_not_start(missing: str) -> None:
    """A real ERP without address, user or password is refused at start, not at the first effect."""
    with pytest.raises(ErpNotNamed, match="TRIAGE_ERP_URL"):
        chosen_erp(Settings(**{**NAMED, missing: None}))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('inventory = "1400"\n', ""),
        ('inventory = "1400"', 'inventory = "1410"'),
        ('blocked = "{warehouse}-BLOCKED"\n', ""),
        ('goods = "RET"', 'stock = "RET"'),
        ('customer = "ONE-TIME"', ""),
    ],
)
def test_map_with_gaps_does_not_load(tmp_path: Path, was: str, now: str) -> None:
    """A word of ours without one of the ERP's, or two with the same, is refused at start."""
    file = tmp_path / "map.toml"
    text = OURS.read_text()
    assert was in text
    file.write_text(text.replace(was, now))
    with pytest.raises(IncompleteMap):
        load_map(file)
