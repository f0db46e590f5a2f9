"""Scoring: an answer an item in the order asked, only what rules allow, why, and what is wrong."""

from collections.abc import Callable, Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from sqlalchemy import event

from models.protocol import Prediction
from serving import scoring as scored
from serving.score_shapes import ScoreAnswer
from serving.scoring import MODEL_OF, MOST_PUSHES, Question
from tests.serving.house import STORY, House, Json, request_body
from tests.serving.small_models import SmallModel, abstains, on_shelf, says
from workflow.assessment import Candidate, Row

MakeHouse = Callable[..., House]
NAMES = tuple(MODEL_OF)


def by_exposure(row: Row) -> Prediction:
    """Larger exposures come first; without one there is no rank."""
    exposure = row.get("exception_exposure_minor")
    if not isinstance(exposure, int | float):
        return Prediction(None, None, "missing_facts")
    return Prediction("high", min(1.0, exposure / 100_000), None)


def by_text(row: Row) -> Prediction:
    text = str(row["text"] or "").strip()
    if not text:
        return Prediction(None, None, "empty_text")
    value = "recall" if "recall" in text else "defective_on_arrival"
    return Prediction(
        value, 0.9, None, (Candidate(value, 0.9), Candidate("expired", 0.1)), (value,)
    )


@pytest.fixture
def scoring(house_with: MakeHouse) -> House:
    return house_with(
        reason=SmallModel("reason", by_text),
        disposition=SmallModel(
            "disposition", says(("restock", 0.6), ("return_to_vendor", 0.3), ("scrap", 0.1))
        ),
        credit_anomaly=SmallModel("credit_anomaly", says(("elevated", 0.4))),
        exception_rank=SmallModel("exception_rank", by_exposure),
    )


@pytest.fixture
def silent(house: House) -> Iterator[House]:
    """A house where no model is promoted."""
    yield house


def ask(house: House, endpoint: str, *items: object, explain: str = "top") -> Json:
    answer = house.post(f"/v1/score/{endpoint}?explain={explain}", {"items": items})
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    for item in body["items"]:
        if "problem" not in item:
            assert (item["value"] is None) == (item["abstained"] is not None)
    return body


def test_answers_come_in_the_order_of_the_items(scoring: House) -> None:
    """Order, ids and the model that answered; a bad item is a problem among good ones."""
    body = ask(
        scoring,
        "return-reason",
        {"id": "b", "text": "leaks"},
        {"id": "a", "text": "a recall"},
        {"id": "c"},
        {"text": None},
        {"id": "d", "text": "x" * 20_001},
        {"id": "b", "text": "again"},
        "nonsense",
        {"id": 5, "text": "x"},
        {"id": "e", "text": "x", "colour": "red"},
        {"id": "f", "text": "nul\0"},
        {"id": "g", "text": 7},
    )
    assert body["model"]["name"] == "reason" and body["model"]["version"] == "7"
    assert body["model"]["alias"] == "champion" and body["model"]["trained_at"]
    said = [
        item.get("value") or item.get("abstained") or item["problem"]["code"]
        for item in body["items"]
    ]
    assert said == [
        "defective_on_arrival", "recall", "invalid_item", "empty_text", "text_too_long",
        "duplicate_id", "invalid_item", "invalid_item", "invalid_item", "invalid_text",
        "invalid_item",
    ]  # fmt: skip
    assert [i["id"] for i in body["items"]] == [
        "b",
        "a",
        "c",
        "3",
        "d",
        "b",
        "6",
        "7",
        "e",
        "f",
        "g",
    ]
    assert body["items"][0]["set"] == ["defective_on_arrival"]
    assert len(body["items"][0]["candidates"]) == 2


def test_a_batch_has_1_to_1000_items(scoring: House) -> None:
    """An empty or overlong batch, or something that is none, is refused as a whole."""
    for endpoint in NAMES:
        wrong: list[Any] = [{"items": []}, {"items": [{}] * 1001}, {"items": {}}, {}, [], None, 5]
        for body in wrong:
            answer = scoring.post(f"/v1/score/{endpoint}", body)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        answer = scoring.post(f"/v1/score/{endpoint}", b"{")
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")
        answer = scoring.post(f"/v1/score/{endpoint}?explain=some", {"items": [{}]})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        one: Json = {"text": "x"} if endpoint == "return-reason" else {"facts": {}}
        thousand = {"items": [one] * 1000}
        assert len(scoring.post(f"/v1/score/{endpoint}", thousand).json()["items"]) == 1000


