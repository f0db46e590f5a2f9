"""Years of daily business with one customer, product, supplier and carrier."""

import random
from collections.abc import Iterator
from datetime import timedelta

from features.fold import Fact
from journal.codec import encode
from tests.features.journals import BUILDERS, START


def busy_years(years: int) -> Iterator[Fact]:
    """Every kind of fact in turn, one kind a day, and a sale a day."""
    names = sorted(BUILDERS)
    position = 0
    for day in range(365 * years):
        now = START + timedelta(days=day)
        for name in ("_invoice", "_claim", names[day % len(names)]):
            position += 1
            event = BUILDERS[name](random.Random(position), now)
            yield Fact(position, now, *encode(event))
