"""Every JSON answer of 2xx that a test gets, held against what the API's document says of it.

The document is the golden file, which ``test_serving_openapi.py`` holds against the app: making it
anew takes seconds. Answers are held against compiled validators (a fraction of a millisecond);
what differs is then told by a slower one that knows where it was. A form is compiled once a
process, when it is first answered.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema
import httpx
import orjson
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import best_match  # type: ignore[import-untyped]

Json = dict[str, Any]
Check = Callable[[object], object]
GOLDEN = Path(__file__).parents[1] / "golden" / "openapi.json"
_PARAMETER = re.compile(r"{\w+}")


class Documented:
    """What a document says of the answers of its operations."""

    def __init__(self, document: Json) -> None:
        self._components = document["components"]
        self._paths: Mapping[str, Json] = document["paths"]
        paths = sorted(self._paths, key=lambda path: -len(_PARAMETER.sub("", path)))
        self._patterns: list[tuple[re.Pattern[str], str]] = [
            (re.compile(_PARAMETER.sub(".+", path)), path) for path in paths
        ]
        self._checks: dict[bytes, Check] = {}

    def check(self, method: str, path: str, status: int, body: bytes) -> None:
        """An operation that is not in the document may answer anything.

        Errors: ``AssertionError`` with the operation, where in its answer, and what differs.
        """
        template = self._template(method.lower(), path)
        if template is None:
            return
        where = f"{method} {template} {status}"
        said = self._paths[template][method.lower()]["responses"].get(str(status))
        assert said is not None, f"{where}: the document does not know this status"
        whole = {
            "components": self._components,
            "allOf": [said["content"]["application/json"]["schema"]],
        }
        answer = orjson.loads(body)
        try:
            self._compiled(whole)(answer)
        except fastjsonschema.JsonSchemaValueException as error:
            raise AssertionError(f"{where}: {_says(whole, answer) or error.message}") from None

    def _template(self, method: str, path: str) -> str | None:
        """The documented path of a request: the most literal one that fits."""
        for pattern, template in self._patterns:
            if method in self._paths[template] and pattern.fullmatch(path):
                return template
        return None

    def _compiled(self, whole: Json) -> Check:
        key = orjson.dumps(whole["allOf"])
        if key not in self._checks:
            self._checks[key] = fastjsonschema.compile(whole)
        return self._checks[key]


def _says(whole: Json, answer: object) -> str | None:
    """What differs, and where."""
    error: Any = best_match(Draft202012Validator(whole).iter_errors(answer))
    return f"{error.json_path}: {error.message[:500]}" if error else None


@cache
def kept_document() -> Json:
    """The API's document as it is kept; not to be changed."""
    read: Json = orjson.loads(GOLDEN.read_bytes())
    return read


@cache
def _known() -> Documented:
    return Documented(kept_document())


def hold_to_document(response: httpx.Response) -> None:
    """The response hook of a test's client."""
    kind = response.headers.get("content-type", "").partition(";")[0]
    if not response.is_success or kind != "application/json":
        return
    asked = response.request
    _known().check(asked.method, asked.url.path, response.status_code, response.read())
