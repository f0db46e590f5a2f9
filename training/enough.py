"""Says plainly when there is too little to learn from, and how much is needed."""

from collections import Counter
from collections.abc import Iterable


class TooLittle(Exception):
    """A model cannot be trained yet. The message says what is missing and how many are needed."""


def need(model: str, what: str, have: int, least: int, how: str) -> None:
    """Refuses with ``TooLittle`` where ``have < least``; ``how`` says how to get more."""
    if have < least:
        raise TooLittle(
            f"{model} cannot be trained yet: {have} {what}, and at least {least} are needed. {how}"
        )


def common(labels: Iterable[str], least: int) -> tuple[str, ...]:
    """The labels that occur often enough to be learned, sorted."""
    return tuple(sorted(label for label, n in Counter(labels).items() if n >= least))
