"""What the adapter refuses before it speaks to the ERP, and what it is told of the ERP's codes."""

from dataclasses import replace
from typing import cast

import pytest

from integrations.erp.accounts import ACCOUNTS
from integrations.erp.port import Rejected
from integrations.erp.tryton.invoices import Invoices
from integrations.erp.tryton.mapping import load_map
from integrations.erp.tryton.masters import Masters
from integrations.erp.tryton.papers import Clerk, Known
from tests.integrations.erp_requests import memo


def test_every_account_of_ours_has_a_code_there() -> None:
    """The map that ships names each of them, so that the adapter starts."""
    assert set(load_map().accounts) == set(ACCOUNTS)


def test_a_memo_with_freight_is_not_paid_in_part() -> None:
    """Its lines there are the goods alone: whatever freight is on it, the memo is refused."""
    clerk = Clerk(cast(Masters, None), cast(Invoices, None))
    for name in ("freight_minor", "freight_tax_minor", "return_freight_minor"):
        with pytest.raises(Rejected, match="freight") as no:
            clerk.credit("k", replace(memo("R-1"), **{name: 1}), cast(Known, None))  # type: ignore[arg-type]
        assert no.value.code == "not_covered"
