"""Scoring: ``/v1/score/*`` and the Open Inference Protocol over the same models."""

import asyncio
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from features.catalogue import SETS
from models.prior import Prior
from serving.answers.form import answers
from serving.answers.operations import (
    Inference,
    InferenceExplained,
    JsonSchema,
    Live,
    ModelMetadata,
    ModelReady,
    ServerReady,
)
from serving.batches import Batches
from serving.doors import SMALL_ROWS
from serving.errors import Invalid
from serving.identity import signed_in
from serving.openapi import body_of
from serving.reading import StrictRoute, parse_json
from serving.score_shapes import ScoreAnswer, items_body
from serving.scoring import (
    MODEL_OF,
    Json,
    Mask,
    answer,
    read_items,
    schema_of,
)
from serving.wiring import Services, services_of
from workflow.actor import Actor
from workflow.assessment import Value
from workflow.promoting import MODELS
from workflow.refused import Refused

router = APIRouter(route_class=StrictRoute)
Explain = Annotated[Literal["none", "top", "full"], Query()]
Signed = Annotated[Actor, Depends(signed_in)]


async def _score(request: Request, endpoint: str, explain: str) -> Response:
    services = services_of(request)
    body = parse_json(await request.body())

    def work() -> bytes:
        return _answer(services, endpoint, body, explain)

    items = body.get("items") if isinstance(body, dict) else None
    rows = items if isinstance(items, list) else []
    if len(rows) > SMALL_ROWS:
        content = await _batches(request).run(work)
    elif endpoint == "return-reason" or all(isinstance(i, dict) and "facts" in i for i in rows):
        content = work()
    else:
        content = await asyncio.to_thread(work)
    return Response(content, media_type="application/json")


def _batches(request: Request) -> Batches:
    found: Batches = request.app.state.batches
    return found


def _answer(services: Services, endpoint: str, body: object, explain: str) -> bytes:
    shelf = services.shelf.get(MODEL_OF[endpoint])
    rules: Mask | None = services.disposition_rules if endpoint == "disposition" else None
    with services.lookups(endpoint) as lookup:
        questions = read_items(
            body,
            endpoint,
            max_text=services.settings.max_text_chars,
            lookup=lookup,
            rules=rules,
        )
    ranked = endpoint == "reconciliation-exceptions"
    services.metrics.scored(endpoint, len(questions))
    return orjson.dumps(answer(shelf, questions, explain, ranked))


def _says(endpoint: str) -> dict[str, Any]:
    """What the API's document says of a scoring route."""
    return {
        "tags": ["scoring"],
        "openapi_extra": items_body(endpoint),
        "responses": {200: {"model": ScoreAnswer}},
    }


@router.post("/v1/score/return-reason", **_says("return-reason"))
async def score_return_reason(
    request: Request, actor: Signed, explain: Explain = "top"
) -> Response:
    """Classify what customers write into canonical return reasons, with the words that did it."""
    return await _score(request, "return-reason", explain)


@router.post("/v1/score/disposition", **_says("disposition"))
async def score_disposition(request: Request, actor: Signed, explain: Explain = "top") -> Response:
    """Predict what will happen to goods, among what the rules allow."""
    return await _score(request, "disposition", explain)


@router.post("/v1/score/credit-anomaly", **_says("credit-anomaly"))
async def score_credit_anomaly(
    request: Request, actor: Signed, explain: Explain = "top"
) -> Response:
    """Say how unusual a credit is, and which of its facts make it so."""
    return await _score(request, "credit-anomaly", explain)


@router.post("/v1/score/reconciliation-exceptions", **_says("reconciliation-exceptions"))
async def score_exceptions(request: Request, actor: Signed, explain: Explain = "top") -> Response:
    """Rank reconciliation exceptions by the loss to expect."""
    return await _score(request, "reconciliation-exceptions", explain)


@router.get("/v1/score/schema/{model}", responses=answers(JsonSchema), tags=["scoring"])
async def read_score_schema(
    model: Literal["return-reason", "disposition", "credit-anomaly", "reconciliation-exceptions"],
    actor: Signed,
) -> Json:
    """JSON Schema of one item, with units and a complete example."""
    return schema_of(model)


# -- Open Inference Protocol v2 ----------------------------------------------------------------

_OIP_TYPES = {"number": "FP64", "category": "BYTES", "flag": "BOOL", "text": "BYTES"}


def _endpoint_of(model: str) -> str:
    names = {name: endpoint for endpoint, name in MODEL_OF.items()} | {e: e for e in MODEL_OF}
    if model not in names:
        raise Refused("unknown_model", f"There is no model {model!r}; there are {list(MODELS)}.")
    return names[model]


@router.get("/v2/health/live", responses=answers(Live), tags=["open inference"])
async def live() -> Json:
    """The process answers."""
    return {"live": True}


@router.get("/v2/health/ready", responses=answers(ServerReady), tags=["open inference"])
async def ready() -> Json:
    """The process takes requests; whether a model answers is said by the model's own ready."""
    return {"ready": True}


