"""Named sources of chance: a draw added in one place never shifts another.

``Streams(seed).of("lot", sku, 3)`` is always the same stream, in every process and whatever
was drawn elsewhere: its seed is the SHA-256 of the world's seed and the names. ``random.Random``
is specified to repeat for an integer seed; nothing here depends on hash order.
"""

import hashlib
import math
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta


class Streams:
    """Every stream of one world."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def of(self, *names: object) -> random.Random:
        """A fresh stream for these names; asking twice gives the same draws twice."""
        text = "/".join([str(self.seed), *(str(name) for name in names)])
        return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big"))


def pick(stream: random.Random, weights: Mapping[str, float]) -> str:
    """One key, drawn in proportion to its weight. Order of the mapping is the order of the draw."""
    return stream.choices(list(weights), weights=list(weights.values()))[0]


def poisson(stream: random.Random, mean: float) -> int:
    """A Poisson count by Knuth's product of uniforms; for means under about 30."""
    limit, count, product = math.exp(-mean), 0, stream.random()
    while product > limit:
        count += 1
        product *= stream.random()
    return count


def gumbel(stream: random.Random) -> float:
    """A standard Gumbel draw: ``argmax(log p + gumbel)`` is a draw from ``p``."""
    return -math.log(-math.log(max(stream.random(), 1e-300)))


def office_time(stream: random.Random, on: date) -> datetime:
    """A moment between 07:00 and 17:00 UTC of that day, to the second."""
    seconds = 7 * 3600 + stream.randrange(10 * 3600)
    return datetime.combine(on, time(), UTC) + timedelta(seconds=seconds)


def working_day(on: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return on + timedelta(days=max(0, 7 - on.weekday())) if on.weekday() >= 5 else on


def one(stream: random.Random, options: Sequence[str]) -> str:
    """One of the options, each as likely."""
    return options[stream.randrange(len(options))]
