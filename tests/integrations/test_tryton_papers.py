"""What the adapter is told of the ERP's codes."""

from integrations.erp.accounts import ACCOUNTS
from integrations.erp.tryton.mapping import load_map


def test_every_account_of_ours_has_a_code_there() -> None:
    """The map that ships names each of them, so that the adapter starts."""
    assert set(load_map().accounts) == set(ACCOUNTS)
