"""A recall is opened while goods are on their way back, lie in the warehouse, or are passed on.

Whatever the recall covers is marked, at any moment of a return and after it. Goods that wait for a
decision are judged anew by the rules for recalled goods; what was passed on is told, so that
somebody goes after it. A lot that nobody knows is covered: goods are safe when that is known.
"""

from workflow.commands import ReportRecall
from workflow.events import RecallReached
from workflow.run import Run
from workflow.state import Authorised, Closed, Line, UnderReview


def report_recall(run: Run, command: ReportRecall) -> None:
    """Mark everything of the return that the recall covers, each once."""
    if not isinstance(run.born, UnderReview | Authorised | Closed):
        return  # nothing came back
    for number in [line.number for line in run.case.lines]:
        line = run.case.line(number)
        if line is None or line.requested.sku != command.sku:
            continue
        _mark_portions(run, command, line)
        shipped = line.requested.lot or line.requested.facts.shipped_lot
        outside = line.inspected < max(line.received, line.authorised, line.requested.quantity)
        waiting = outside and not isinstance(run.state, Closed)
        if waiting and not line.recalled and _covers(command, shipped):
            run.emit(
                RecallReached(
                    run.case.return_id, command.recall_id, number, command.sku, run.at, lot=shipped
                )
            )


def _mark_portions(run: Run, command: ReportRecall, line: Line) -> None:
    for portion in line.portions:
        lot = portion.inspected.lot
        if portion.recalled or portion.inspected.recall_open or not _covers(command, lot):
            continue
        for point in ("disposition", "release"):
            run.withdraw(point, portion.id, f"recall {command.recall_id} was opened")
        run.emit(
            RecallReached(
                return_id=run.case.return_id,
                recall_id=command.recall_id,
                line=line.number,
                sku=command.sku,
                reached_at=run.at,
                portion=portion.id,
                lot=lot,
                passed_on=portion.placed,
            )
        )


def _covers(command: ReportRecall, lot: str | None) -> bool:
    return not command.lots or lot is None or lot in command.lots
