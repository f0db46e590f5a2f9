"""Performs effects and writes the outcome back: ask, record, do, record.

A crash between doing and recording is a resume: the effect is claimed again, the ERP answers
with the document it wrote under the same key, and the outcome is recorded once.
"""

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine

from integrations.erp.port import ErpPort, Rejected
from integrations.perform import perform
from journal import outbox
from journal.outbox import Claimed
from journal.worker import Hopeless
from serving.assessor import Assessor
from serving.cases import Cases
from serving.http import retrying
from workflow.actor import SYSTEM
from workflow.commands import AcknowledgeEffect, ParkEffect

Clock = Callable[[], datetime]
log = structlog.get_logger("serving.performer")


class EffectPerformer:
    """``journal.outbox.Performer`` over the ERP port and the assessor."""

    def __init__(
        self, engine: Engine, cases: Cases, assessor: Assessor, erp: ErpPort, clock: Clock
    ) -> None:
        self._engine, self._cases, self._assessor = engine, cases, assessor
        self._erp, self._clock = erp, clock

    def perform(self, key: str) -> None:
        """Do one effect and record it; ``Hopeless`` where the ERP refuses it for good."""
        claimed = retrying(self._engine, lambda conn: outbox.claim(conn, key))
        if claimed is None:
            return
        if claimed.effect.kind == "assess":
            retrying(self._engine, lambda conn: self._assess(conn, claimed))
            return
        effect = claimed.effect
        try:
            outcome = perform(
                effect.kind, key, effect.return_id, effect.payload, self._erp, self._clock()
            )
        except Rejected as no:
            raise Hopeless(f"{no.code}: {no.message}") from no
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            retrying(self._engine, lambda conn: outbox.failed(conn, key, message))
            raise
        retrying(self._engine, lambda conn: self._done(conn, claimed, outcome.reference))

    def park(self, key: str, error: str) -> None:
        """Record that a person must look; the case shows it, and it can be retried."""
        retrying(self._engine, lambda conn: self._park(conn, key, error))

    def _assess(self, conn: Connection, claimed: Claimed) -> None:
        self._assessor.answer_all(conn, claimed.effect.return_id, self._clock())
        outbox.done(conn, {claimed.effect.key: None})

    def _done(self, conn: Connection, claimed: Claimed, reference: str) -> None:
        effect = claimed.effect
        outbox.done(conn, {effect.key: reference})
        command = AcknowledgeEffect(effect.key, effect.kind, reference, SYSTEM, self._clock())
        self._cases.handle(conn, effect.return_id, command)

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
        outbox.failed(conn, key, error, final=True)
        command = ParkEffect(key, effect.kind, error[:500], SYSTEM, self._clock())
        self._cases.handle(conn, effect.return_id, command)
