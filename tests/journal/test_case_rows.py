"""What the desk shows of a case is what the state machine says of it."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from journal.case_rows import CaseRows, apply, disposed
from journal.ledgers import Movements
from tests.journal import ledger_story as story
from workflow.events import (
    AuthorisationExpired,
    CreditDenied,
    ReturnCancelled,
    ReturnClosed,
    SurplusSettled,
    TaskWithdrawn,
)
from workflow.evolve import fold
from workflow.state import Unborn, status_of


@st.composite
def histories(draw: st.DrawFn) -> list[object]:
    """A request, perhaps an authorisation, then anything in any order that can be folded."""
    small = st.integers(1, 4).map(str)
    events: list[object] = [story.requested()]
    if not draw(st.booleans()):
        return events
    events.append(story.authorised(quantity=draw(small), goods=draw(st.booleans())))
    portions = credits_ = open_credits = tasks = 0
    for turn in range(draw(st.integers(0, 12))):
        step = draw(st.integers(0, 8))
        if step == 0:
            final = draw(st.booleans())
            events.append(story.received(quantity=draw(small), final=final, receipt=f"W-{turn}"))
        elif step == 1:
            portions += 1
            events.append(story.inspected(quantity=draw(small), portion=f"1.{portions}"))
            events.append(story.disposed(portion=f"1.{portions}", scrap=draw(small)))
        elif step == 2:
            credits_ += 1
            open_credits += 1
            events.append(story.proposed(sequence=credits_))
        elif step == 3 and open_credits:
            events.append(story.approved(sequence=credits_ - open_credits + 1, net_minor=10))
            open_credits -= 1
        elif step == 4 and open_credits:
            sequence = credits_ - open_credits + 1
            events.append(
                CreditDenied("R-1", 1, "1.1", sequence, "fiona", story.at(32), "no", story.SAID_YES)
            )
            open_credits -= 1
        elif step == 5:
            tasks += 1
            events.append(story.task_opened(number=tasks))
        elif step == 6 and tasks:
            events.append(TaskWithdrawn("R-1", f"R-1-T{tasks}", "overtaken"))
        elif step == 7:
            more = Decimal(draw(small))
            events.append(
                SurplusSettled("R-1", "T", 1, "SEAL-7", more, "accepted", "rita", story.at(12))
            )
    endings = [
        ReturnCancelled("R-1", "maria", story.at(5), "no"),
        AuthorisationExpired("R-1", story.at(5)),
        ReturnClosed("R-1", story.at(99)),
    ]
    return [*events, *draw(st.sampled_from([[], *([ending] for ending in endings)]))]


@given(histories())
@settings(max_examples=150, deadline=None)
def test_rows_and_state_agree(events: list[object]) -> None:
    """After every event: status, quantities, credits and open tasks are the state's; and the
    ledger holds what was authorised and may still come or has come, and what was approved."""
    rows, ledger = CaseRows(), Movements()
    for number, event in enumerate(events, start=1):
        apply(rows, event, number, story.at(number), ledger)  # type: ignore[arg-type]
        state = fold(events[:number])  # type: ignore[arg-type]
        assert not isinstance(state, Unborn)
        assert rows.case["status"] == status_of(state)
        (line,) = state.case.lines
        row = rows.lines[1]
        assert (row["authorised"], row["received"]) == (line.authorised, line.received)
        assert (row["released"], row["inspected"]) == (line.released, line.inspected)
        assert disposed(row) == line.disposed
        assert row["credited_minor"] == line.credited_minor
        is_open = {key for key, task in rows.tasks.items() if task["status"] == "open"}
        assert is_open == {task.opened.task_id for task in state.case.tasks}
        moved = ledger.by_line[("I-1", 1)]
        assert moved.net_minor == line.credited_minor
        expected = line.authorised - line.released if line.goods else Decimal(0)
        if rows.case["status"] in ("cancelled", "expired") and line.goods:
            expected = line.received
        assert moved.quantity == expected
