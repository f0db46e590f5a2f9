"""Which account, place and journal of the ERP each of our words means, read from a TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from integrations.erp.accounts import ACCOUNT_OF_STATUS, ACCOUNTS

OURS = Path(__file__).with_name("map.toml")
JOURNALS = ("goods", "customers", "suppliers")
AT_CUSTOMER = "at_customer"


class IncompleteMap(ValueError):
    """The file leaves a word of ours without one of the ERP's, or uses one twice; not started."""


@dataclass(frozen=True, slots=True)
class ErpMap:
    """Our account -> account code; stock status -> code of a place, with ``{warehouse}`` in it;
    ``goods``, ``customers``, ``suppliers`` -> journal code. ``defaults``: the ``customer`` for
    goods of an unknown sender, the ``warehouse`` of orders that name none."""

    accounts: Mapping[str, str]
    places: Mapping[str, str]
    journals: Mapping[str, str]
    defaults: Mapping[str, str]

    def place(self, status: str, warehouse: str) -> str:
        """Code of the place of a status in a warehouse."""
        return self.places[status].format(warehouse=warehouse)

    def account_of_code(self) -> dict[str, str]:
        """Account code -> our account."""
        return {code: account for account, code in self.accounts.items()}


def load_map(file: Path = OURS) -> ErpMap:
    """The mapping of a file. Raises ``IncompleteMap``."""
    told = tomllib.loads(file.read_text())
    found = ErpMap(
        told.get("accounts", {}),
        told.get("places", {}),
        told.get("journals", {}),
        told.get("defaults", {}),
    )
    _same(found.defaults, {"customer", "warehouse"}, "defaults")
    _same(found.accounts, set(ACCOUNTS), "accounts")
    _same(found.places, set(ACCOUNT_OF_STATUS) - {AT_CUSTOMER}, "places")
    _same(found.journals, set(JOURNALS), "journals")
    return found


def _same(told: Mapping[str, str], wanted: set[str], part: str) -> None:
    if set(told) != wanted:
        wrong = ", ".join(sorted(set(told) ^ wanted))
        raise IncompleteMap(f"[{part}] must name exactly what there is; see to {wrong}.")
    if len(set(told.values())) < len(told):
        raise IncompleteMap(f"[{part}] uses a code for two of our words.")
