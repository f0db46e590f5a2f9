"""The desk of the simulated people over the real house: journal, decide, models, ERP.

One database transaction a simulated day. Effects are performed in batches in that transaction
(the reference ERP shares the server); everything else is what a server does for a request.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy import Connection, RowMapping, text

from integrations.erp.ledger_lines import inject_error
from integrations.erp.port import Rejected
from integrations.erp.reference import ReferenceErp
from integrations.perform import Asked, perform_many
from journal import lookups, outbox, worklists
from journal.codec import encode
from journal.entries import Append
from journal.journal import Journal
from journal.life import required_life
from reconciliation.reconcile import reconcile
from serving.assessor import Assessor
from serving.cases import Cases, Handled, follow
from serving.claims import note_answer
from serving.facts_in import ONCE_ONLY, stream_of
from serving.policy_shelf import PolicyShelf
from serving.requesting import build_request, expiry
from serving.shapes import ReturnLineShape, ReturnShape, SourceShape
from serving.wiring import Services
from simulation.desk import CaseView, ClaimView, ExceptionView, TaskView
from simulation.intents import (
    CancelIntent,
    InspectionIntent,
    LedgerError,
    ReceiptIntent,
    RequestIntent,
)
from workflow.actor import SYSTEM, Actor
from workflow.codes import Channel, ReturnReason
from workflow.commands import (
    AcknowledgeEffect,
    CancelReturn,
    Command,
    DecideTask,
    ExpireAuthorisation,
    InspectLine,
    ParkEffect,
    ReceiptLine,
    ReceiveGoods,
    ReleaseCredit,
)
from workflow.decide import decide
from workflow.effects import Effect
from workflow.events import CaseEvent
from workflow.facts import ExceptionResolved, SupplierClaimAnswered
from workflow.refused import Refused
from workflow.state import Authorised, State, Unborn, UnderReview
from workflow.wanted import wanted

NOT_PERFORMED = frozenset({"missing_credit", "missing_claim"})
MOST_TEXT = 20_000


def _lines_of(effect: Effect) -> list[int]:
    """The return lines that an effect is about."""
    lines = effect.payload.get("lines")
    rows = lines if isinstance(lines, list) else [dict(effect.payload)]
    found = (row.get("line") for row in rows if isinstance(row, dict))
    return [line for line in found if isinstance(line, int)]


class RememberingCases(Cases):
    """Keeps folded states in memory: right only while nobody else writes cases."""

    def __init__(self, journal: Journal, policies: PolicyShelf) -> None:
        super().__init__(journal, policies)
        self.known: dict[str, tuple[State, int]] = {}

    def state(self, conn: Connection, return_id: str) -> tuple[State, int]:
        found = self.known.get(return_id)
        return found if found is not None else super().state(conn, return_id)

    def handle(
        self,
        conn: Connection,
        return_id: str,
        command: Command,
        expected_version: int | None = None,
    ) -> Handled:
        handled = super().handle(conn, return_id, command, expected_version)
        self.known[return_id] = (handled.state, handled.version)
        return handled


@dataclass
class WiredDesk:
    """``on_day`` is called at the start of each day, outside any transaction."""

    services: Services
    on_day: Callable[[date], None] | None = None
    _conn: Connection | None = None
    _errors: dict[tuple[str, int, str], LedgerError] = field(default_factory=dict)
    _late: dict[str, datetime] = field(default_factory=dict)
    _claims: dict[str, ClaimView] = field(default_factory=dict)

    def __post_init__(self) -> None:
        services = self.services
        # Effects are performed here, every evening: no job is queued for a worker.
        self._journal = Journal(services.journal.folds)
        self._cases = RememberingCases(self._journal, services.policies)
        # The same history again, audits included: drawn by seed, not by chance.
        draws = Random("audits")
        self._assessor = Assessor(
            self._cases,
            self._journal,
            services.shelf,
            services.policies,
            lambda: draws.randrange(1000),
        )
        self._erp = ReferenceErp(services.engine)

    @contextmanager
    def day(self, on: date) -> Iterator[None]:
        if self.on_day is not None:
            self.on_day(on)
        with self.services.engine.begin() as conn:
            # History can be simulated again; waiting for the disk at every step would not help.
            conn.execute(text("SET LOCAL synchronous_commit TO off"))
            self._conn = conn
            yield
        self._conn = None

    @property
    def conn(self) -> Connection:
        if self._conn is None:
            raise AssertionError("open a day first")
        return self._conn

    # -- facts ---------------------------------------------------------------------------------

    def record(self, facts: Sequence[object], at: datetime) -> None:
        streams = [stream_of(fact) for fact in facts]
        known = self._journal.known_streams(self.conn, streams)
        appends, new = [], set()
        for fact, stream in zip(facts, streams, strict=True):
            if stream in known and self._told(stream, fact):
                continue
            if stream in new and isinstance(fact, ONCE_ONLY):
                continue
            new.add(stream)
            appends.append(Append(stream, (fact,), SYSTEM, at))
        self._journal.append(self.conn, appends)
        for append in appends:
            (fact,) = append.events
            if isinstance(fact, SupplierClaimAnswered):
                self._claims.pop(fact.claim_id, None)
                note_answer(self._cases, self.conn, fact, at)

    def _told(self, stream: str, fact: object) -> bool:
        """Whether the stream holds this very fact, or the document it is about."""
        if isinstance(fact, ONCE_ONLY):
            return True
        same = encode(fact)
        return any(
            (entry.type, entry.payload) == same
            for entry in self._journal.read_stream(self.conn, stream)
        )

    # -- cases ---------------------------------------------------------------------------------

    def request(self, intent: RequestIntent) -> str:
        lines = [
            ReturnLineShape(
                sku=line.sku,
                quantity=line.quantity,
                uom=line.uom,
                lot=line.lot,
                source=SourceShape(invoice_id=line.source.invoice_id, line=line.source.line)
                if line.source
                else None,
                reason_text=line.reason_text,
                reason_code=ReturnReason(line.stated_reason) if line.stated_reason else None,
                evidence=list(line.evidence),
            )
            for line in intent.lines
        ]
        shape = ReturnShape(
            id=intent.return_id,
            customer=intent.customer_id,
            business_unit=intent.business_unit,
            channel=Channel(intent.channel),
            currency=intent.currency,
            reference=intent.reference,
            lines=lines,
        )
        command = build_request(
            self.conn, shape, intent.return_id, intent.requested_by, intent.at, MOST_TEXT
        )
        self._send(intent.return_id, command)
        return intent.return_id

    def cancel(self, intent: CancelIntent) -> None:
        self._send(intent.return_id, CancelReturn(intent.because, intent.cancelled_by, intent.at))

    def case(self, return_id: str) -> CaseView:
        state, _ = self._cases.state(self.conn, return_id)
        if isinstance(state, Unborn):
            raise Refused("unknown_return", f"There is no return {return_id}.")
        authorised = isinstance(state, Authorised)
        goods = isinstance(state, Authorised) and state.authority.goods_required
        over = not isinstance(state, Authorised | UnderReview)
        return CaseView(return_id, authorised, goods, over)

    def receive(self, intent: ReceiptIntent) -> None:
        lines = tuple(ReceiptLine(x.line, x.sku, x.quantity, x.lot) for x in intent.lines)
        command = ReceiveGoods(
            intent.receipt_id,
            intent.warehouse,
            lines,
            intent.received_by,
            intent.at,
            intent.final,
        )
        self._send(intent.return_id, command)

    def inspect(self, intent: InspectionIntent) -> None:
        state, _ = self._cases.state(self.conn, intent.return_id)
        line = None if isinstance(state, Unborn) else state.case.line(intent.line)
        sku = line.requested.sku if line else ""
        command = InspectLine(
            line=intent.line,
            quantity=intent.quantity,
            condition=intent.condition,
            actor=intent.inspected_by,
            at=intent.at,
            lot=intent.lot,
            damage_code=intent.damage_code,
            expires_on=intent.expires_on or expiry(self.conn, sku, intent.lot),
            temperature_ok=intent.temperature_ok,
            recall_open=lookups.open_recall(self.conn, sku, intent.lot),
            note=intent.note,
            evidence=intent.evidence,
            required_life=required_life(self.conn, line.requested, intent.at) if line else None,
        )
        self._send(intent.return_id, command)

    def _send(self, return_id: str, command: Command) -> None:
        """One command as a request of its own: a refusal leaves nothing of it behind."""
        before = self._cases.known.get(return_id)
        try:
            with self.conn.begin_nested():
                handled = self._cases.handle(self.conn, return_id, command)
                if wanted(handled.state):
                    self._assessor.answer_all(self.conn, return_id, command.at)
        except Refused:
            self._cases.known.pop(return_id, None)
            if before is not None:
                self._cases.known[return_id] = before
            raise

    # -- tasks ---------------------------------------------------------------------------------

    def open_tasks(self) -> Sequence[TaskView]:
        with self._reading() as conn:
            rows = worklists.all_open_tasks(conn)
        return [
            TaskView(
                task_id=row["task_id"],
                return_id=row["return_id"],
                point=row["point"],
                role=row["role"],
                amount_minor=row["amount_minor"],
                currency=row["currency"],
                opened_at=row["opened_at"],
                due_at=row["due_at"],
                line=row["line"],
                portion=row["portion"],
                proposal=row["proposal"],
                allowed=tuple(row["allowed"]),
                decided_by=tuple(row["approved_by"]),
            )
            for row in rows
        ]

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
        row = worklists.task(self.conn, task_id)
        if row is None:
            raise Refused("unknown_task", f"There is no task {task_id}.")
        command = DecideTask(task_id, decision, actor, at, value, reason_code, note)
        self._send(row["return_id"], command)

    def expire(self, at: datetime) -> int:
        late = lookups.expired_authorisations(self.conn, at)
        for return_id in late:
            self._cases.handle(self.conn, return_id, ExpireAuthorisation(SYSTEM, at))
        return len(late)

    # -- effects -------------------------------------------------------------------------------

    def misbook(self, error: LedgerError) -> None:
        self._errors[error.return_id, error.line, error.effect_kind] = error

    def run_effects(self, at: datetime) -> int:
        """Perform what is pending until nothing new follows; answers how many."""
        self._release_on_request(at)
        performed = 0
        for _ in range(20):
            rows = lookups.effects(self.conn, statuses=("pending",), limit=100_000)
            due = self._due(rows, at)
            if not due:
                return performed
            performed += self._perform(due, at)
        raise AssertionError("effects keep following each other")

    def _due(self, rows: Sequence[RowMapping], at: datetime) -> list[str]:
        """Effects to perform now, in order; one that is late holds up those of its case."""
        due, held = [], set()
        for row in rows:
            effect = Effect(row["key"], row["kind"], row["return_id"], row["payload"])
            if effect.return_id in held or self._is_late(effect, at):
                held.add(effect.return_id)
            else:
                due.append(effect.key)
        return due

    def _perform(self, keys: list[str], at: datetime) -> int:
        effects = [claimed.effect for claimed in outbox.claim_many(self.conn, keys)]
        asked, outcomes = [], {}
        for effect in effects:
            error = self._error_of(effect, at)
            if effect.kind == "assess":
                outcomes[effect.key] = "answered"
            elif error is not None and error.kind in NOT_PERFORMED:
                del self._errors[error.return_id, error.line, error.effect_kind]
                outcomes[effect.key] = "none"
            else:
                asked.append(Asked(effect, at))
        answers = perform_many(asked, self._erp, self.conn)
        refused: dict[str, str] = {}
        for one, answer in zip(asked, answers, strict=True):
            if isinstance(answer, Rejected):
                refused[one.effect.key] = f"{answer.code}: {answer.message}"
            else:
                outcomes[one.effect.key] = answer.reference
                self._after(one, at)
        by_case: dict[str, list[Command]] = defaultdict(list)
        for effect in effects:
            if effect.key in refused:
                why = refused[effect.key]
                outbox.failed(self.conn, effect.key, why, final=True)
                by_case[effect.return_id].append(
                    ParkEffect(effect.key, effect.kind, why[:500], SYSTEM, at)
                )
            else:
                if effect.kind != "assess":
                    by_case[effect.return_id].append(
                        AcknowledgeEffect(effect.key, effect.kind, outcomes[effect.key], SYSTEM, at)
                    )
        outbox.done(self.conn, outcomes)
        self._send_all(by_case, at)
        return len(effects)

    def _send_all(self, by_case: dict[str, list[Command]], at: datetime) -> None:
        """Many commands of many cases, appended in one go."""
        appends = []
        for return_id, commands in by_case.items():
            state, version = self._cases.state(self.conn, return_id)
            events: list[CaseEvent] = []
            effects: list[Effect] = []
            for command in commands:
                new = decide(state, command, self._cases.policies(state, command))
                state, more = follow(state, new)
                events += new
                effects += more
            if events:
                stream = f"case/{return_id}"
                appends.append(Append(stream, tuple(events), SYSTEM, at, version, tuple(effects)))
                self._cases.known[return_id] = (state, version + len(events))
        self._journal.append(self.conn, appends)

    def _error_of(self, one: Effect, at: datetime) -> LedgerError | None:
        """The error that the ERP will make of this effect, or is about to make late."""
        for line in _lines_of(one):
            error = self._errors.get((one.return_id, line, one.kind))
            if error is not None and error.at <= at:
                return error
        return None

    def _is_late(self, one: Effect, at: datetime) -> bool:
        """Whether the ERP still sits on it; noted the first time it is asked."""
        error = self._error_of(one, at)
        if error is None or error.kind != "late_posting":
            return False
        until = self._late.setdefault(one.key, at + timedelta(days=error.days))
        return until > at

    def _after(self, one: Asked, at: datetime) -> None:
        """What clerks do to a document once it is there, and claims that now wait."""
        effect = one.effect
        payload = dict(effect.payload)
        if effect.kind == "erp.supplier_claim":
            self._claims[effect.key] = ClaimView(
                claim_id=effect.key,
                supplier_id=str(payload["supplier_id"]),
                return_id=effect.return_id,
                line=int(str(payload["line"])),
                sku=str(payload["sku"]),
                claimed_minor=int(str(payload["claimed_minor"])),
                currency=str(payload["currency"]),
                claimed_at=at,
            )
        error = self._error_of(effect, at)
        if error is None:
            return
        del self._errors[error.return_id, error.line, error.effect_kind]
        if error.kind == "late_posting":
            return
        net = int(str(payload.get("net_minor", 0)))
        delta = net * error.percent // 100 - net
        if error.kind == "changed_amount" and delta == 0:
            return
        inject_error(self.conn, error.kind, effect.key, at, delta_minor=delta or 100, lot=error.lot)

    def _release_on_request(self, at: datetime) -> None:
        """Customers ask for credits they were promised on request; a clerk lets them go."""
        clerk = Actor("tessa.finance_clerk", frozenset({"finance_clerk"}))
        for return_id, (state, _) in list(self._cases.known.items()):
            if not isinstance(state, Authorised):
                continue
            for line in state.case.lines:
                for credit in line.credits:
                    if credit.status == "held" and credit.proposed.release == "on_request":
                        command = ReleaseCredit(
                            line.number, credit.sequence, "the customer asked for it", clerk, at
                        )
                        self._cases.handle(self.conn, return_id, command)

    # -- reconciliation ------------------------------------------------------------------------

    def open_claims(self) -> Sequence[ClaimView]:
        return sorted(self._claims.values(), key=lambda c: (c.claimed_at, c.claim_id))

    def reconcile(self, at: datetime) -> int:
        ranker = self.services.shelf.get("exception_rank")
        found = reconcile(self._journal, self.conn, at, rank=ranker.model, ref=ranker.ref)
        return len(found)

    def open_exceptions(self) -> Sequence[ExceptionView]:
        with self._reading() as conn:
            rows = worklists.all_open_exceptions(conn)
        names = ExceptionView.__dataclass_fields__
        return [ExceptionView(**{name: row[name] for name in names}) for row in rows]

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
        found = worklists.exception(self.conn, exception_id)
        if found is None or found["status"] != "open":
            raise Refused("unknown_exception", f"{exception_id} is not open.")
        fact = ExceptionResolved(
            exception_id,
            found["code"],
            resolution,
            loss_minor,
            recovered_minor,
            note,
            actor.id,
            at,
            found["customer_id"],
            found["supplier_id"],
        )
        self._journal.append(self.conn, [Append(f"exception/{exception_id}", (fact,), actor, at)])

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """The day's connection, or one of its own between days."""
        if self._conn is not None:
            yield self._conn
            return
        with self.services.engine.connect() as conn:
            yield conn
