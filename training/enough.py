"""Says plainly when there is too little to learn from, and how much is needed."""

from collections import Counter
from collections.abc import Iterable

from training.split import Timed, case_of

LEAST_CASES = 20
"""Five stretches of a few cases each, and as many as two of them to calibrate and to judge."""


class TooLittle(Exception):
    """A model cannot be trained yet. The message says what is missing and how many are needed."""


def need(model: str, what: str, have: int, least: int, how: str) -> None:
    """Refuses with ``TooLittle`` where ``have < least``; ``how`` says how to get more."""
    if have < least:
        raise TooLittle(
            f"{model} cannot be trained yet: {have} {what}, and at least {least} are needed. {how}"
        )


def need_cases(model: str, items: Iterable[Timed]) -> None:
    """Refuses with ``TooLittle`` where too few cases stand behind the rows: parts of a split, and
    the stretches that answer for each other, hold whole cases."""
    cases = len({case_of(item) for item in items})
    how = "Rows of one case never lie in two parts: name the case of each row, or leave it out."
    need(model, "cases", cases, LEAST_CASES, how)


def common(labels: Iterable[str], least: int) -> tuple[str, ...]:
    """The labels that occur often enough to be learned, sorted."""
    return tuple(sorted(label for label, n in Counter(labels).items() if n >= least))
