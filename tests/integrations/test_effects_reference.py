"""docs/reference/effects.md says what the code does."""

from pathlib import Path

from integrations.erp.accounts import ACCOUNT_OF_STATUS
from integrations.erp.booking import PREFIX_OF
from integrations.erp.port import REJECTIONS
from integrations.perform import REQUEST_OF
from workflow.effects import STOCK_STATUS_OF

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "effects.md").read_text()


def test_page_is_complete() -> None:
    """Every effect kind, document kind, status, disposition and rejection stands on the page."""
    for kind in REQUEST_OF:
        assert f"| `{kind}` |" in PAGE
    for kind, prefix in PREFIX_OF.items():
        assert f"| `{kind}` {prefix}-… |" in PAGE
    for status, account in ACCOUNT_OF_STATUS.items():
        assert f"| `{status}` | `{account}` |" in PAGE
    for disposition, status in STOCK_STATUS_OF.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{status}` |"))
        assert f"`{disposition}`" in row
    for code, advice in REJECTIONS.items():
        assert f"| `{code}` | {advice} |" in PAGE
