"""One line, portion or credit of a case changed, the rest as it was.

Errors: ``AssertionError`` where the case has none such: an event that cannot follow is a bug.
"""

from collections.abc import Callable
from dataclasses import replace

from workflow.state import Case, Credit, Line, Portion


def on_line(case: Case, number: int, change: Callable[[Line], Line]) -> Case:
    """The case with one line changed."""
    if case.line(number) is None:
        raise AssertionError(f"{case.return_id} has no line {number}")
    lines = tuple(change(line) if line.number == number else line for line in case.lines)
    return replace(case, lines=lines)


def on_portion(case: Case, portion_id: str, change: Callable[[Portion], Portion]) -> Case:
    """The case with one portion changed."""
    portion = case.portion(portion_id)
    if portion is None:
        raise AssertionError(f"{case.return_id} has no portion {portion_id}")

    def inside(line: Line) -> Line:
        portions = tuple(change(p) if p.id == portion_id else p for p in line.portions)
        return replace(line, portions=portions)

    return on_line(case, portion.line, inside)


def on_credit(case: Case, number: int, sequence: int, change: Callable[[Credit], Credit]) -> Case:
    """The case with one credit of a line changed."""

    def inside(line: Line) -> Line:
        if all(c.sequence != sequence for c in line.credits):
            raise AssertionError(f"{case.return_id}/{number} has no credit {sequence}")
        credits = tuple(change(c) if c.sequence == sequence else c for c in line.credits)
        return replace(line, credits=credits)

    return on_line(case, number, inside)
