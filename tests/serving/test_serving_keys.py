"""Which POST wants an Idempotency-Key: the API's document and the answers say the same."""

import re
from typing import Any, cast

import httpx

from tests.serving.documented import kept_document
from tests.serving.house import STAFF, House
from tests.serving.test_serving_openapi import resolve

Json = dict[str, Any]
TEXTS = ("1", "1.1")


def test_a_key_is_wanted_exactly_where_the_document_says_so(empty_house: House) -> None:
    """Every documented POST under /v1, sent without a key by whoever may send it, is refused with
    ``idempotency_key_missing`` where the header is required, and nowhere else."""
    document = kept_document()
    differ = {}
    for path, operations in document["paths"].items():
        if not path.startswith("/v1/") or "post" not in operations:
            continue
        operation = operations["post"]
        headers = [p for p in operation.get("parameters", ()) if p["name"] == "Idempotency-Key"]
        assert all(header["required"] for header in headers)
        code = _code(_sent(empty_house, path, operation, document))
        if (code == "idempotency_key_missing") != bool(headers):
            differ[path] = code
    assert differ == {}


def _sent(house: House, path: str, operation: Json, document: Json) -> httpx.Response:
    """The least that fits, by the first who may send it."""
    address = re.sub(r"{\w+}", "1", path)
    (kind, form), *_ = operation.get("requestBody", {"content": {"": {}}})["content"].items()
    for who in STAFF:
        if kind.startswith("multipart/"):
            headers = house.headers(who, "")
            sent = house.client.post(address, files={"file": b"x"}, headers=headers)
            answer = cast(httpx.Response, sent)
        else:
            body = least(form["schema"], document) if form else {}
            answer = house.post(address, body, who, key="", Content_Type=kind)
        if answer.status_code != 403:
            return answer
    raise AssertionError(f"nobody may send {path}")


def _code(answer: httpx.Response) -> str | None:
    return answer.json()["code"] if answer.status_code >= 400 else None


def least(schema: Json, document: Json) -> Any:
    """The smallest value that fits a schema of a body."""
    schema = resolve(schema, document)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return least(schema[union][0], document)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    match schema.get("type"):
        case "object":
            parts = schema.get("properties", {})
            named = {name: least(parts[name], document) for name in schema.get("required", ())}
            if len(named) < schema.get("minProperties", 0):
                named["1"] = least(schema["additionalProperties"], document)
            return named
        case "array":
            return [least(schema["items"], document)] * schema.get("minItems", 0)
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return True
    formats = {"date": "2026-11-02", "date-time": "2026-11-02T08:00:00Z"}
    fitting = [text for text in TEXTS if re.search(schema.get("pattern", ""), text)]
    return formats.get(schema.get("format", ""), fitting[0])
