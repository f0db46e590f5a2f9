"""The fake of the ``Desk`` port: a house small enough to read, for tests of ``play``.

It keeps the same promises at the door (facts told twice change nothing, nobody decides their own
work, no more comes back than was delivered) with plain dictionaries and no policies.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from simulation.desk import CaseView, ClaimView, ExceptionView, TaskView
from simulation.intents import (
    CancelIntent,
    InspectionIntent,
    LedgerError,
    ReceiptIntent,
    RequestIntent,
)
from workflow.actor import Actor
from workflow.codes import Disposition, ReturnReason
from workflow.facts import InvoiceRecorded, LotRegistered, ProductListed, SupplierClaimAnswered
from workflow.refused import Refused

ASK_ABOVE_MINOR = 150_00
"""Requests above this need an authorisation; credits above it a finance lead."""
WAIT_DAYS = 30


@dataclass(slots=True)
class _Case:
    intent: RequestIntent
    value_minor: dict[int, int]
    situation: str = "requested"
    reasons: dict[int, str] = field(default_factory=dict)
    authorised_at: datetime | None = None
    received: dict[int, Decimal] = field(default_factory=dict)
    inspected: dict[int, Decimal] = field(default_factory=dict)
    inspectors: dict[str, str] = field(default_factory=dict)
    quantities: dict[str, Decimal] = field(default_factory=dict)
    receipts: set[str] = field(default_factory=set)


@dataclass(slots=True)
class FakeDesk:
    """In-memory state; ``decisions`` and ``credited`` are there for tests to look at."""

    facts: dict[tuple[str, str], object] = field(default_factory=dict)
    cases: dict[str, _Case] = field(default_factory=dict)
    tasks: dict[str, TaskView] = field(default_factory=dict)
    claims: dict[str, ClaimView] = field(default_factory=dict)
    exceptions: dict[str, ExceptionView] = field(default_factory=dict)
    resolved: dict[str, int] = field(default_factory=dict)
    errors: dict[tuple[str, int], LedgerError] = field(default_factory=dict)
    credited: dict[str, int] = field(default_factory=dict)
    booked: Counter[str] = field(default_factory=Counter)
    decisions: list[tuple[TaskView, str, str | None, Actor]] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    clock: datetime | None = None
    _opened: int = 0
    _surplus: dict[str, Decimal] = field(default_factory=dict)
    _effects: list[tuple[str, int]] = field(default_factory=list)
    _returned: Counter[tuple[str, int]] = field(default_factory=Counter)

    @contextmanager
    def day(self, on: date) -> Iterator[None]:
        self.days.append(on)
        yield

    def _tick(self, at: datetime) -> None:
        if self.clock is not None and at < self.clock:
            raise AssertionError(f"time ran backwards: {self.clock} then {at}")
        self.clock = at

    def record(self, facts: Sequence[object], at: datetime) -> None:
        self._tick(at)
        for fact in facts:
            key = _identity(fact)
            self.facts.setdefault(key, fact)
            if isinstance(fact, SupplierClaimAnswered):
                self.claims.pop(fact.claim_id, None)

    def request(self, intent: RequestIntent) -> str:
        self._tick(intent.at)
        if intent.return_id in self.cases:
            raise Refused("return_exists", f"{intent.return_id} exists.")
        values = {line.line: self._value(intent, line.line) for line in intent.lines}
        case = self.cases[intent.return_id] = _Case(intent, values)
        for line in intent.lines:
            if line.source is not None:
                key = (line.source.invoice_id, line.source.line)
                self._returned[key] += int(line.quantity * 1000)
            if line.stated_reason is not None:
                case.reasons[line.line] = line.stated_reason
            else:
                allowed = tuple(reason.value for reason in ReturnReason)
                self._open(case, "reason", "customer_service", 0, intent.at, line.line, allowed)
        self._when_settled(case, intent.at)
        return intent.return_id

    def _value(self, intent: RequestIntent, number: int) -> int:
        """Net value of a requested line; refuses what the ledgers do not bear out."""
        line = intent.lines[number - 1]
        if line.source is None:
            return 0
        invoice = self.facts.get(("InvoiceRecorded", line.source.invoice_id))
        if not isinstance(invoice, InvoiceRecorded):
            raise Refused("unknown_invoice_line", f"{line.source} is not known.")
        sold = invoice.lines[line.source.line - 1]
        before = Decimal(self._returned[line.source.invoice_id, line.source.line]) / 1000
        if line.quantity + before > sold.quantity:
            raise Refused("over_return", f"{line.quantity} of {sold.quantity - before} left.")
        if line.lot is not None and line.lot != sold.lot:
            raise Refused("wrong_lot", f"{line.lot} was not shipped.")
        return int(sold.net_minor * line.quantity / sold.quantity)

    def _open(
        self,
        case: _Case,
        point: str,
        role: str,
        amount: int,
        at: datetime,
        line: int | None = None,
        allowed: tuple[str, ...] = (),
        portion: str | None = None,
        proposal: str | None = None,
    ) -> None:
        self._opened += 1
        task_id = f"T-{self._opened}"
        self.tasks[task_id] = TaskView(
            task_id, case.intent.return_id, point, role, amount, case.intent.currency, at,
            at + timedelta(days=2), line, portion, proposal, allowed,
        )  # fmt: skip

    def _when_settled(self, case: _Case, at: datetime) -> None:
        if len(case.reasons) < len(case.intent.lines):
            return
        value = sum(case.value_minor.values())
        if value > ASK_ABOVE_MINOR:
            self._open(
                case, "authorisation", "returns_manager", value, at,
                allowed=("authorise",), proposal="authorise",
            )  # fmt: skip
        else:
            self._authorise(case, at)

    def _authorise(self, case: _Case, at: datetime) -> None:
        case.situation, case.authorised_at = "authorised", at
        if not self._goods_required(case):
            for line in case.intent.lines:
                self._ask_credit(case, line.line, f"{line.line}.value", at)

    def _goods_required(self, case: _Case) -> bool:
        return any(reason != "pricing_or_billing" for reason in case.reasons.values())

    def _ask_credit(self, case: _Case, line: int, portion: str, at: datetime) -> None:
        quantity = case.quantities.get(portion, case.intent.lines[line - 1].quantity)
        amount = int(case.value_minor[line] * quantity / case.intent.lines[line - 1].quantity)
        role = "finance_lead" if amount > ASK_ABOVE_MINOR else "finance_clerk"
        self._open(case, "credit", role, amount, at, line, (), portion, "full")

    def cancel(self, intent: CancelIntent) -> None:
        self._tick(intent.at)
        case = self._case(intent.return_id)
        if case.received:
            raise Refused("wrong_state", f"{intent.return_id} has goods.")
        case.situation = "over"
        self._withdraw(intent.return_id)

    def _withdraw(self, return_id: str) -> None:
        self.tasks = {k: t for k, t in self.tasks.items() if t.return_id != return_id}

    def _case(self, return_id: str) -> _Case:
        if return_id not in self.cases:
            raise Refused("unknown_return", f"{return_id} is not known.")
        return self.cases[return_id]

    def case(self, return_id: str) -> CaseView:
        case = self._case(return_id)
        return CaseView(
            return_id,
            authorised=case.situation == "authorised",
            goods_required=self._goods_required(case),
            over=case.situation == "over",
        )

    def receive(self, intent: ReceiptIntent) -> None:
        self._tick(intent.at)
        case = self._case(intent.return_id)
        if case.situation != "authorised":
            raise Refused("wrong_state", f"{intent.return_id} is {case.situation}.")
        if intent.receipt_id in case.receipts:
            raise Refused("already_decided", f"{intent.receipt_id} is recorded.")
        case.receipts.add(intent.receipt_id)
        for line in intent.lines:
            options = ("return_to_customer", "quarantine")
            if line.line is None:
                self._open(case, "receipt", "returns_manager", 0, intent.at, None, options)
                continue
            asked = case.intent.lines[line.line - 1].quantity
            got = case.received.get(line.line, Decimal(0)) + line.quantity
            case.received[line.line] = min(got, asked)
            if got > asked:
                self._open(
                    case, "receipt", "returns_manager", 0, intent.at, line.line,
                    ("accept", *options),
                    proposal="return_to_customer",
                )  # fmt: skip
                self._surplus[f"T-{self._opened}"] = got - asked

    def inspect(self, intent: InspectionIntent) -> None:
        self._tick(intent.at)
        case = self._case(intent.return_id)
        done = case.inspected.get(intent.line, Decimal(0)) + intent.quantity
        if done > case.received.get(intent.line, Decimal(0)):
            raise Refused("invalid_quantity", f"{done} inspected is more than was received.")
        case.inspected[intent.line] = done
        case.inspectors[intent.portion] = intent.inspected_by.id
        case.quantities[intent.portion] = intent.quantity
        allowed = tuple(d.value for d in Disposition if d != Disposition.KEEP_AT_CUSTOMER)
        if intent.condition != "sealed":
            allowed = tuple(option for option in allowed if option != "restock")
        self._open(
            case, "disposition", "quality", 0, intent.at, intent.line, allowed, intent.portion
        )

    def open_tasks(self) -> Sequence[TaskView]:
        return sorted(self.tasks.values(), key=lambda task: (task.opened_at, task.task_id))

    def decide(
        self,
        task_id: str,
        decision: str,
        *,
        value: str | None,
        reason_code: str | None,
        note: str,
        actor: Actor,
        at: datetime,
    ) -> None:
        self._tick(at)
        task = self.tasks.get(task_id)
        if task is None:
            raise Refused("unknown_task", f"{task_id} is not open.")
        case = self._case(task.return_id)
        self._check(task, case, actor)
        if decision in ("reject", "override") and not (reason_code and note):
            raise Refused("reason_required", "Say why.")
        chosen = value if decision == "override" else task.proposal
        if decision != "reject" and task.allowed and chosen not in task.allowed:
            raise Refused("not_allowed_value", f"{chosen!r} is not allowed.")
        if chosen == "accept":
            self._accept(case, task)
        del self.tasks[task_id]
        self.decisions.append((task, decision, chosen, actor))
        self._follow(task, case, decision, chosen, at)

    def _accept(self, case: _Case, task: TaskView) -> None:
        """More than was asked may stay, as long as as much was delivered."""
        line = case.intent.lines[(task.line or 1) - 1]
        if line.source is not None:
            key = (line.source.invoice_id, line.source.line)
            invoice = self.facts["InvoiceRecorded", key[0]]
            taken = self._returned[key] + int(self._surplus[task.task_id] * 1000)
            if (
                isinstance(invoice, InvoiceRecorded)
                and taken > invoice.lines[key[1] - 1].quantity * 1000
            ):
                raise Refused("over_return", f"{task.return_id}: more than was delivered.")
            self._returned[key] = taken
        case.received[line.line] += self._surplus[task.task_id]

    def _check(self, task: TaskView, case: _Case, actor: Actor) -> None:
        if task.role not in actor.roles:
            raise Refused("wrong_role", f"{actor.id} is no {task.role}.")
        if actor.id == case.intent.requested_by.id:
            raise Refused("own_request", f"{actor.id} asked for it.")
        if case.inspectors.get(task.portion or "") == actor.id:
            raise Refused("own_inspection", f"{actor.id} inspected it.")

    def _follow(
        self, task: TaskView, case: _Case, decision: str, chosen: str | None, at: datetime
    ) -> None:
        line = task.line or 0
        match task.point:
            case "reason":
                case.reasons[line] = chosen or ""
                self._when_settled(case, at)
            case "authorisation" if decision == "reject":
                case.situation = "over"
            case "authorisation":
                self._authorise(case, at)
            case "disposition":
                if chosen == "return_to_vendor":
                    self._effects.append((f"{case.intent.return_id}/{line}/claim", 0))
                self._ask_credit(case, line, task.portion or "", at)
            case "credit" if decision != "reject":
                key = f"{case.intent.return_id}/{line}/credit/{task.portion}"
                self._effects.append((key, task.amount_minor))
            case _:
                pass

    def expire(self, at: datetime) -> int:
        self._tick(at)
        ended = [
            case
            for case in self.cases.values()
            if case.situation == "authorised"
            and not case.receipts
            and self._goods_required(case)
            and case.authorised_at is not None
            and case.authorised_at + timedelta(days=WAIT_DAYS) < at
        ]
        for case in ended:
            case.situation = "over"
            self._withdraw(case.intent.return_id)
        return len(ended)

    def misbook(self, error: LedgerError) -> None:
        self.errors[error.return_id, error.line] = error

    def run_effects(self, at: datetime) -> int:
        self._tick(at)
        done, self._effects = self._effects, []
        for key, amount in done:
            return_id, line = key.split("/")[:2]
            if key.endswith("/claim"):
                self._claim(key, return_id, int(line), at)
                continue
            self.credited.setdefault(key, amount)
            error = self.errors.get((return_id, int(line)))
            if error is not None and error.effect_kind == "erp.credit_memo":
                self.booked[key] = amount * 2 if error.percent == 100 else amount + 1_00
            else:
                self.booked[key] = amount
        return len(done)

    def _claim(self, key: str, return_id: str, line: int, at: datetime) -> None:
        intent = self.cases[return_id].intent
        sku = intent.lines[line - 1].sku
        product = self.facts[("ProductListed", sku)]
        if not isinstance(product, ProductListed) or product.supplier_id is None:
            raise AssertionError(f"{sku} has no supplier")
        self.claims[key] = ClaimView(
            key, product.supplier_id, return_id, line, sku, product.unit_cost_minor,
            intent.currency, at,
        )  # fmt: skip

    def open_claims(self) -> Sequence[ClaimView]:
        return list(self.claims.values())

    def reconcile(self, at: datetime) -> int:
        self._tick(at)
        raised = 0
        for key, amount in self.credited.items():
            off = self.booked[key] - amount
            if off == 0 or key in self.exceptions or key in self.resolved:
                continue
            raised += 1
            case = self.cases[key.split("/")[0]]
            self.exceptions[key] = ExceptionView(
                key, "R11" if off == amount else "R10", abs(off), -off, case.intent.currency, at,
                case.intent.return_id, int(key.split("/")[1]), case.intent.customer_id,
            )  # fmt: skip
        return raised

    def open_exceptions(self) -> Sequence[ExceptionView]:
        return list(self.exceptions.values())

    def resolve_exception(
        self,
        exception_id: str,
        *,
        resolution: str,
        loss_minor: int,
        recovered_minor: int,
        note: str,
        actor: Actor,
        at: datetime,
    ) -> None:
        self._tick(at)
        found = self.exceptions.pop(exception_id)
        if not 0 <= loss_minor <= found.exposure_minor:
            raise AssertionError(f"lost {loss_minor} of {found.exposure_minor}")
        self.resolved[exception_id] = loss_minor

    def with_proposal(self, task_id: str, proposal: str) -> None:
        """Pretend a model proposed something for an open task."""
        self.tasks[task_id] = replace(self.tasks[task_id], proposal=proposal)


def _identity(fact: object) -> tuple[str, str]:
    """What makes two tellings the same fact: its type and the document or master it names."""
    name = type(fact).__name__
    if isinstance(fact, LotRegistered):
        return name, f"{fact.sku}/{fact.lot}"
    if isinstance(fact, ProductListed):
        return name, fact.sku
    first = next(iter(type(fact).__dataclass_fields__))  # type: ignore[attr-defined]
    return name, str(getattr(fact, first))
