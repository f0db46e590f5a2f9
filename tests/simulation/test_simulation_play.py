"""People at their desks: who decides what, what stays open, and what faults may not break."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from simulation.answers import answers_to
from simulation.desk import Desk, TaskView
from simulation.fake_desk import FakeDesk
from simulation.faults import FaultyCall, FaultyDesk, Rates
from simulation.play import PlayReport, play
from simulation.world import World
from workflow.facts import InvoiceRecorded

NOISY = Rates(duplicate=0.1, delay=0.08, reorder=0.1, drop=0.02, lie=0.08)


@pytest.fixture(scope="module")
def demo() -> tuple[World, FakeDesk, PlayReport]:
    world, desk = World(8123), FakeDesk()
    return world, desk, play(world, desk)


@pytest.fixture(scope="module")
def small() -> World:
    return World(7, 60, 0.2)


def test_the_demo_leaves_a_queue_of_recent_tasks_of_several_roles(
    demo: tuple[World, FakeDesk, PlayReport],
) -> None:
    """40 to 60 tasks stay open, for at least four roles, opened in the last two weeks."""
    world, desk, report = demo
    tasks = desk.open_tasks()
    assert 40 <= report.open_tasks == len(tasks) <= 60
    assert len({task.role for task in tasks}) >= 4
    assert all((world.ends_at - task.opened_at).days <= 14 for task in tasks)


def test_most_of_the_history_is_worked_off(demo: tuple[World, FakeDesk, PlayReport]) -> None:
    """Requests are made, goods received and inspected, tasks decided, claims answered."""
    world, _, report = demo
    assert report.requested > 0.95 * len(world.returns)
    assert report.inspected > 0.9 * sum(1 for _ in world.inspections())
    assert report.exceptions_resolved > 0.6 * report.exceptions_raised > 0
    assert report.claims_answered > 100
    assert report.days == 180
    assert not [
        code for code in report.refused if code.startswith(("decide", "receive", "inspect"))
    ]


def test_only_known_mistakes_and_the_greedy_are_refused_at_the_door(
    demo: tuple[World, FakeDesk, PlayReport],
) -> None:
    """Requests are refused for too much or a wrong lot, and for nothing else."""
    _, _, report = demo
    at_the_door = {code for code in report.refused if code.startswith("request:")}
    assert at_the_door == {"request:over_return", "request:wrong_lot"}


def test_nobody_decides_their_own_request_or_inspection(
    demo: tuple[World, FakeDesk, PlayReport],
) -> None:
    """No decision is by the requester or by an inspector of the goods."""
    world, desk, _ = demo
    for task, _, _, actor in desk.decisions:
        planned = world.by_return[task.return_id]
        assert actor.id != planned.request.requested_by.id
        assert actor.id not in {found.inspected_by.id for found in planned.inspections}
        assert actor.kind == "person"


def test_people_settle_on_the_label_and_experts_on_their_draw(
    demo: tuple[World, FakeDesk, PlayReport],
) -> None:
    """Reasons equal the known label; dispositions are always among the options allowed."""
    world, desk, _ = demo
    for task, _, chosen, _ in desk.decisions:
        if task.point == "reason":
            truth = world.by_return[task.return_id].request.truth.lines[(task.line or 1) - 1]
            assert chosen == truth.labelled
        if task.point == "disposition":
            assert chosen in task.allowed


def test_abusive_requests_are_denied_more_often(demo: tuple[World, FakeDesk, PlayReport]) -> None:
    """The share of rejected credits is several times higher for abusive patterns."""
    world, desk, _ = demo
    rejected: Counter[bool] = Counter()
    total: Counter[bool] = Counter()
    for task, decision, _, _ in desk.decisions:
        if task.point == "credit":
            abusive = world.by_return[task.return_id].request.truth.abuse is not None
            total[abusive] += 1
            rejected[abusive] += decision == "reject"
    assert rejected[True] / total[True] > 5 * rejected[False] / total[False]


def test_playing_twice_is_playing_once(small: World) -> None:
    """The same world on two fresh desks makes the same decisions in the same order."""
    one, other = FakeDesk(), FakeDesk()
    assert play(small, one) == play(World(7, 60, 0.2), other)
    assert one.decisions == other.decisions


def test_a_proposal_the_expert_shares_is_approved(small: World) -> None:
    """Where the proposal is what the person wants anyway, the answer is approve."""
    found = next(small.inspections())
    choice = found.truth.choose()
    task = TaskView(
        "T-1", found.return_id, "disposition", "quality", 0, "USD", found.at, found.at,
        found.line, found.portion, choice, ("restock", "scrap", choice),
    )  # fmt: skip
    inspected = {(found.return_id, found.portion): found}
    assert answers_to(small, replace(task, allowed=()), inspected)[0].decision == "approve"
    other = next(option for option in ("scrap", "restock") if option != choice)
    unlike = replace(task, proposal=other, allowed=(choice, other))
    overridden = answers_to(small, unlike, inspected)
    assert (overridden[0].decision, overridden[0].value) == ("override", choice)
    assert overridden[0].reason_code and overridden[0].note


def test_the_workshop_answers_for_all_that_is_left(small: World) -> None:
    """It says what came of the goods, a second way out where the first may be barred; what it
    reports is accepted."""
    found = next(small.inspections())
    task = TaskView(
        "T-1", found.return_id, "refurbish", "warehouse", 0, "USD", found.at, found.at,
        found.line, found.portion, None, ("as_new", "scrap", "return_to_vendor", "stopped"),
    )  # fmt: skip
    answers = answers_to(small, task, {})
    assert [answer.value for answer in answers] in (["as_new"], ["scrap", "stopped"])
    assert all(answer.note for answer in answers)
    check = replace(task, point="refurbish_check", proposal="restock")
    assert [answer.decision for answer in answers_to(small, check, {})] == ["approve"]


def test_progress_is_told_every_day(small: World) -> None:
    """The progress callback hears of every day once, in order."""
    heard: list[int] = []
    play(small, FakeDesk(), progress=lambda done, total, line: heard.append(done))
    assert heard == list(range(1, 61))


def test_days_are_opened_in_order_and_once(small: World) -> None:
    """The desk sees every day of the history exactly once."""
    desk = FakeDesk()
    play(small, desk)
    assert desk.days == sorted(set(desk.days))
    assert len(desk.days) == 60


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_faults_break_no_ledger(small: World, seed: int) -> None:
    """With messages doubled, late, reordered, dropped and lied about: credits stay under what was
    invoiced, nothing is returned beyond delivery, and the first telling of a fact stands."""
    desk = FakeDesk()
    faulty = FaultyDesk(desk, seed, NOISY)
    play(small, faulty)
    kinds = Counter(kind for kind, _ in faulty.log)
    assert {"duplicate", "delay", "reorder", "drop", "lie"} <= set(kinds)
    truth = {sale.fact.invoice_id: sale.fact for sale in small.sales}
    for (name, key), fact in desk.facts.items():
        if name == "InvoiceRecorded":
            assert fact == truth[key]
    _check_credits(desk)


def _check_credits(desk: FakeDesk) -> None:
    credited: Counter[tuple[str, int]] = Counter()
    for key, amount in desk.credited.items():
        return_id, line = key.split("/")[:2]
        source = desk.cases[return_id].intent.lines[int(line) - 1].source
        if source is not None:
            credited[source.invoice_id, source.line] += amount
    for (invoice_id, number), amount in credited.items():
        invoice = desk.facts[("InvoiceRecorded", invoice_id)]
        assert isinstance(invoice, InvoiceRecorded)
        assert amount <= invoice.lines[number - 1].net_minor


def test_a_request_told_twice_is_refused_or_the_same(small: World) -> None:
    """Doubled requests and receipts leave a refusal in the log and no second case."""
    desk = FakeDesk()
    faulty = FaultyDesk(desk, 4, Rates(duplicate=0.5, delay=0, reorder=0, drop=0, lie=0))
    play(small, faulty)
    codes = {kind for kind, _ in faulty.log if kind.startswith("refused:")}
    assert "refused:return_exists" in codes
    assert codes <= {"refused:return_exists", "refused:already_decided", "refused:wrong_state"}


def test_rates_that_leave_no_room_are_refused() -> None:
    """Rates of one or more would never deliver anything as it is."""
    with pytest.raises(ValueError, match="the rates add up to"):
        Rates(duplicate=0.5, delay=0.5, reorder=0, drop=0, lie=0)


def test_a_faulty_call_performs_at_least_once_when_retried() -> None:
    """Retried until it answers, every call was performed; some more than once, none never."""
    performed: Counter[int] = Counter()

    def perform(asked: int) -> int:
        performed[asked] += 1
        return asked

    call = FaultyCall(
        perform, 9, unavailable=ConnectionError, unknown_outcome=TimeoutError, rates=NOISY
    )
    for n in range(300):
        for _ in range(50):
            try:
                assert call(n) == n
                break
            except (ConnectionError, TimeoutError):
                continue
    assert min(performed[n] for n in range(300)) >= 1
    assert max(performed.values()) > 1


def test_both_desks_keep_the_protocol() -> None:
    """The fake and the faulty desk can stand wherever a desk is asked for."""
    fake: Desk = FakeDesk()
    faulty: Desk = FaultyDesk(fake, 1)
    with faulty.day(datetime(2026, 1, 5, tzinfo=UTC).date()):
        assert list(faulty.open_tasks()) == []
        assert faulty.run_effects(datetime(2026, 1, 5, tzinfo=UTC)) == 0
