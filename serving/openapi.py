"""The OpenAPI document: problem documents instead of the framework's own error shape."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

Json = dict[str, Any]

PROBLEM: Json = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong and what to do next (RFC 9457); nothing was changed.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; programs decide by it."},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "todo": {"type": "string", "description": "What to do next."},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
_ANSWER: Json = {
    "description": "A problem document.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Any unique text; a retry with the same key gets the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
_IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the return as it was read; 412 where it changed since.",
    "schema": {"type": "string"},
}
_OPEN = ("/healthz", "/readyz", "/metrics", "/asyncapi.json", "/v2/health/live", "/v2/health/ready")
_SCORING = "/v1/score/"
_WITHOUT_KEY = (
    "/v1/events",
    "/v1/edi",
    "/v1/queue/{task_id}/lease",
    "/v1/queue/{task_id}/release",
)
"""What does the same when it is sent again, by what it says; scoring changes nothing."""

CLOUD_EVENT: Json = {
    "type": "object",
    "title": "CloudEvent",
    "description": "One fact as it is told: its envelope, and in data the fact itself.",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 128},
        "source": {"type": "string", "minLength": 1, "maxLength": 200},
        "type": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "dataschema": {"type": "string"},
        "data": {"type": "object"},
    },
}
"""One fact as it is told."""
FACT: Json = {
    "type": "object",
    "title": "Fact",
    "description": "What GET /v1/events/schema/{type} describes; beside it headers ce- in front.",
}
"""What a binary event has as its body."""


def document(app: FastAPI) -> Json:
    """The document of an app, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes
        )
        components = made.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas |= {"Problem": PROBLEM, "CloudEvent": CLOUD_EVENT, "Fact": FACT}
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        for path, operations in made["paths"].items():
            for method, operation in operations.items():
                _complete(path, method, operation)
        app.openapi_schema = made
    return app.openapi_schema


def _complete(path: str, method: str, operation: Json) -> None:
    operation["responses"].pop("422", None)
    if path in _OPEN:
        return
    operation["responses"]["default"] = _ANSWER
    operation["security"] = [{"key": []}]
    if method != "post" or not path.startswith("/v1/"):
        return
    if path not in _WITHOUT_KEY and not path.startswith(_SCORING):
        operation.setdefault("parameters", []).append(_KEY)
    if path.startswith("/v1/returns/"):
        operation["parameters"].append(_IF_MATCH)


def reference(name: str) -> Json:
    """A schema that stands among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def header(name: str, description: str) -> Json:
    """A header that a route reads by itself, where it is sent."""
    found: Json = {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}
    return found | {"description": description}


def body_of(description: str, schema: Json, kind: str = "application/json") -> Json:
    """``openapi_extra`` of a route that reads its body by itself."""
    return bodies_of(description, {kind: schema})


def bodies_of(description: str, schemas: Mapping[str, Json]) -> Json:
    """The same of a body whose form goes with its Content-Type."""
    content = {kind: {"schema": schema} for kind, schema in schemas.items()}
    body = {"required": True, "description": description, "content": content}
    return {"requestBody": body}
