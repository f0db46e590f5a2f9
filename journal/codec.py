"""An event in, its journal name and canonical JSON out, and back again without a loss.

The name is the class name in snake case. JSON follows pydantic's: ``Decimal`` and dates are
strings (ISO 8601, UTC as ``Z``), money is an integer. Canonical text has sorted keys, no
spaces and no NaN, so that a hash over it can be checked by anybody, in any language.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter

from workflow.events import CaseEvent
from workflow.facts import Fact

JsonDict = dict[str, Any]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


EVENT_CLASSES: Mapping[str, type] = {
    _snake(cls.__name__): cls for cls in (*get_args(CaseEvent), *get_args(Fact))
}
"""Every event the journal can hold, by its name there."""

_NAMES: Mapping[type, str] = {cls: name for name, cls in EVENT_CLASSES.items()}


class UnknownEvent(Exception):
    """The journal has no event of this class or name."""


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(EVENT_CLASSES[name])


def type_of(event: object) -> str:
    """The journal's name of an event: ``ReturnRequested`` is ``return_requested``."""
    name = _NAMES.get(type(event))
    if name is None:
        raise UnknownEvent(
            f"{type(event).__name__} is no event: add it to workflow.events.CaseEvent"
            " or workflow.facts.Fact."
        )
    return name


def encode(event: object) -> tuple[str, JsonDict]:
    """The name and JSON form of an event; features see exactly this JSON.

    Errors: ``UnknownEvent``.
    """
    name = type_of(event)
    payload: JsonDict = _adapter(name).dump_python(event, mode="json")
    return name, payload


def decode(name: str, payload: Mapping[str, Any]) -> Any:
    """The event that ``encode`` was given. ``decode(*encode(e)) == e``.

    Errors: ``UnknownEvent``; ``pydantic.ValidationError`` where the payload does not fit, which
    only a changed class or a damaged journal can cause.
    """
    if name not in EVENT_CLASSES:
        raise UnknownEvent(f"The journal holds a {name!r} that this version does not know.")
    return _adapter(name).validate_python(payload)


def canonical(payload: Mapping[str, Any]) -> str:
    """The one text of a payload that is stored and hashed.

    Errors: ``ValueError`` for NaN or infinity, which JSON has no word for.
    """
    return json.dumps(
        payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
