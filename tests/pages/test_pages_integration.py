"""The health of integrations on the desk."""

import pytest

from serving.pages.integration import age
from tests.pages.conftest import SignIn
from tests.pages.desk_world import DeskWorld


def test_what_is_parked_is_seen_by_cause(sign_in: SignIn, desk: DeskWorld) -> None:
    """A parked effect is one line of its system; texts stay texts; Operations leads there."""
    with desk.services.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE effect SET status = 'pending', error = NULL")
    desk.park("R-1001", "erp.rma", "<b>closed</b>: The period is closed.")
    nadia = sign_in("nadia")
    assert 'href="/integration"' in nadia.get("/operations").text
    page = nadia.get("/integration").text
    assert 'Effects on <a href="/effects">ERP</a>' in page
    assert "1 × &lt;b&gt;closed&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(None, ""), (0, "0 s"), (61, "1 min"), (7300, "2 h"), (3 * 86400, "3 days")],
)
def test_ages_in_the_unit_that_matters(seconds: int | None, says: str) -> None:
    """Seconds, minutes, hours, days."""
    assert age(seconds) == says
