"""Large batches to score: in threads of their own, so that nothing quick waits behind them, and so
many under way in one process; one more is told to come again at once."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from serving.doors import AT_ONCE, BATCHES
from serving.errors import Invalid

T = TypeVar("T")
THREADS = os.cpu_count() or 2
"""More would share the same cores."""


class Batches:
    """Runs what is large, at most ``most`` at once; used by the event loop's thread alone."""

    def __init__(self, most: int = AT_ONCE[BATCHES]) -> None:
        self._most, self._inside = most, 0
        self._threads = ThreadPoolExecutor(THREADS, "batch")

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` answers, in the context of the caller.

        Errors: ``Invalid`` 503 ``overloaded`` where too many are under way; whatever it raises.
        """
        if self._inside >= self._most:
            raise Invalid(
                "overloaded",
                f"{self._most} large requests of scoring ({BATCHES}) are under way here. Try again"
                " shortly, or send fewer items: nothing was recorded.",
                503,
            )
        self._inside += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, partial(copy_context().run, work))
        finally:
            self._inside -= 1

    def close(self) -> None:
        """Nothing more is begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)