@router.get("/v2/models/{model}/ready", responses=answers(ModelReady), tags=["open inference"])
async def model_ready(model: str, request: Request, actor: Signed) -> Json:
    """Whether a promoted model answers; without one every answer is abstained."""
    shelf = services_of(request).shelf.get(MODEL_OF[_endpoint_of(model)])
    return {"name": model, "ready": not isinstance(shelf.model, Prior)}


@router.get("/v2/models/{model}", responses=answers(ModelMetadata), tags=["open inference"])
async def model_metadata(model: str, request: Request, actor: Signed) -> Json:
    """Inputs and outputs of a model in the protocol's words."""
    name = MODEL_OF[_endpoint_of(model)]
    shelf = services_of(request).shelf.get(name)
    columns = (
        [("text", "text")]
        if name == "reason"
        else [(column.name, column.kind) for column in SETS[name].columns]
    )
    return {
        "name": name,
        "versions": [shelf.ref.version],
        "platform": "returns-triage",
        "inputs": [
            {"name": column, "datatype": _OIP_TYPES[kind], "shape": [-1]}
            for column, kind in columns
        ],
        "outputs": [
            {"name": "value", "datatype": "BYTES", "shape": [-1]},
            {"name": "confidence", "datatype": "FP64", "shape": [-1]},
            {"name": "abstained", "datatype": "BYTES", "shape": [-1]},
        ],
    }


def _oip_items(body: object, name: str) -> list[Json]:
    """The protocol's columns as rows. Errors: ``Invalid`` that names the input."""
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, list) or not inputs:
        raise Invalid("invalid_request", "The body is an object with a list called inputs.")
    columns: dict[str, list[Value]] = {}
    for one in inputs:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise Invalid("invalid_request", "Each input has a name and data.")
        data = one.get("data")
        if not isinstance(data, list):
            raise Invalid("invalid_request", f"Input {one['name']!r}: data is a flat list.")
        _check_shape(one["name"], one.get("shape"), len(data))
        if one["name"] in columns:
            raise Invalid("invalid_request", f"Input {one['name']!r} is given twice.")
        columns[one["name"]] = data
    lengths = {len(data) for data in columns.values()}
    if len(lengths) != 1:
        raise Invalid("invalid_request", f"Inputs differ in length: {sorted(lengths)}.")
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    if name == "reason":
        return [dict(row) for row in rows]
    return [{"facts": row} for row in rows]


def _check_shape(name: str, shape: object, values: int) -> None:
    """One value a row. Errors: ``Invalid`` where a shape is told that is not the data's own."""
    if shape not in (None, [values], [values, 1]):
        raise Invalid(
            "invalid_request",
            f"Input {name!r}: shape is {shape!r}, data has {values}: the shape is [{values}].",
        )


async def _protocol(request: Request, model: str, explain: str) -> tuple[Json, Json]:
    """The head of the protocol's answer and ours, of a large request in its turn."""
    body = parse_json(await request.body())
    endpoint = _endpoint_of(model)
    items = _oip_items(body, MODEL_OF[endpoint])
    work = partial(_oip, services_of(request), endpoint, items, explain)
    large = len(items) > SMALL_ROWS
    head, content = await (_batches(request).run(work) if large else asyncio.to_thread(work))
    name = body.get("id") if isinstance(body, dict) else None
    return head | ({"id": name} if name else {}), content


def _oip(services: Services, endpoint: str, items: list[Json], explain: str) -> tuple[Json, Json]:
    content = orjson.loads(_answer(services, endpoint, {"items": items}, explain))
    for item in content["items"]:
        if "problem" in item:
            raise Invalid(item["problem"]["code"], f"Row {item['id']}: {item['problem']['detail']}")
    head: Json = {
        "model_name": content["model"]["name"],
        "model_version": content["model"]["version"],
    }
    return head, content


_INPUTS = body_of(
    "The protocol's JSON form: inputs by name, each with a flat list of data.",
    {
        "type": "object",
        "required": ["inputs"],
        "properties": {"inputs": {"type": "array", "items": {"type": "object"}}},
    },
)


@router.post(
    "/v2/models/{model}/infer",
    responses=answers(Inference),
    tags=["open inference"],
    openapi_extra=_INPUTS,
)
async def infer(model: str, request: Request, actor: Signed) -> Json:
    """Predictions in the Open Inference Protocol: ``value``, ``confidence``, ``abstained``."""
    head, content = await _protocol(request, model, "none")
    items = content["items"]
    assert isinstance(items, list)
    outputs = [
        {
            "name": name,
            "datatype": datatype,
            "shape": [len(items)],
            "data": [item[name] for item in items],
        }
        for name, datatype in (("value", "BYTES"), ("confidence", "FP64"), ("abstained", "BYTES"))
    ]
    return head | {"outputs": outputs}


@router.post(
    "/v2/models/{model}/explain",
    responses=answers(InferenceExplained),
    tags=["open inference"],
    openapi_extra=_INPUTS,
)
async def explain(model: str, request: Request, actor: Signed) -> Json:
    """Our documented extension of the protocol: the explanation of each row, in full."""
    head, content = await _protocol(request, model, "full")
    items = content["items"]
    assert isinstance(items, list)
    return head | {
        "explanations": [
            {"value": item["value"], "explanation": item["explanation"]} for item in items
        ]
    }
