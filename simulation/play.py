"""Plays a world through a desk, day by day, on a fake clock.

Every day: what was put off is tried again at 06:00, then the day's happenings in time order; at
18:30 people decide the tasks of their role (never their own request or inspection), effects are
performed, suppliers answer; on Fridays the ledgers are reconciled and experts close exceptions.
Time given to the desk never runs backwards.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from simulation.answers import ESCALATE, Answer, answers_to
from simulation.desk import Desk, TaskView
from simulation.intents import (
    CancelIntent,
    FactsHappening,
    Happening,
    InspectionIntent,
    LedgerError,
    ReceiptIntent,
    RequestIntent,
)
from simulation.staff import anyone
from simulation.suppliers import answer, answer_day
from simulation.world import World
from workflow.actor import Actor
from workflow.refused import Refused

LEAVE_OPEN = 50
"""About how many tasks are still open when the history ends."""
PATIENCE_DAYS = 45
"""How long a parcel waits for an authorisation before it is sent away."""
_TASK_DELAYS = (0, 0, 0, 0, 1, 1, 1, 2, 3)


Progress = Callable[[int, int, str], None]
"""Called with days done, days in all, and a line of text."""


@dataclass(slots=True)
class PlayReport:
    """What was played. ``refused`` counts the house's "no" by step and code, ``decided`` tasks by
    point and decision, ``dropped`` intents that came to nothing."""

    days: int = 0
    facts: int = 0
    requested: int = 0
    received: int = 0
    inspected: int = 0
    effects: int = 0
    expired: int = 0
    exceptions_raised: int = 0
    exceptions_resolved: int = 0
    claims_answered: int = 0
    open_tasks: int = 0
    open_exceptions: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    decided: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)


def play(
    world: World, desk: Desk, *, progress: Progress | None = None, leave_open: int = LEAVE_OPEN
) -> PlayReport:
    """Play the whole history; answers what came of it. ``leave_open`` tasks stay in the queue,
    recent ones of every role; fewer where the world is too small for as many."""
    player = _Player(world, desk, leave_open)
    by_day = groupby(world.happenings(), key=lambda happening: happening.at.date())
    waiting = next(by_day, None)
    for n in range(world.days):
        on = world.start + timedelta(days=n)
        happenings: Iterable[Happening] = ()
        if waiting is not None and waiting[0] == on:
            happenings = list(waiting[1])
            waiting = next(by_day, None)
        with desk.day(on):
            player.day(on, happenings)
        if progress is not None:
            progress(n + 1, world.days, f"{on}: {player.report.requested} returns")
    player.report.open_tasks = len(desk.open_tasks())
    player.report.open_exceptions = len(desk.open_exceptions())
    return player.report


class _Player:
    def __init__(self, world: World, desk: Desk, leave_open: int) -> None:
        self.report = PlayReport()
        self._world = world
        self._desk = desk
        self._leave_open = leave_open
        self._put_off: list[tuple[ReceiptIntent | InspectionIntent, date]] = []
        self._requested: set[str] = set()
        self._received: set[str] = set()
        self._lost_receipts: set[str] = set()
        self._inspected: dict[tuple[str, str], InspectionIntent] = {}
        self._portions: Counter[tuple[str, int]] = Counter()
        self._accepted: dict[tuple[str, int], bool] = {}
        self._given_up: set[str] = set()

    def day(self, on: date, happenings: Iterable[Happening]) -> None:
        self._try_again(datetime.combine(on, time(6), UTC), on)
        facts: list[FactsHappening] = []
        for happening in happenings:
            if isinstance(happening, FactsHappening):
                facts.append(happening)
                continue
            self._tell(facts)
            facts = []
            self._act(happening, on)
        self._tell(facts)
        self._evening(on)
        self.report.days += 1

    def _tell(self, happenings: list[FactsHappening]) -> None:
        """Facts between two intents are told together, at the time of the last."""
        if happenings:
            facts = [fact for happening in happenings for fact in happening.facts]
            self._desk.record(facts, happenings[-1].at)
            self.report.facts += len(facts)

    def _act(self, happening: Happening, on: date) -> None:
        match happening:
            case RequestIntent():
                self._request(happening)
            case LedgerError():
                if happening.return_id in self._requested:
                    self._desk.misbook(happening)
            case CancelIntent():
                self._cancel(happening)
            case ReceiptIntent() | InspectionIntent():
                if happening.return_id in self._requested:
                    self._goods(happening, on + timedelta(days=PATIENCE_DAYS))
            case FactsHappening():
                raise AssertionError("facts are told, not acted")

    def _request(self, intent: RequestIntent) -> None:
        try:
            self._desk.request(intent)
        except Refused as no:
            self.report.refused[f"request:{no.code}"] += 1
            return
        self._requested.add(intent.return_id)
        self.report.requested += 1

    def _cancel(self, intent: CancelIntent) -> None:
        if intent.return_id not in self._requested or self._desk.case(intent.return_id).over:
            return
        try:
            self._desk.cancel(intent)
        except Refused as no:
            self.report.refused[f"cancel:{no.code}"] += 1

    def _try_again(self, at: datetime, on: date) -> None:
        waiting, self._put_off = self._put_off, []
        for n, (intent, until) in enumerate(waiting):
            if on > until:
                self._drop(intent, "waited_too_long")
            else:
                self._goods(replace(intent, at=at + timedelta(seconds=n)), until)

    def _goods(self, intent: ReceiptIntent | InspectionIntent, until: date) -> None:
        """Receive or inspect now, put it off until the case is ready, or drop it."""
        case = self._desk.case(intent.return_id)
        if case.over or (case.authorised and not case.goods_required):
            self._drop(intent, "case_over" if case.over else "no_goods_required")
        elif not case.authorised:
            self._put_off.append((intent, until))
        elif isinstance(intent, ReceiptIntent):
            self._receive(intent)
        else:
            self._inspect_when_ready(intent, until)

    def _drop(self, intent: ReceiptIntent | InspectionIntent, why: str) -> None:
        self.report.dropped[why] += 1
        if isinstance(intent, ReceiptIntent):
            self._lost_receipts.add(intent.receipt_id)

    def _receive(self, intent: ReceiptIntent) -> None:
        try:
            self._desk.receive(intent)
        except Refused as no:
            self.report.refused[f"receive:{no.code}"] += 1
            self._lost_receipts.add(intent.receipt_id)
            return
        self._received.add(intent.receipt_id)
        self.report.received += 1

    def _inspect_when_ready(self, intent: InspectionIntent, until: date) -> None:
        key = (intent.return_id, intent.line)
        if intent.receipt_id in self._lost_receipts:
            self._drop(intent, "never_received")
        elif intent.surplus and self._accepted.get(key) is False:
            self._drop(intent, "surplus_not_accepted")
        elif intent.receipt_id not in self._received or (
            intent.surplus and key not in self._accepted
        ):
            self._put_off.append((intent, until))
        else:
            self._inspect(intent)

    def _inspect(self, intent: InspectionIntent) -> None:
        key = (intent.return_id, intent.line)
        portion = f"{intent.line}.{self._portions[key] + 1}"
        try:
            self._desk.inspect(replace(intent, portion=portion))
        except Refused as no:
            self.report.refused[f"inspect:{no.code}"] += 1
            return
        self._portions[key] += 1
        self._inspected[intent.return_id, portion] = intent
        self.report.inspected += 1

    def _evening(self, on: date) -> None:
        at = datetime.combine(on, time(18, 30), UTC)
        left = self._world.days - (on - self._world.start).days
        if left <= 2:
            self._last_evenings(at)
        elif on.weekday() < 5:
            self._decide_due(at)
        self.report.expired += self._desk.expire(at + timedelta(minutes=40))
        self.report.effects += self._desk.run_effects(at + timedelta(minutes=45))
        self._suppliers_answer(at + timedelta(hours=1))
        if on.weekday() == 4 or left == 1:
            self.report.exceptions_raised += self._desk.reconcile(at + timedelta(minutes=90))
        if on.weekday() < 5:
            self._resolve(at + timedelta(hours=2))

    def _decide_due(self, at: datetime) -> None:
        """Decide what is due; a decision may open the next task, which may be due at once."""
        for round_ in range(6):
            due = [task for task in self._queue() if self._due(task) <= at.date()]
            if not due:
                return
            for n, task in enumerate(due):
                self._decide(task, at + timedelta(minutes=6 * round_, milliseconds=n))

    def _last_evenings(self, at: datetime) -> None:
        """Work the queue down to what shall stay open: the newest, some of every role."""
        for round_ in range(30):
            queue = self._queue()
            most = len(queue) - self._leave_open
            if most <= 0:
                return
            seen: Counter[str] = Counter()
            spare = []
            for task in reversed(queue):
                seen[task.role] += 1
                if seen[task.role] > max(3, self._leave_open // 8):
                    spare.append(task)
            if not spare:
                return
            for n, task in enumerate(reversed(spare[-most:])):
                self._decide(task, at + timedelta(minutes=round_, milliseconds=n))

    def _queue(self) -> list[TaskView]:
        known = self._world.by_return
        tasks = (task for task in self._desk.open_tasks() if task.task_id not in self._given_up)
        return [task for task in tasks if task.return_id in known]

    def _due(self, task: TaskView) -> date:
        draw = self._world.streams.of(
            "task", task.return_id, task.point, task.line, task.portion, task.role
        )
        return task.opened_at.date() + timedelta(days=draw.choice(_TASK_DELAYS))

    def _decide(self, task: TaskView, at: datetime) -> None:
        """Try what a person would answer; whoever may not decide passes it on."""
        draw = self._world.streams.of("decider", task.return_id, task.point, task.portion)
        barred = self._barred(task)
        codes: list[str] = []
        for option in answers_to(self._world, task, self._inspected):
            actor = anyone(draw, task.role, barred)
            if actor is None:
                codes.append("nobody")
                break
            code = self._attempt(task, option, actor, at)
            if code == "over_limit":
                code = self._attempt(task, ESCALATE, actor, at)
            if code is None:
                return
            codes.append(code)
        self.report.refused[f"decide:{task.point}:{codes[-1]}"] += 1
        self._given_up.add(task.task_id)

    def _barred(self, task: TaskView) -> set[str]:
        planned = self._world.by_return[task.return_id]
        inspectors = {intent.inspected_by.id for intent in planned.inspections}
        return {planned.request.requested_by.id, *inspectors, *task.decided_by}

    def _attempt(self, task: TaskView, option: Answer, actor: Actor, at: datetime) -> str | None:
        """The refusal's code, or ``None`` where the decision stands."""
        try:
            self._desk.decide(
                task.task_id,
                option.decision,
                value=option.value,
                reason_code=option.reason_code,
                note=option.note,
                actor=actor,
                at=at,
            )
        except Refused as no:
            return no.code
        self.report.decided[f"{task.point}:{option.decision}"] += 1
        if task.point == "receipt" and task.line is not None and option is not ESCALATE:
            chosen = option.value or task.proposal
            self._accepted[task.return_id, task.line] = chosen == "accept"
        return None

    def _suppliers_answer(self, at: datetime) -> None:
        answers = []
        for claim in self._desk.open_claims():
            supplier = self._world.suppliers.get(claim.supplier_id)
            if supplier is None:
                continue
            truth = answer_day(self._world.streams, claim, supplier)
            if truth.answer_at <= at:
                answers.append(answer(self._world.streams, claim, supplier, at))
        if answers:
            self._desk.record(answers, at)
            self.report.claims_answered += len(answers)

    def _resolve(self, at: datetime) -> None:
        for found in self._desk.open_exceptions():
            draw = self._world.streams.of(
                "resolve", found.code, found.document or found.exception_id
            )
            if draw.random() < 0.12 or found.opened_at + timedelta(days=draw.randrange(2, 22)) > at:
                continue
            actor = anyone(draw, "finance_lead")
            if actor is None:
                raise AssertionError("no finance lead on the staff")
            loss = self._world.loss(found, at)
            try:
                self._desk.resolve_exception(
                    found.exception_id,
                    resolution=loss.resolution,
                    loss_minor=loss.loss_minor,
                    recovered_minor=loss.recovered_minor,
                    note=f"{found.code} looked into.",
                    actor=actor,
                    at=at,
                )
            except Refused as no:
                self.report.refused[f"resolve:{no.code}"] += 1
            else:
                self.report.exceptions_resolved += 1
