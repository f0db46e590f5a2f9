"""Health, and the Open Inference Protocol's answers."""

from typing import Any, Literal

from pydantic import ConfigDict

from serving.answers.form import Answer, Json
from serving.score_shapes import ExplanationAnswer


class Alive(Answer):
    status: Literal["ok"]


class Ready(Answer):
    """``models``: version by name; ``faults``: why a promoted version could not be loaded."""

    status: Literal["ready"]
    models: dict[str, str]
    faults: dict[str, str]


class OpenDocument(Answer):
    """A document whose form others define."""

    model_config = ConfigDict(extra="allow")


class AsyncApiDocument(OpenDocument):
    """AsyncAPI 3: what goes over the broker."""

    asyncapi: str
    info: Json
    channels: Json


class JsonSchema(OpenDocument):
    """A JSON Schema, 2020-12."""


class Live(Answer):
    live: bool


class ServerReady(Answer):
    ready: bool


class ModelReady(Answer):
    name: str
    ready: bool


class Tensor(Answer):
    name: str
    datatype: Literal["FP64", "BYTES", "BOOL"]
    shape: list[int]
    """-1 is any number of rows."""


class ModelMetadata(Answer):
    name: str
    versions: list[str]
    platform: str
    inputs: list[Tensor]
    outputs: list[Tensor]


class OutputTensor(Tensor):
    data: list[Any]


class Inference(Answer):
    """Columns, a value a row: ``value``, ``confidence`` and ``abstained``."""

    model_name: str
    model_version: str
    id: str | None = None
    """As in the request; left out where it had none."""
    outputs: list[OutputTensor]


class ExplainedRow(Answer):
    value: str | None
    explanation: ExplanationAnswer | None


class InferenceExplained(Answer):
    model_name: str
    model_version: str
    id: str | None = None
    """As in the request; left out where it had none."""
    explanations: list[ExplainedRow]
    """A row each, in order."""