def test_the_schema_describes_what_the_endpoint_takes(scoring: House) -> None:
    """Every example is valid by its own schema, complete, and answered by the endpoint."""
    for endpoint in NAMES:
        schema = scoring.get(f"/v1/score/schema/{endpoint}").json()
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["examples"]
        for example in schema["examples"]:
            jsonschema.validate(example, schema)
            if "facts" in example:
                known = schema["properties"]["facts"]["properties"]
                assert set(example["facts"]) == set(known)
                assert all(fact["unit"] and fact["description"] for fact in known.values())
            (item,) = ask(scoring, endpoint, example, explain="full")["items"]
            assert "problem" not in item


def test_facts_are_checked_by_name_and_kind(scoring: House) -> None:
    """A wrong fact is named; nothing is coerced; what is left out is not known."""
    for facts, place in (
        ({"colour": "red"}, "facts.colour"),
        ({"line_condition": 5}, "facts.line_condition"),
        ({"line_stocked": "yes"}, "facts.line_stocked"),
        ({"portion_value_minor": "12"}, "facts.portion_value_minor"),
        ({"portion_value_minor": True}, "facts.portion_value_minor"),
        ({"portion_value_minor": 2**60}, "facts.portion_value_minor"),
    ):
        (item,) = ask(scoring, "disposition", {"facts": facts})["items"]
        assert item["problem"]["code"] == "invalid_facts"
        assert item["problem"]["errors"][0]["at"] == place
    for item in ({"facts": 5}, {"facts": {}, "line": 1}, {"return_id": 5, "line": 1}, {}):
        (answer,) = ask(scoring, "disposition", item)["items"]
        assert answer["problem"]["status"] == 422
    (answer,) = ask(scoring, "disposition", {"facts": {}})["items"]
    assert answer["abstained"] is None


@pytest.mark.parametrize("number", [2**53 + 1, -1e30, 1e16, 1e308])
def test_numbers_beyond_any_amount_are_refused(scoring: House, number: float) -> None:
    """Also those that are too long for a whole number in JSON; the form of the facts says so."""
    fact = "exception_exposure_minor"
    bad, good = ask(
        scoring, "reconciliation-exceptions",
        {"id": "a", "facts": {fact: number}}, {"id": "b", "facts": {fact: 2**53}},
    )["items"]  # fmt: skip
    assert bad["problem"]["detail"] == f"facts.{fact}: must be within 2^53"
    assert good["rank"] == 1
    form = scoring.get("/v1/score/schema/reconciliation-exceptions").json()
    assert not jsonschema.Draft202012Validator(form).is_valid({"facts": {fact: number}})
    assert jsonschema.Draft202012Validator(form).is_valid({"facts": {fact: None}})


def test_a_problem_carries_the_id_of_its_item(scoring: House) -> None:
    """Whatever is wrong beside the id; an unknown fact leads to the form that can be asked for."""
    nul, unknown = (
        ask(scoring, "credit-anomaly", {"id": "n", "facts": {"credit_match": "a\0"}})["items"][0],
        ask(scoring, "credit-anomaly", {"id": "u", "facts": {"colour": 1}})["items"][0],
    )
    assert (nul["id"], nul["problem"]["code"]) == ("n", "invalid_text")
    assert unknown["problem"]["detail"].endswith("see GET /v1/score/schema/credit-anomaly")


def test_explanations_are_of_the_chosen_value_and_add_up(scoring: House) -> None:
    """A rule that removes the model's first choice leaves an explanation of the next; ``none``
    leaves it out, ``top`` keeps five pushes and the rest as one, ``full`` keeps all."""
    facts = {"line_condition": "defective", "line_recall_open": True, "line_item_class": "pumps"}
    for explain, most in (("top", 6), ("full", 99)):
        (item,) = ask(scoring, "disposition", {"facts": facts}, explain=explain)["items"]
        assert item["value"] != "restock"
        assert {m["value"]: m["rule"] for m in item["masked"]}["restock"]
        assert sum(c["probability"] for c in item["candidates"]) == pytest.approx(1)
        why = item["explanation"]
        assert why["output"] == f"log_odds:{item['value']}"
        assert len(why["pushes"]) <= most
        total = why["base"] + sum(p["push"] for p in why["pushes"]) + why["residual"]
        assert total == pytest.approx(why["total"], abs=1e-6)
    (item,) = ask(scoring, "disposition", {"facts": facts}, explain="none")["items"]
    assert item["explanation"] is None


def test_a_rule_asks_for_a_disposition_whatever_the_model_says(scoring: House) -> None:
    """Of an opened medicine the answer names what the rules ask for, beside the model's ranking."""
    drug = {"line_condition": "opened", "line_regulated": "drug", "line_item_class": "pharmacy"}
    pump = {"line_condition": "opened", "line_item_class": "pumps"}
    asked, free = ask(scoring, "disposition", {"facts": drug}, {"facts": pump})["items"]
    assert asked["proposed"] == {"value": "scrap", "rule": "drug-not-sealed"}
    assert asked["value"] in ("quarantine", "return_to_vendor", "scrap")
    assert free["proposed"] is None


