"""A gap in an item's master record is found or closed while goods of it are under way.

What is possible is asked by the record of now: goods that wait for a decision are asked about anew
where that makes a difference, and only there.
"""

from dataclasses import replace

from workflow.asking import dispositions_left
from workflow.codes import Point
from workflow.commands import ReportMasterGaps
from workflow.events import MasterGapsChanged
from workflow.evolve import evolve
from workflow.run import Run
from workflow.state import Authorised, Line, Unborn, UnderReview


def report_master_gaps(run: Run, command: ReportMasterGaps) -> None:
    """Mark the lines of the item whose dispositions wait for something else than before."""
    if not isinstance(run.born, UnderReview | Authorised):
        return  # nothing is left to decide
    for number in [line.number for line in run.case.lines]:
        line = run.case.line(number)
        if line is None or line.requested.sku != command.sku:
            continue
        if set(line.master_blocks) == set(command.blocks):
            continue
        changed = MasterGapsChanged(
            return_id=run.case.return_id,
            line=number,
            sku=command.sku,
            blocks=command.blocks,
            findings=command.findings,
            changed_at=run.at,
        )
        anew = _asked_anew(run, line, changed)
        for portion in anew:
            for point in (Point.DISPOSITION, Point.RELEASE):
                run.withdraw(point, portion, f"the master record of {command.sku} changed")
        run.emit(replace(changed, portions=anew))


def _asked_anew(run: Run, line: Line, changed: MasterGapsChanged) -> tuple[str, ...]:
    """The portions that wait or are on hold and have other possible dispositions afterwards."""
    after = evolve(run.born, changed)
    if isinstance(after, Unborn):
        raise AssertionError("a change of a master record left the case unborn")
    return tuple(
        portion.id
        for portion in line.portions
        if (not portion.parts or portion.held > 0)
        and dispositions_left(run.case, portion, run.policies, run.at).allowed
        != dispositions_left(after.case, portion, run.policies, run.at).allowed
    )
