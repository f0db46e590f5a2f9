"""The shipped policies and the facts the workflow asks them with fit each other exactly."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.workflow.fakes import INES, NOON, WALT, Story, request
from workflow.asking import (
    advance_facts,
    authorisation_facts,
    claim_facts,
    credit_facts,
    disposition_facts,
    eligibility_facts,
    freight_facts,
    limit_facts,
    refurbish_facts,
    rollout_facts,
    transfer_facts,
)
from workflow.commands import InspectLine, ReceiptLine, ReceiveGoods
from workflow.events import DispositionPart
from workflow.policy import Policies, load
from workflow.workdays import MONDAY_TO_FRIDAY

POLICIES = Path(__file__).parents[2] / "policies"


@pytest.fixture(scope="module")
def policies() -> Policies:
    return load(POLICIES).at(NOON)


def test_every_fact_asked_is_declared_and_every_declared_fact_is_asked(policies: Policies) -> None:
    """Neither side knows a fact that the other does not."""
    story = Story()
    story.send(request())
    goods = (ReceiptLine(1, "SKU-1", story.line().authorised),)
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, NOON))
    story.send(InspectLine(1, story.line().received, "sealed", INES, NOON))
    case, line = story.case, story.line()
    parts = (DispositionPart("return_to_vendor", line.received),)
    wanting = replace(line, requested=replace(line.requested, advance="credit"))
    asked = {
        "eligibility": eligibility_facts(case, line, NOON, MONDAY_TO_FRIDAY),
        "authorisation": authorisation_facts(case),
        "disposition": disposition_facts(case, line.portions[0], NOON),
        "credit": credit_facts(case, line, line.portions[0], "restock", 40_00, NOON),
        "approval_limits": limit_facts(case, line, "credit_memo", 40_00, "system"),
        "claims": claim_facts(case, replace(line.portions[0], parts=parts), 1, NOON),
        "refurbish": refurbish_facts(case, replace(line.portions[0], parts=parts), 1),
        "transfer_price": transfer_facts(case, "food"),
        "advance": advance_facts(case, wanting, 40_00),
        "freight": freight_facts(case, line, line.portions[0], "restock"),
        "rollout": rollout_facts(case, line, "credit", None, 40_00),
    }
    for name, facts in asked.items():
        assert set(facts) == policies.declared(name), name
        if name == "disposition":
            policies.masks(name, facts)
        else:
            policies.judge(name, facts)