def test_a_full_explanation_has_a_bound_and_still_adds_up() -> None:
    """Of more than 500 pushes the weaker ones are one, ``others``; none is dropped from the sum."""
    shelf = on_shelf(SmallModel("reason", says(("recall", 0.9))))
    row: Row = {f"word_{n}": n for n in range(MOST_PUSHES + 40)}
    item: Any = scored.answer(shelf, [Question("a", row)], "full", ranked=False)["items"]
    why = item[0]["explanation"]
    assert len(why["pushes"]) == MOST_PUSHES + 1
    assert why["pushes"][-1]["feature"] == "others"
    assert why["base"] + sum(p["push"] for p in why["pushes"]) == pytest.approx(why["total"])


def test_exceptions_are_ranked_within_their_batch(scoring: House) -> None:
    """Rank 1 is the largest expected loss; equals keep their order; abstained have no rank."""
    body = ask(
        scoring,
        "reconciliation-exceptions",
        *({"id": str(n), "facts": {"exception_exposure_minor": n}} for n in (10, 30, 20)),
        {"id": "none", "facts": {}},
        {"id": "30b", "facts": {"exception_exposure_minor": 30}},
        {"id": "bad", "exception_id": "X-0"},
    )
    assert [item.get("rank") for item in body["items"]] == [4, 1, 3, None, 2, None]
    assert body["items"][5]["problem"]["code"] == "unknown_exception"


def inspected(house: House) -> None:
    house.post("/v1/returns", request_body())
    house.clock.now = STORY.received_at
    line = {"line": 1, "sku": "PMP-1001", "quantity": 4, "lot": "L2217"}
    body: Json = {"receipt_id": "RC-1", "warehouse": "W-IND-1", "lines": [line]}
    assert house.post("/v1/returns/R-1001/receipts", body, "warehouse").status_code == 200
    body = {"line": 1, "quantity": 3, "condition": "defective", "lot": "L2217"}
    assert house.post("/v1/returns/R-1001/inspections", body, "inspector").status_code == 200


def test_a_return_is_scored_by_its_number_under_its_own_rules(scoring: House) -> None:
    """By reference the row is the journal's and the rules are the case's: the answer is what
    the case itself was told, and names the rule that removed the model's first choice."""
    reference = {"return_id": "R-1001", "line": 1}
    (item,) = ask(scoring, "disposition", reference)["items"]
    assert item["problem"]["code"] == "unknown_return"
    scoring.post("/v1/returns", request_body())
    (item,) = ask(scoring, "disposition", reference)["items"]
    assert item["value"] and item["masked"]
    scoring.post("/v1/returns/R-1001/cancellations", {"because": "again"})
    assert scoring.post("/v1/returns", request_body("R-1002")).status_code == 201


def test_what_a_case_was_told_and_what_scoring_says_agree(scoring: House) -> None:
    """The assessment kept with the case and a later question by its number have one answer."""
    inspected(scoring)
    reference = {"return_id": "R-1001", "line": 1}
    (item,) = ask(scoring, "disposition", reference)["items"]
    (portion,) = scoring.case()["lines"][0]["portions"]
    kept = portion["assessment"]
    assert item["value"] == kept["value"] == "return_to_vendor"
    assert item["masked"] == kept["masked"]
    assert "restock" in {m["value"] for m in kept["masked"]}
    assert kept["explanation"]["output"] == "log_odds:return_to_vendor"
    (item,) = ask(scoring, "credit-anomaly", reference)["items"]
    assert item["value"] == "elevated"
    for wrong, code in (
        ({"return_id": "R-1001", "line": 9}, "unknown_line"),
        ({"return_id": "R-1001", "line": 0}, "invalid_item"),
        ({"return_id": "R-1001", "line": True}, "invalid_item"),
        ({"return_id": "R-1001"}, "invalid_item"),
        ({"return_id": "", "line": 1}, "invalid_item"),
        ({"return_id": "a\0", "line": 1}, "invalid_text"),
        ({"return_id": "R-1001", "line": 1, "colour": "red"}, "invalid_item"),
    ):
        (item,) = ask(scoring, "disposition", wrong)["items"]
        assert item["problem"]["code"] == code, wrong


def test_without_a_model_every_answer_is_abstained(silent: House) -> None:
    """No model promoted: still 200, a reason code, no value and nothing to explain."""
    for endpoint in NAMES:
        item: Json = {"text": "leaks"} if endpoint == "return-reason" else {"facts": {}}
        (answer,) = ask(silent, endpoint, item, explain="full")["items"]
        assert (answer["value"], answer["abstained"]) == (None, "no_model")
        assert answer["explanation"] is None and answer.get("rank") is None


