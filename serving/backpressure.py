"""What is too much is said at the door: more would only wait, and nobody could say how long."""

import time
from collections.abc import Callable

from sqlalchemy import Connection, text

from serving.errors import Invalid

MOST_WAITING_EFFECTS = 50_000
"""With so many effects waiting for other systems no new return is taken in."""
REMEMBERED_SECONDS = 5.0
"""How long a process trusts what it counted."""


class Door:
    """Counts what waits, now and then, and refuses intake while it is too much."""

    def __init__(
        self,
        most: int = MOST_WAITING_EFFECTS,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._tick = most, tick
        self._counted_at, self._full = float("-inf"), False

    def check(self, conn: Connection) -> None:
        """Errors: ``Invalid`` 503 ``overloaded``, to be tried again later."""
        if self._tick() - self._counted_at > REMEMBERED_SECONDS:
            query = text(
                "SELECT count(*) FROM (SELECT FROM effect WHERE status IN ('pending', 'doing')"
                " LIMIT :most) AS waiting"
            )
            self._full = conn.execute(query, {"most": self._most}).scalar_one() >= self._most
            self._counted_at = self._tick()
        if self._full:
            raise Invalid(
                "overloaded",
                f"{self._most} effects wait for other systems; no new return is taken until some"
                " are done. Try again later: nothing was recorded.",
                503,
            )
