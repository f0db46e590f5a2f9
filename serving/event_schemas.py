"""The form of each fact that other systems may tell, by version: served, and checked on arrival.

An event names its version by the end of its type (``returns-triage.invoice_recorded.v1``) or by
``dataschema``, the address where ``GET /v1/events/schema/{type}`` serves it; without either it is
the newest.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from serving.errors import Invalid
from serving.facts_in import KINDS
from serving.wanting import TYPE, WantedShape

FORMS: Mapping[str, type] = {**KINDS, TYPE: WantedShape}
"""What other systems may tell, by type: facts, and that a return is wanted."""
PATH = "/v1/events/schema/"
NEWEST = 1
VERSIONS: Mapping[str, tuple[int, ...]] = dict.fromkeys(FORMS, (NEWEST,))
"""Versions that are understood, by type. Fields that are added with a default make no new one."""

_TYPE = re.compile(r"(?P<name>.+?)(?:\.v(?P<version>[0-9]{1,4}))?")
_SCHEMA = re.compile(r".*" + re.escape(PATH) + r"(?P<name>[a-z_]+)(?:\?version=(?P<version>\d+))?")


def split(type_name: str) -> tuple[str, int | None]:
    """A type without its version, and the version where it names one."""
    found = _TYPE.fullmatch(type_name)
    if found is None:
        return type_name, None
    version = found["version"]
    return found["name"], int(version) if version else None


def check_version(name: str, version: int | None, dataschema: object) -> None:
    """Refuse a version that is not understood, and say where those that are stand.

    Errors: ``Invalid`` ``unknown_schema_version``.
    """
    if version is not None and version not in VERSIONS[name]:
        raise _unknown(name, f"version {version}")
    if dataschema is None:
        return
    found = _SCHEMA.fullmatch(dataschema) if isinstance(dataschema, str) else None
    if found is None or found["name"] != name:
        raise _unknown(name, f"dataschema {str(dataschema)[:200]!r}")
    if found["version"] and int(found["version"]) not in VERSIONS[name]:
        raise _unknown(name, f"version {found['version']}")


def _unknown(name: str, said: str) -> Invalid:
    known = [address(name, version) for version in VERSIONS[name]]
    return Invalid(
        "unknown_schema_version",
        f"{name}: {said} is not understood; see {' and '.join(known)}.",
        errors=[{"at": "dataschema", "message": place} for place in known],
    )


def address(name: str, version: int = NEWEST) -> str:
    """Where the schema of a type is served; what ``dataschema`` says."""
    return f"{PATH}{name}?version={version}"


@cache
def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a fact's ``data``, newest version."""
    made = TypeAdapter(FORMS[name]).json_schema(mode="validation")
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address(name),
        "version": NEWEST,
    }
    return about | made | {"additionalProperties": False}
