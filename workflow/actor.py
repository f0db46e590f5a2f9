"""Who acts: a person with roles, or one of the principals that are not people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mandate:
    """A role that ``of`` holds and has delegated, in force at the moment of acting."""

    role: str
    of: str
    delegation_id: str


@dataclass(frozen=True, slots=True)
class Actor:
    """``kind``: ``person``, ``system``, ``model`` or ``service``; ``roles``: ``Role`` codes.

    ``roles`` are held in one's own right; ``mandates`` only by delegation, and good for deciding
    tasks alone. ``for_whom`` is set where the actor acts in a delegator's name: ``roles`` are
    then that delegator's.
    """

    id: str
    roles: frozenset[str]
    kind: str = "person"
    mandates: tuple[Mandate, ...] = ()
    for_whom: str | None = None


SYSTEM = Actor("system", frozenset(), "system")
"""The workflow itself, acting as a policy told it to."""
