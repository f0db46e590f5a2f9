"""Approval limits: rows of who x document x currency x from-to x reason, read as rules.

The shape is the approval limit row of receivables systems (role, document type, currency,
from, to, reason; an amount out of range goes to the next in the hierarchy), with one more
kind of holder: a *principal* that is not a person (``system``, ``model``), whose rows let
something pass without a person, and whose ``[[stop]]`` rows switch it off for a reason or an
item class at once.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

ANY = "*"


@dataclass(frozen=True, slots=True)
class Limit:
    """One row. Exactly one of ``role`` and ``principal`` is set; ``max_minor`` ``None`` is
    without limit; empty ``reasons`` or ``item_classes`` mean any. Bounds are inclusive.
    ``approvals`` is how many people must agree, for write-offs and goods alone."""

    id: str
    document: str
    currency: str
    because: str
    role: str | None = None
    principal: str | None = None
    min_minor: int = 0
    max_minor: int | None = None
    reasons: tuple[str, ...] = ()
    item_classes: tuple[str, ...] = ()
    approvals: int = 1

    def covers(
        self,
        role: str,
        document: str,
        currency: str,
        amount_minor: int,
        reason: str | None,
        item_class: str | None = None,
    ) -> bool:
        """Whether somebody with this role may approve this amount by this row."""
        return (
            self.role == role
            and self.document == document
            and self.currency in (ANY, currency)
            and amount_minor >= 0
            and (self.max_minor is None or amount_minor <= self.max_minor)
            and (not self.reasons or reason in self.reasons)
            and (not self.item_classes or item_class in self.item_classes)
        )

    def hides(self, later: "Limit") -> bool:
        """Whether a row that stands below could never speak, because this one always would."""
        highest = self.max_minor
        return (
            self.principal in (None, later.principal)
            and self.document == later.document
            and self.currency in (ANY, later.currency)
            and self.min_minor <= later.min_minor
            and (highest is None or (later.max_minor is not None and later.max_minor <= highest))
            and _any_or_all(self.reasons, later.reasons)
            and _any_or_all(self.item_classes, later.item_classes)
        )

    def condition(self, stops: Sequence["Stop"]) -> str:
        """The row as a CEL condition; a principal's row holds only where no stop applies."""
        terms = [f"document == {_text(self.document)}"]
        if self.currency != ANY:
            terms.append(f"currency == {_text(self.currency)}")
        terms.append(f"amount_minor >= {self.min_minor}")
        if self.max_minor is not None:
            terms.append(f"amount_minor <= {self.max_minor}")
        terms += _among("reason", self.reasons) + _among("item_class", self.item_classes)
        if self.principal is not None:
            terms.append(f"principal_kind == {_text(self.principal)}")
            terms += [f"!({s.condition()})" for s in stops if s.principal == self.principal]
        return " && ".join(terms)


@dataclass(frozen=True, slots=True)
class Stop:
    """A kill switch: no row of ``principal`` holds for these reasons and item classes.

    Both empty stops the principal altogether; both given stops where both hold.
    """

    id: str
    principal: str
    because: str
    reasons: tuple[str, ...] = ()
    item_classes: tuple[str, ...] = ()

    def condition(self) -> str:
        terms = _among("reason", self.reasons) + _among("item_class", self.item_classes)
        return " && ".join(terms) or "true"


@dataclass(frozen=True, slots=True)
class SecondReview:
    """Of the tasks decided at ``point``, ``permille`` in a thousand are decided again, blind."""

    id: str
    point: str
    permille: int
    because: str


def _any_or_all(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    """Whether one list of names (empty: any) holds all that another does."""
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _among(name: str, values: tuple[str, ...]) -> list[str]:
    return [f"{name} in [{', '.join(map(_text, values))}]"] if values else []
