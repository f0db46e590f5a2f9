"""The API's document is a golden file, and no request made from it is ever our error.

Regenerate the golden file: ``TRIAGE_GOLDEN=write .venv/bin/python -m pytest
tests/serving/test_serving_openapi.py -k golden``.
"""

import json
import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from serving.app import create_app
from tests.integrations.erp_database import engine_of_a_copy
from tests.serving.documented import GOLDEN, kept_document
from tests.serving.house import STAFF, STORY, House, build, open_house, request_body

Json = dict[str, Any]


def test_the_document_is_the_golden_file(empty_house: House) -> None:
    """A change of the API is seen in review: the golden file changes with it. Each app of a process
    makes the same."""
    made, again = (
        orjson.dumps(app.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        for app in (empty_house.app, create_app(empty_house.services))
    )
    assert made == again
    if os.environ.get("TRIAGE_GOLDEN") == "write":
        GOLDEN.write_bytes(made + b"\n")
    assert GOLDEN.read_bytes() == made + b"\n", "the API changed: regenerate (see above)"


def test_every_operation_says_how_it_fails() -> None:
    """Each operation under /v1 and /v2 declares the problem document, a sentence and, where it
    takes a body, the body."""
    for path, operations in kept_document()["paths"].items():
        for method, operation in operations.items():
            if path.startswith(("/v1", "/v2/models")):
                assert "default" in operation["responses"], (method, path)
                assert operation.get("description"), (method, path)
            bare = path.endswith(("/lease", "/release"))
            if method == "post" and not bare:
                assert operation["requestBody"]["content"], path


def test_operations_have_short_names_of_their_own(empty_house: House) -> None:
    """A client's calls are named by them: a verb and its object, unique, no path or method in it.
    The golden file keeps them."""
    paths = empty_house.app.openapi()["paths"]
    names = [each["operationId"] for operations in paths.values() for each in operations.values()]
    assert len(names) == len(set(names)) > 100
    assert all(re.fullmatch(r"[a-z_]{4,28}", name) and "_v1" not in name for name in names), names


# -- fuzzing over the document ------------------------------------------------------------------

ODD_TEXT = st.sampled_from(
    ["", " ", "\0", "a\0b", "%00", "../..", "'; DROP TABLE event;--", "\u202e", "\U0001f4a9",
     "R-1001", "R-1001-T1", "C-1001", "PMP-1001", "INV-1001", "1.1", "x" * 65, "x" * 3000, "NaN",
     "1e400", "-1", "0", "9" * 400, "2026-02-30", "null", '"', "W1tdXQ", "{}", "\u00e9"]
)  # fmt: skip
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(width=32),
    ODD_TEXT, st.text(max_size=8), st.lists(st.integers(), max_size=2),
    st.dictionaries(ODD_TEXT, st.none(), max_size=2),
)  # fmt: skip


def resolve(schema: Json, document: Json) -> Json:
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = document["components"]["schemas"][name]
    return schema


def fitting(schema: Json, document: Json, depth: int = 0) -> SearchStrategy[Any]:
    """Values that mostly fit a schema; every ninth is anything at all."""
    schema = resolve(schema, document)
    return st.integers(0, 8).flatmap(
        lambda n: ODD if n == 0 or depth > 6 else _fitting(schema, document, depth + 1)
    )


def _fitting(schema: Json, document: Json, depth: int) -> SearchStrategy[Any]:
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return st.one_of([fitting(s, document, depth) for s in schema[union]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    kind = schema.get("type")
    if kind == "object":
        return _objects(schema, document, depth)
    if kind == "array":
        return st.lists(fitting(schema["items"], document, depth), max_size=3)
    if kind == "integer":
        return st.integers(schema.get("minimum", -3), min(schema.get("maximum", 99), 10**6))
    if kind == "number":
        return st.one_of(st.integers(0, 9), st.floats(0, 9))
    if kind == "boolean":
        return st.booleans()
    if kind == "null":
        return st.none()
    if schema.get("format") == "date":
        return st.dates().map(str)
    return ODD_TEXT


def _objects(schema: Json, document: Json, depth: int) -> SearchStrategy[Any]:
    parts = {n: fitting(s, document, depth) for n, s in schema.get("properties", {}).items()}
    needed = {n: s for n, s in parts.items() if n in schema.get("required", ())}
    others = {n: s for n, s in parts.items() if n not in needed}
    known = st.fixed_dictionaries(needed, optional=others)
    if schema.get("additionalProperties", True) is False or parts:
        return known
    return st.dictionaries(ODD_TEXT, ODD, max_size=3)


@pytest.fixture(scope="module")
def fuzzed(server_url: str, template_database: str, tmp_path_factory: Any) -> Iterator[House]:
    """One house for all requests: what one of them does, the next one meets."""
    with engine_of_a_copy(server_url, template_database) as engine:
        url = engine.url.render_as_string(hide_password=False)
        house = open_house(build(url, tmp_path_factory.mktemp("fuzzed")))
        with house.client:
            house.tell(*STORY.facts())
            body = request_body()
            body["lines"][0]["reason_code"] = None
            house.post("/v1/returns", body)
            house.perform()
            yield house


@settings(
    max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(st.data())
def test_no_request_is_ever_our_error(fuzzed: House, data: st.DataObject) -> None:
    """Whatever is sent to any operation: an answer or a problem document, never a 5xx."""
    document = kept_document()
    operations = [
        (path, method, operation)
        for path, methods in sorted(document["paths"].items())
        for method, operation in sorted(methods.items())
    ]
    path, method, operation = data.draw(st.sampled_from(operations))
    names = re.findall(r"{(\w+)}", path)
    for name in names:
        value = data.draw(st.one_of(st.just("R-1001"), ODD_TEXT, st.text(max_size=5)))
        path = path.replace(f"{{{name}}}", _quoted(value) or "-")
    query = {
        p["name"]: str(data.draw(fitting(p["schema"], document)))
        for p in operation.get("parameters", ())
        if p["in"] == "query" and data.draw(st.booleans())
    }
    content, kind = b"", "application/json"
    if "requestBody" in operation:
        kinds = operation["requestBody"]["content"]
        kind = data.draw(st.sampled_from(sorted(kinds)))
        value = data.draw(fitting(kinds[kind]["schema"], document))
        content = json.dumps(value).encode()  # also what no strict writer would write
    who = data.draw(st.sampled_from(sorted(STAFF)))
    headers = fuzzed.headers(who, Content_Type=kind)
    answer = fuzzed.client.request(method, path, params=query, content=content, headers=headers)
    assert answer.status_code < 500, (method, path, query, content[:500], answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        assert {"type", "title", "status", "code", "detail"} <= set(answer.json())


def test_after_all_of_it_nothing_differs(fuzzed: House) -> None:
    """The log, the read models, the ledgers and the memories still agree."""
    fuzzed.perform()
    assert fuzzed.differences() == []


def _quoted(value: str) -> str:
    return quote(value.encode("utf-8", "replace"), safe="")
