"""The people of the house: named, with one role each, enough that nobody decides their own work."""

import random
from collections.abc import Collection

from workflow.actor import Actor

_NAMES = {
    "customer_service": ("asha", "bruno", "carmen", "dirk", "elena"),
    "warehouse": ("femi", "greta", "hugo", "ivan"),
    "inspector": ("jonas", "kaya", "liam", "mei"),
    "quality": ("nadia", "oscar", "petra"),
    "returns_manager": ("quentin", "ruth", "silas"),
    "finance_clerk": ("tessa", "umar", "vera", "willem"),
    "finance_lead": ("xenia", "yusuf", "zora"),
    "procurement": ("abel", "bianca", "cyril"),
}
STAFF: dict[str, tuple[Actor, ...]] = {
    role: tuple(Actor(f"{name}.{role}", frozenset({role})) for name in names)
    for role, names in _NAMES.items()
}
"""Everybody, by role."""

EXPERT = STAFF["finance_lead"][0]
"""Who resolves reconciliation exceptions when no role is asked for."""


def anyone(draw: random.Random, role: str, but: Collection[str] = ()) -> Actor | None:
    """Somebody with the role who is not among ``but`` (ids); ``None`` where nobody is left."""
    free = [actor for actor in STAFF.get(role, ()) if actor.id not in but]
    return draw.choice(free) if free else None


def requester(draw: random.Random, channel: str) -> Actor:
    """Who types a request in: a colleague, or the portal itself as a service account."""
    if channel in ("portal", "e_commerce", "edi"):
        return Actor(f"svc-{channel.replace('_', '-')}", frozenset({"service"}), "service")
    return draw.choice(STAFF["customer_service"])
