"""A warehouse system that says nothing stops its own returns and nothing else (decision 0024)."""

from tests.serving.house import STORY, House, cloud_event
from tests.story.walk import Walk

WMS = "/wms/w-ind-1"


def test_a_silent_warehouse_stops_its_own_returns_only(house: House) -> None:
    """Authorised and outstanding, nothing asked of it, no system called down; its last word is
    seen with its age. Another return goes on to its credit meanwhile. What is told late, twice, is
    taken once."""
    spoke = cloud_event(STORY.facts()[0], "w-1") | {"source": WMS}
    assert house.post("/v1/events", spoke, "feed").is_success
    waiting, other = Walk(house), Walk(house, "R-1002")
    assert waiting.request(2).status_code == 201
    house.perform()
    house.clock.forward(days=2)
    case = waiting.case
    assert (case["status"], case["waits_for"]) == ("authorised", [])
    assert waiting.line()["quantities"]["outstanding"] == 2
    assert case["authority"]["expires_at"] > case["requested_at"]
    items = house.get("/v1/insights/integration").json()["items"]
    (seen,) = [one for one in items if (one["kind"], one["system"]) == ("facts", WMS)]
    assert seen["last_success"] == case["requested_at"] and seen["down_since"] is None
    gauges = house.client.get("/metrics", headers=house.headers("admin", "")).text
    assert (
        f'triage_integration_last_success_timestamp_seconds{{kind="facts",system="{WMS}"}}'
        in gauges
    )
    other.through(1, "defective_on_arrival", "defective", "return_to_vendor")
    other.pay()
    assert other.case["credited_minor"] > 0
    assert waiting.receive(2).is_success
    before = house.rows("SELECT count(*) FROM event")
    body = {
        "receipt_id": "RC-R-1001-1", "warehouse": "W-IND-1", "final": True,
        "lines": [{"line": 1, "sku": "PMP-1001", "quantity": 2, "lot": "L2217"}],
    }  # fmt: skip
    again = house.post(f"{waiting.path}/receipts", body, "warehouse")
    assert again.status_code in (200, 409), again.text
    assert house.rows("SELECT count(*) FROM event") == before
    assert waiting.line()["quantities"]["received"] == 2
    assert house.differences() == []
