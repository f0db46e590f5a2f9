"""R-1001 under changing rules: what was authorised keeps its policies, what comes later not."""

from collections.abc import Callable

import pytest

from commands.policy_commands import replay_lines
from journal.stories import stories
from serving.automation import MODEL_OF
from serving.chores import replay_proposals
from serving.policy_replay import replay_past
from tests.serving.house import STORY, House, request_body
from tests.serving.small_models import SmallModel, says
from tests.serving.test_serving_policies import FOLDER, PROPOSALS, body, propose, publish
from tests.story.test_hold_story import decide
from tests.story.test_r1001_http import (
    answer_claim,
    check_end,
    dispose_and_credit,
    inspect,
    play,
    receive,
)
from tests.story.test_recall_story import until_inspected
from workflow.evolve import fold
from workflow.facts import WarehouseRegistered
from workflow.policy import KEPT, Policies, load
from workflow.policy_questions import NEEDED

LESS = (
    "The fault is the supplier's: full credit; we claim from the supplier.\"\npercent = 100",
    "The fault is the supplier's: full credit; we claim from the supplier.\"\npercent = 90",
)
"""The supplier's fault is credited at 90 per cent."""


def propose_less(house: House) -> str:
    """A new credit policy is proposed; its examples agree with it."""
    made = body(old=LESS[0], new=LESS[1], effective=house.clock.now.date().isoformat())
    supplier = 'rule = "supplier"\nvalues = { percent = 100'
    made["examples"] = made["examples"].replace(supplier, supplier.replace("100", "90"))
    answer = house.post(PROPOSALS, made, "author")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["proposal_id"])


def credits_of(house: House, return_id: str) -> list[tuple[str, int]]:
    lines = house.case(return_id)["lines"]
    return [
        (credit["verdict"]["policy"].split("#")[0], credit["percent"])
        for line in lines
        for credit in line["credits"]
    ]


def test_what_was_authorised_is_credited_by_its_own_version(house: House) -> None:
    """R-1001 is authorised under version 2 and credited by it after 3 came into force; R-1002,
    authorised afterwards, is credited by 3. The case closes, and nothing differs from the log."""
    assert house.post("/v1/returns", request_body()).status_code == 201
    house.perform()
    house.clock.now = STORY.received_at
    publish(house, propose_less(house))
    receive(house)
    house.perform()
    inspect(house)
    dispose_and_credit(house)
    house.perform()
    assert set(credits_of(house, "R-1001")) == {("credit@2", 100)}
    query = "SELECT payload->'policies' FROM event WHERE type = 'return_authorised'"
    ((noted,),) = house.rows(query)
    shipped = load(FOLDER)
    assert noted == [shipped[name].ref for name in sorted(KEPT)]
    if house.case()["status"] != "closed":
        answer_claim(house)
    check_end(house)

    house.clock.forward(hours=1)
    assert house.post("/v1/returns", request_body("R-1002", quantity=1)).status_code == 201
    case = "/v1/returns/R-1002"
    goods = [{"line": 1, "sku": "PMP-1001", "quantity": 1, "lot": "L2217"}]
    receipt = {"receipt_id": "RC-2", "warehouse": "W-IND-1", "lines": goods, "final": True}
    assert house.post(f"{case}/receipts", receipt, "warehouse").status_code == 200
    found = {"line": 1, "quantity": 1, "condition": "defective", "lot": "L2217"}
    assert house.post(f"{case}/inspections", found, "inspector").status_code == 200
    task = house.task("R-1002", "disposition")["task"]
    house.decide(
        task, "quality", "override", value="return_to_vendor", reason_code="seen", note="Seen."
    )
    assert credits_of(house, "R-1002") == [("credit@3", 90)]


def test_a_closed_case_says_tomorrow_what_it_said_today(house: House) -> None:
    """New policies change neither what is shown of it, nor its fold, nor any figure of the log."""
    play(house)
    if house.case()["status"] != "closed":
        answer_claim(house)
    before = house.case()
    with house.services.engine.connect() as conn:
        folded = house.services.cases.state(conn, "R-1001")
    publish(house, propose_less(house))
    for name in ("disposition", "rollout"):
        publish(house, propose(house, name=name))
    house.clock.forward(days=40)
    assert house.case() == before
    with house.services.engine.connect() as conn:
        history = house.services.cases.history(conn, "R-1001")
        assert house.services.cases.state(conn, "R-1001") == folded
    assert fold(entry.event for entry in history) == folded[0]
    assert house.differences() == []


