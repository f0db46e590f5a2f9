"""How long to wait before another try: longer each time, and never all at the same moment."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Waits:
    """Exponential back-off with jitter: ``first_seconds``, then ``factor`` times the one before,
    at most ``most_seconds``; of each at least half."""

    first_seconds: float
    factor: float
    most_seconds: float

    def after(self, failures: int, draw: float) -> timedelta:
        """The wait after so many failures (from 1); ``draw`` is a number from 0 up to 1."""
        whole = self.first_seconds
        for _ in range(failures - 1):
            whole = min(whole * self.factor, self.most_seconds)
        return timedelta(seconds=min(whole, self.most_seconds) * (0.5 + draw / 2))
