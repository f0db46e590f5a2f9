"""Effects of the workflow reach the ERP: kinds, payloads, lost answers, batches."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from sqlalchemy import Connection

from integrations.erp.documents import Document, Post, Rma
from integrations.erp.fake import FakeErp, Fault, FaultyErp, Script
from integrations.erp.port import Rejected, Unavailable, UnknownOutcome
from integrations.perform import REQUEST_OF, Asked, Outcome, perform, perform_many, request_of
from tests.integrations.erp_requests import AT
from tests.workflow.fakes import INES, NOON, WALT, FakePolicies, Story, request, verdict
from workflow.commands import InspectLine, ReceiptLine, ReceiveGoods
from workflow.effects import Effect

CLOSE = {"return_id": "R-1001"}


def walked(disposition: str, credit: str = "full") -> list[Effect]:
    """The ERP effects of R-1001 as the workflow itself makes them, walked to its credit."""
    release = verdict(credit, release="at_once")
    story = Story(FakePolicies(credit=release))
    story.send(request())
    goods = (ReceiptLine(1, "SKU-1", Decimal(4), "L7"),)
    story.send(ReceiveGoods("GR-1", "W1", goods, WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "sealed", INES, NOON, lot="L7"))
    story.answer_models(NOON, disposition)
    return [effect for effect in story.effects if effect.kind != "assess"]


@pytest.mark.parametrize(
    ("disposition", "credit", "kinds"),
    [
        ("restock", "full", ["rma", "receipt", "stock_move", "credit_memo"]),
        (
            "return_to_vendor",
            "full",
            ["rma", "receipt", "stock_move", "supplier_claim", "credit_memo"],
        ),
        ("scrap", "replace", ["rma", "receipt", "stock_move", "replacement"]),
    ],
)
def test_effects_of_the_workflow(disposition: str, credit: str, kinds: list[str]) -> None:
    """Every effect the workflow makes is one the ERP can write, and then the case can close."""
    erp = FakeErp()
    effects = walked(disposition, credit)
    for effect in effects:
        perform(effect.kind, effect.key, effect.return_id, effect.payload, erp, AT)
    assert [line.kind for line in erp.changes().lines] == kinds
    assert perform("erp.close", "R-1001/close", "R-1001", CLOSE, erp, AT) == Outcome("CL-000001")


def test_every_effect_kind_of_the_workflow_is_known() -> None:
    """No kind that the workflow documents is missing from the table."""
    assert Effect.__doc__ is not None
    for kind in REQUEST_OF:
        assert kind in Effect.__doc__, kind
    assert Effect.__doc__.count("``erp.") == len(REQUEST_OF)


def test_unknown_kind_is_parked() -> None:
    """An effect kind nobody taught is rejected by name, with the kinds there are."""
    with pytest.raises(Rejected, match=r"no ERP call for 'erp.bill'; known: erp.rma") as rejected:
        perform("erp.bill", "k", "R-1001", {}, FakeErp(), AT)
    assert rejected.value.code == "unknown_effect"


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        ({}, "return_id: Field required"),
        ({"return_id": "R-1001", "colour": "red"}, "colour: Unexpected keyword argument"),
        ({"return_id": "R-9"}, "k belongs to R-1001, its payload to R-9"),
        ({"return_id": 7}, "return_id: Input should be a valid string"),
    ],
)
def test_bad_payload_is_parked(payload: dict[str, object], says: str) -> None:
    """A payload with missing, unknown or wrong values is rejected naming what is wrong."""
    with pytest.raises(Rejected, match=says) as rejected:
        perform("erp.close", "k", "R-1001", payload, FakeErp(), AT)
    assert rejected.value.code == "invalid_payload"


def test_quantities_stay_exact() -> None:
    """Quantities are read from text as decimals and times with their zone."""
    effect = walked("restock")[0]
    asked = request_of(effect.kind, effect.key, effect.return_id, effect.payload)
    assert isinstance(asked, Rma)
    assert asked.lines[0].quantity == Decimal(4)
    assert asked.expires_at.tzinfo is not None


class Deaf(FakeErp):
    """Loses every answer and knows nothing by key."""

    def document(self, key: str) -> Document | None:
        return None


def test_unknown_outcome_without_trace_is_unavailable() -> None:
    """A lost answer with nothing under the key is tried again, never assumed done."""
    erp = FaultyErp(Deaf(), Script({"k": [Fault.DROP_BEFORE]}))
    with pytest.raises(Unavailable, match="was not written as far as the ERP knows"):
        perform("erp.close", "k", "R-1001", CLOSE, erp, AT)


def test_many_goes_on_after_a_rejection() -> None:
    """In a batch a rejected effect is answered in its place and holds up nothing else."""
    rma, receipt, move, credit = walked("restock")
    broken = Effect("broken", "erp.rma", "R-1001", {})
    order = [rma, move, broken, receipt, move, credit, credit]
    answers = perform_many([Asked(effect, AT) for effect in order], FakeErp())
    shown = [a.code if isinstance(a, Rejected) else a.reference[:2] for a in answers]
    assert shown == ["RM", "insufficient_stock", "invalid_payload", "GR", "SM", "CM", "CM"]
    assert isinstance(answers[-1], Outcome) and answers[-1].repeated


class HangsUp(FakeErp):
    """Takes batches and never says what became of them."""

    def post_many(
        self, posts: Sequence[Post], connection: Connection | None = None
    ) -> list[Document | Rejected]:
        raise UnknownOutcome("The commit was not answered.")


def test_many_with_a_lost_commit_is_unavailable() -> None:
    """A batch whose commit was not answered is to be performed again as a whole."""
    asked = [Asked(effect, AT) for effect in walked("restock")]
    with pytest.raises(Unavailable, match="Whether 4 effects were written is unknown"):
        perform_many(asked, HangsUp())
