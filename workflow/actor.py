"""Who acts: a person with roles, or one of the principals that are not people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """``kind``: ``person``, ``system``, ``model`` or ``service``; ``roles``: ``Role`` codes."""

    id: str
    roles: frozenset[str]
    kind: str = "person"


SYSTEM = Actor("system", frozenset(), "system")
"""The workflow itself, acting as a policy told it to."""
