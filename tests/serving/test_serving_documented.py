"""Every answer has its form in the API's document, and every test holds answers against it."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.serving.documented import Documented, kept_document
from tests.serving.house import House, request_body
from tests.serving.test_serving_openapi import resolve

Json = dict[str, Any]
OPEN = {"AsyncApiDocument", "JsonSchema"}
"""Documents whose forms others define."""


@pytest.fixture(scope="module")
def document() -> Json:
    """As it is kept; another test holds it against the app."""
    return kept_document()


def answered(document: Json) -> Iterator[tuple[str, Json]]:
    """Every schema of an answer of 2xx, by operation."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, said in operation["responses"].items():
                for kind, content in said.get("content", {}).items():
                    if status.startswith("2"):
                        yield f"{method} {path} {status} {kind}", content.get("schema") or {}


def test_no_answer_is_without_a_form(document: Json) -> None:
    """Each JSON answer is an object whose fields are listed, and which has no others."""
    bare = [
        name
        for name, schema in answered(document)
        if name.endswith("json")
        and schema.get("$ref", "").rsplit("/", 1)[-1] not in OPEN
        and (
            not (form := resolve(schema, document)).get("properties")
            or form.get("additionalProperties") is not False
        )
    ]
    assert bare == []


def test_what_differs_is_told_with_operation_and_place(house: House, document: Json) -> None:
    """A field that the document does not know, one that is missing or of another kind, a status:
    each is named, with the operation and the place in the answer."""
    known, made = Documented(document), house.post("/v1/returns", request_body()).json()

    def fault(answer: Json, status: int = 201) -> str:
        with pytest.raises(AssertionError) as told:
            known.check("POST", "/v1/returns", status, orjson.dumps(answer))
        return str(told.value)

    known.check("POST", "/v1/returns", 201, orjson.dumps(made))
    (line,) = made["lines"]
    unknown = fault(made | {"mood": "good"})
    assert unknown.startswith("POST /v1/returns 201: $: ") and "mood" in unknown
    assert "$.lines[0]: 'sku' is a required" in fault(
        made | {"lines": [{k: v for k, v in line.items() if k != "sku"}]}
    )
    assert "$.lines[0].value_minor: 1.5 is not" in fault(
        made | {"lines": [line | {"value_minor": 1.5}]}
    )
    assert "POST /v1/returns 200: the document does not know" in fault(made, 200)