def test_a_replay_tells_the_cases_and_the_money(house: House) -> None:
    """Of the two credits of R-1001 both would have been a tenth less: 56.24 USD, by one rule. A
    worker computes it once, as of a position; asked again it is computed anew."""
    play(house)
    made = house.case()["lines"][0]["credits"]
    net = sum(credit["net_minor"] for credit in made)
    proposal = propose_less(house)
    told = house.get(f"{PROPOSALS}/{proposal}", "auditor").json()
    assert (told["replay"], told["replay_asked"]) == (None, True)
    assert (replay_proposals(house.services), replay_proposals(house.services)) == (1, 0)
    told = house.get(f"{PROPOSALS}/{proposal}", "auditor").json()
    found = told["replay"]
    assert told["replayed_to"] == house.rows("SELECT max(position) FROM event")[0][0]
    assert (found["verdicts"], found["changed"], found["cases"]) == (2, 2, 1)
    assert found["rules"] == [{"before": "supplier", "after": "supplier", "verdicts": 2}]
    money = found["money_minor"]["USD"]
    assert money["before"] == net
    assert money["difference"] == money["after"] - net == -round(net / 10)
    assert {one["return_id"] for one in found["list"]} == {"R-1001"}
    words = list(replay_lines("credit@3", found))
    assert words[:2] == [
        "credit@3 would have changed 2 of 2 verdicts in 1 cases.", "  -56.24 USD credited",
    ]  # fmt: skip
    assert sorted(words[3:]) == [
        "  R-1001/1: full USD 140.60 (on_approval) -> full USD 126.54 (on_approval)",
        "  R-1001/1: full USD 421.80 (on_approval) -> full USD 379.62 (on_approval)",
    ]
    assert told["changes"] == ["changed supplier: percent: '100' -> '90'"]
    later = house.get(f"{PROPOSALS}/{proposal}", since="2030-01-01").json()["replay"]
    assert later["verdicts"] == 0
    house.clock.forward(hours=1)
    asked = house.post(f"{PROPOSALS}/{proposal}/replay", {}, "auditor")
    assert (asked.status_code, asked.json()["replay_asked"]) == (202, True)
    assert asked.json()["replay"] == found and replay_proposals(house.services) == 1


ELSEWHERE = ("refurbish", "transfer_price")
"""Policies that R-1001 never asks: its goods go neither to the workshop nor to another unit."""


@pytest.mark.parametrize("name", sorted(set(NEEDED) - set(ELSEWHERE)))
def test_what_is_in_force_changes_nothing(house: House, name: str) -> None:
    """Asked again of the facts of then, every policy says of R-1001 what it said; it wants nothing
    in advance, and nothing of it goes to the workshop or to another unit."""
    play(house)
    services = house.services
    with services.engine.connect() as conn:
        policy = services.policies.at(house.clock.now)[name]
        known: Policies = services.policies.known
        found = replay_past(conn, known, policy, house.clock.now)
        assert list(stories(conn, ["return_requested"], NEEDED[name], STORY.requested_at, 9))
    assert (found.verdicts > 0) == (name not in ("advance", "refurbish", "transfer_price"))
    assert found.changed == ()


def test_the_workshop_and_the_price_between_units_say_the_same_again(house: House) -> None:
    """Goods that another unit took in and sent to its workshop: each is asked about them once."""
    assert house.tell(WarehouseRegistered("W-IND-1", "Food branch", "food")).status_code == 200
    until_inspected(house)
    decide(house, "1.1", "refurbish")
    services = house.services
    with services.engine.connect() as conn:
        for name in ELSEWHERE:
            policy = services.policies.at(house.clock.now)[name]
            found = replay_past(conn, services.policies.known, policy, house.clock.now)
            assert (found.verdicts, found.changed) == (1, ()), name
    assert house.differences() == []


def test_what_passed_without_a_person_would_pass_again(house_with: Callable[..., House]) -> None:
    """With sure models and a guarantee, the lanes asked again are the lanes that were walked:
    what would have happened is told by the rule that makes it happen. The credit is above the
    limit of the model that settled its reason."""
    house = house_with(
        reason=SmallModel("reason", says(("defective_on_arrival", 0.95))),
        disposition=SmallModel("disposition", says(("return_to_vendor", 0.95), ("scrap", 0.05))),
        credit_anomaly=SmallModel("credit_anomaly", says(("normal", 0.1))),
    )
    for point, model in MODEL_OF.items():
        house.clear(point, model)
    asked = request_body(quantity=1)
    asked["lines"][0]["reason_code"] = None
    house.post("/v1/returns", asked)
    house.clock.now = STORY.received_at
    receive(house, 1)
    found = {"line": 1, "quantity": 1, "condition": "defective", "lot": "L2217"}
    house.post("/v1/returns/R-1001/inspections", found, "inspector")
    lanes = house.rows("SELECT payload->>'lane' FROM event WHERE type = 'lane_chosen' ORDER BY 1")
    assert lanes == [("automatic",), ("automatic",), ("review",)]
    services = house.services
    with services.engine.connect() as conn:
        for name, verdicts in (("rollout", 3), ("approval_limits", 3), ("disposition", 1)):
            policy = services.policies.at(house.clock.now)[name]
            again = replay_past(conn, services.policies.known, policy, house.clock.now)
            assert (again.verdicts, again.changed) == (verdicts, ())
