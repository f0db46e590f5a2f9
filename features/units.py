"""Reads the journal's JSON as whole numbers: days, milli-units, permille.

Folds add integers only, so that the same facts give the same memory in any order of JSON
keys and on any machine. Days count from 1970-01-01, in UTC; quantities are thousandths of
the product's unit; rates are thousandths, rounded half up.
"""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from features.fold import Fact

_EPOCH = date(1970, 1, 1).toordinal()
_ONE = Decimal(1)


def day_at(moment: datetime) -> int:
    """The UTC day of an aware moment, counted from 1970-01-01."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.toordinal() - _EPOCH


@lru_cache(maxsize=16_384)
def moment_of(text: str) -> datetime:
    """An ISO 8601 text as an aware UTC moment; ``ValueError`` names a text without an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time {text!r} has no offset: facts carry aware UTC times")
    return moment.astimezone(UTC)


@lru_cache(maxsize=16_384)
def day_of(text: str) -> int:
    """The UTC day of an ISO 8601 date or time, counted from 1970-01-01."""
    if len(text) == 10:
        return date.fromisoformat(text).toordinal() - _EPOCH
    return day_at(moment_of(text))


def optional_day(text: str | None) -> int | None:
    """``day_of``, where nothing stays nothing."""
    return None if text is None else day_of(text)


def event_day(fact: Fact, text: str) -> int:
    """The day something happened, at most the day it was recorded.

    A date in the future would otherwise push a whole history out of its window.
    """
    return min(day_of(text), day_at(fact.recorded_at))


@lru_cache(maxsize=16_384)
def milli(quantity: str) -> int:
    """A decimal quantity in thousandths of its unit, rounded half to even: ``"1.5"`` is 1500."""
    return int(Decimal(quantity).scaleb(3).quantize(_ONE, rounding=ROUND_HALF_EVEN))


def rounded(part: int, whole: int) -> int:
    """``part / whole`` rounded half up, in whole numbers only; ``whole`` is positive."""
    return (2 * part + whole) // (2 * whole)


def permille(part: int | None, whole: int | None) -> int | None:
    """``part`` in thousandths of ``whole``; ``None`` where either is ``None`` or ``whole`` <= 0."""
    if part is None or whole is None or whole <= 0:
        return None
    return rounded(1000 * part, whole)
