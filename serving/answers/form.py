"""What all documented answers share."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """A form of the API's document; nothing is ever parsed with it.

    Fields that are not described are what their names say. ``null`` is "not known" or "not yet",
    unless a field says otherwise. What ends in ``_minor`` is in minor units of ``currency``.
    """

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


Json = dict[str, Any]
Time = Annotated[datetime, Field(description="RFC 3339, UTC.")]
Day = Annotated[date, Field(description="A day, ISO 8601.")]
Currency = Annotated[str, Field(min_length=3, max_length=3, description="ISO 4217.")]
Quantity = Annotated[
    int | str,
    Field(description="In the item's unit: an integer, or a decimal text where it is not whole."),
]
Share = Annotated[float, Field(ge=0, le=1, description="From 0 to 1.")]
Money = Annotated[int, Field(description="Minor units of the currency beside it.")]


def answers(form: type[Answer], *statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` of a route that answers so: with 200, unless others are named."""
    return {status: {"model": form} for status in statuses or (200,)}
