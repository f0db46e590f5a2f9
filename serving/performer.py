"""Performs effects and writes the outcome back: ask, record, do, record.

A crash between doing and recording is a resume: the effect is claimed again, the ERP answers
with the document it wrote under the same key, and the outcome is recorded once. Turns at the
system are taken and given back in the same transactions (``journal.systems``).
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from opentelemetry.trace import SpanKind
from sqlalchemy import Connection, Engine

from integrations.erp.port import ErpPort, Rejected, Unavailable
from integrations.perform import Outcome, perform
from integrations.redaction import redacted
from journal import attempts, outbox, systems, tracing
from journal.alarms import raise_alarm
from journal.outbox import Claimed
from journal.systems import Limits, NotNow
from journal.worker import Hopeless
from serving.assessor import Assessor
from serving.cases import Cases
from serving.http import retrying
from workflow.actor import SYSTEM
from workflow.commands import AcknowledgeEffect, ParkEffect

Clock = Callable[[], datetime]
log = structlog.get_logger("serving.performer")
ALARM_AFTER = timedelta(minutes=10)
"""A system that is down for so long is an alarm for admins."""


@dataclass(frozen=True, slots=True)
class _Try:
    """An attempt under way: what was claimed, when, and by the machine's clock of durations."""

    claimed: Claimed
    at: datetime
    started: float

    @property
    def key(self) -> str:
        return self.claimed.effect.key

    def record(self, conn: Connection, outcome: str, answer: str) -> None:
        took = int(1000 * (time.monotonic() - self.started))
        request = {"kind": self.claimed.effect.kind, **self.claimed.effect.payload}
        attempts.record(conn, self.key, self.at, took, outcome, request, redacted(answer))


class EffectPerformer:
    """``journal.worker.Performer`` over the ERP port and the assessor.

    ``limits`` are those of systems by name; a system that is not there has the default.
    """

    def __init__(
        self,
        engine: Engine,
        cases: Cases,
        assessor: Assessor,
        erp: ErpPort,
        clock: Clock,
        limits: Mapping[str, Limits] | None = None,
    ) -> None:
        self._engine, self._cases, self._assessor = engine, cases, assessor
        self._erp, self._clock, self._limits = erp, clock, limits or {}

    def perform(self, key: str) -> None:
        """Do one effect and record it.

        Errors: ``Hopeless`` where the ERP refuses it for good or it failed too often; ``NotNow``
        where it is to be tried again, at the time it names.
        """
        claimed = retrying(self._engine, lambda conn: self._claim(conn, key))
        if claimed is None:
            return
        if claimed.effect.kind == "assess":
            retrying(self._engine, lambda conn: self._assess(conn, claimed))
            return
        effect = claimed.effect
        about = {"return_id": effect.return_id, "effect": key}
        with tracing.continued(claimed.traceparent, f"effect {effect.kind}", attributes=about):
            self._ask(_Try(claimed, self._clock(), time.monotonic()))

    def _claim(self, conn: Connection, key: str) -> Claimed | None:
        claimed = outbox.claim(conn, key)
        if claimed is not None and claimed.attempts > outbox.MAX_ATTEMPTS:
            raise Hopeless(f"Tried {outbox.MAX_ATTEMPTS} times.")
        if claimed is not None and claimed.system is not None:
            limits = self._limits.get(claimed.system, Limits())
            systems.begin(conn, claimed.system, key, limits, self._clock())
        return claimed

    def _ask(self, one: _Try) -> None:
        effect = one.claimed.effect
        try:
            with tracing.span(f"call {one.claimed.system}", SpanKind.CLIENT):
                outcome = perform(
                    effect.kind, effect.key, effect.return_id, effect.payload, self._erp, one.at
                )
        except Rejected as no:
            said = f"{no.code}: {no.message}"
            retrying(self._engine, partial(self._refused, one, said))
            raise Hopeless(redacted(said)) from no
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            down = isinstance(error, Unavailable)
            again = retrying(self._engine, partial(self._failed, one, redacted(said), down))
            if again is None:
                raise Hopeless(redacted(said)) from error
            raise NotNow(again, redacted(said)) from error
        retrying(self._engine, partial(self._done, one, outcome))

    def park(self, key: str, error: str) -> None:
        """Record that a person must look; the case shows it, and it can be retried."""
        retrying(self._engine, lambda conn: self._park(conn, key, error))

    def _assess(self, conn: Connection, claimed: Claimed) -> None:
        self._assessor.answer_all(conn, claimed.effect.return_id, self._clock())
        outbox.done(conn, {claimed.effect.key: None})

    def _done(self, one: _Try, outcome: Outcome, conn: Connection) -> None:
        effect = one.claimed.effect
        systems.answered(conn, str(one.claimed.system), one.key)
        if one.claimed.attempts > 1 or attempts.of(conn, one.key):
            one.record(conn, "done", outcome.reference)
        outbox.done(conn, {one.key: outcome.reference})
        reference = outcome.reference
        command = AcknowledgeEffect(one.key, effect.kind, reference, SYSTEM, self._clock())
        self._cases.handle(conn, effect.return_id, command)

    def _refused(self, one: _Try, said: str, conn: Connection) -> None:
        systems.answered(conn, str(one.claimed.system), one.key)
        one.record(conn, "rejected", said)

    def _failed(self, one: _Try, said: str, down: bool, conn: Connection) -> datetime | None:
        """When it is tried again; ``None`` where that was the last attempt."""
        now, system = self._clock(), str(one.claimed.system)
        until = None
        if down:
            until = systems.unanswered(conn, system, one.key, said, now, random.random())
        else:
            systems.answered(conn, system, one.key)
        one.record(conn, "unavailable" if down else "error", said)
        outbox.failed(conn, one.key, said, counted=until is None)
        if until is not None:
            self._tell(conn, system, now)
            return until
        if one.claimed.attempts >= outbox.MAX_ATTEMPTS:
            return None
        return now + outbox.WAITS.after(one.claimed.attempts, random.random())

    def _tell(self, conn: Connection, system: str, now: datetime) -> None:
        """An alarm, once an outage is long."""
        row = systems.down(conn)[system]
        if now - row["opened_at"] < ALARM_AFTER:
            return
        says = f"{system} does not answer since {row['opened_at']:%Y-%m-%d %H:%M}: {row['error']}"
        raise_alarm(
            self._cases.journal, conn, kind="system_down", subject=system, says=says[:500],
            role="admin", at=now,
        )  # fmt: skip

    def _park(self, conn: Connection, key: str, error: str) -> None:
        claimed = outbox.claim(conn, key)
        if claimed is None:
            return
        effect = claimed.effect
        if effect.kind == "assess":
            # A model that never answers must not hold a case: people decide instead.
            self._assessor.give_up(conn, effect.return_id, self._clock())
            outbox.done(conn, {key: None})
            log.error("model given up; people decide", effect=key, why=error)
            return
        outbox.failed(conn, key, error, final=True, counted=False)  # taken to park it, not to try
        command = ParkEffect(key, effect.kind, error[:500], SYSTEM, self._clock())
        self._cases.handle(conn, effect.return_id, command)