def test_scoring_needs_no_database_for_facts(scoring: House) -> None:
    """A key that was known a moment ago and facts in the request: nothing else is asked."""
    ask(scoring, "disposition", {"facts": {}})
    statements: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(scoring.services.engine, "before_cursor_execute", note)
    ask(scoring, "disposition", {"facts": {}})
    ask(scoring, "return-reason", *({"text": "leaks"} for _ in range(50)))
    assert statements == []


# -- Open Inference Protocol --------------------------------------------------------------------


def columns(**data: list[Any]) -> Json:
    return {"id": "q-1", "inputs": [{"name": n, "data": v} for n, v in data.items()]}


def test_the_open_inference_protocol_answers_the_same(scoring: House) -> None:
    """``/v2`` is another form of the same answers, rules included."""
    meta = scoring.get("/v2/models/disposition").json()
    assert {i["name"] for i in meta["inputs"]} >= {"line_condition", "line_recall_open"}
    assert scoring.get("/v2/models/disposition/ready").json()["ready"] is True
    facts: dict[str, list[Any]] = {
        "line_condition": ["defective", "sealed"],
        "line_recall_open": [True, None],
    }
    answer = scoring.post("/v2/models/disposition/infer", columns(**facts))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["id"], body["model_name"], body["model_version"]) == ("q-1", "disposition", "7")
    outputs = {o["name"]: o for o in body["outputs"]}
    assert outputs["value"]["shape"] == [2]
    items = [{"facts": {n: v[i] for n, v in facts.items()}} for i in range(2)]
    same = ask(scoring, "disposition", *items)["items"]
    assert outputs["value"]["data"] == [item["value"] for item in same]
    why = scoring.post("/v2/models/reason/explain", columns(text=["leaks"])).json()
    assert why["explanations"][0]["explanation"]["output"] == "log_odds:defective_on_arrival"
    assert scoring.get("/v2/health/ready").json() == {"ready": True}


def test_bad_inference_requests_are_problems(scoring: House) -> None:
    """Every malformed form is refused as a whole and says which input."""
    path = "/v2/models/disposition/infer"
    bodies: tuple[Any, ...] = (
        {}, [], None, {"inputs": []}, {"inputs": [1]}, {"inputs": [{"name": 5, "data": []}]},
        {"inputs": [{"name": "line_condition"}]}, columns(line_condition=[]),
        columns(line_condition=["sealed"], line_stocked=[]), columns(colour=["red"]),
        columns(line_stocked=["yes"]), columns(line_condition=[[1]]),
        columns(line_condition=["x"] * 1001), columns(line_condition=["a\0"]),
        columns() | {"inputs": [{"name": "line_stocked", "data": [True]}] * 2},
        {"inputs": [{"name": "line_stocked", "shape": [2], "data": [True]}]},
        {"inputs": [{"name": "line_stocked", "shape": "1", "data": [True]}]},
    )  # fmt: skip
    for body in bodies:
        answer = scoring.post(path, body)
        assert answer.status_code == 422, (body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert scoring.post("/v2/models/oracle/infer", columns(a=[1])).status_code == 404
    assert scoring.post(path, b"{").json()["code"] == "malformed_json"
    assert scoring.post("/v2/models/reason/infer", columns(id=["a"])).status_code == 422


def test_abstained_is_said_in_both_forms(house_with: MakeHouse) -> None:
    """An abstaining model keeps its reason code through rules and both protocols."""
    house = house_with(disposition=SmallModel("disposition", abstains("missing_facts")))
    (item,) = ask(house, "disposition", {"facts": {"line_recall_open": True}})["items"]
    assert (item["value"], item["abstained"]) == (None, "missing_facts")
    assert item["masked"]
    body = house.post("/v2/models/disposition/infer", columns(line_recall_open=[True])).json()
    assert {o["name"]: o["data"] for o in body["outputs"]}["abstained"] == ["missing_facts"]


def test_answers_are_as_the_document_says(scoring: House) -> None:
    """Every field that scoring answers is in the form the API's document gives, with its kind."""
    asked: dict[str, list[Any]] = {
        name: [scoring.get(f"/v1/score/schema/{name}").json()["examples"][0], "nonsense"]
        for name in NAMES
    }
    for name, items in asked.items():
        body = ask(scoring, name, *items, explain="full")
        read = ScoreAnswer.model_validate(body, strict=True)
        assert read.model_dump(exclude_unset=True) == body
        assert read.items[0].problem is None and read.items[1].problem
