"""The port between the simulated people and the house: what a person can do at a desk.

``play`` walks days and calls a ``Desk``; the real one sits on the services (journal, decide,
effects, reconciliation), the fake one of the tests keeps simple state. Everything that is
dated takes its time from the caller: a desk has no clock. A business "no" is raised as
``workflow.refused.Refused`` and must leave nothing changed.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from simulation.intents import (
    CancelIntent,
    InspectionIntent,
    LedgerError,
    ReceiptIntent,
    RequestIntent,
)
from workflow.actor import Actor


@dataclass(frozen=True, slots=True)
class TaskView:
    """One open task of the queue; fields as in ``workflow.events.TaskOpened``.

    ``decided_by`` lists who already approved under dual control.
    """

    task_id: str
    return_id: str
    point: str
    role: str
    amount_minor: int
    currency: str
    opened_at: datetime
    due_at: datetime
    line: int | None = None
    portion: str | None = None
    proposal: str | None = None
    allowed: tuple[str, ...] = ()
    decided_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseView:
    """As much of a case as a person needs to go on.

    ``authorised``: goods may be received now. ``goods_required`` false: nothing need come back.
    ``over``: refused, cancelled, expired or closed.
    """

    return_id: str
    authorised: bool
    goods_required: bool
    over: bool


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A supplier claim that was sent and not answered yet."""

    claim_id: str
    supplier_id: str
    return_id: str
    line: int
    sku: str
    claimed_minor: int
    currency: str
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """One open reconciliation exception; fields as in ``workflow.facts.ExceptionRaised``."""

    exception_id: str
    code: str
    exposure_minor: int
    variance_minor: int
    currency: str
    opened_at: datetime
    return_id: str | None = None
    line: int | None = None
    customer_id: str | None = None
    supplier_id: str | None = None
    sku: str | None = None
    document: str | None = None
    match: str | None = None


class Desk(Protocol):
    """Everything a person, or a system that tells us facts, can do. Times are aware UTC."""

    def day(self, on: date) -> AbstractContextManager[None]:
        """One simulated day: what happens inside is committed together at its end."""
        ...

    def record(self, facts: Sequence[object], at: datetime) -> None:
        """Record facts as told at ``at``, in this order. A fact told twice changes nothing."""
        ...

    def request(self, intent: RequestIntent) -> str:
        """Ask for a return; answers its number. Raises ``Refused``."""
        ...

    def cancel(self, intent: CancelIntent) -> None:
        """Withdraw a return. Raises ``Refused``."""
        ...

    def case(self, return_id: str) -> CaseView:
        """Where the case stands. Raises ``Refused('unknown_return')``."""
        ...

    def receive(self, intent: ReceiptIntent) -> None:
        """Receive goods. Raises ``Refused``."""
        ...

    def inspect(self, intent: InspectionIntent) -> None:
        """Inspect a portion. Raises ``Refused``."""
        ...

    def open_tasks(self) -> Sequence[TaskView]:
        """Every open task, oldest first."""
        ...

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
        """Decide a task as ``actor``. Raises ``Refused``."""
        ...

    def expire(self, at: datetime) -> int:
        """Let authorisations that ran out before ``at`` expire; answers how many."""
        ...

    def misbook(self, error: LedgerError) -> None:
        """The ERP will make this error when it comes to the effect the error names."""
        ...

    def run_effects(self, at: datetime) -> int:
        """Perform the effects that are due; answers how many were performed."""
        ...

    def open_claims(self) -> Sequence[ClaimView]:
        """Supplier claims without an answer, oldest first."""
        ...

    def reconcile(self, at: datetime) -> int:
        """Compare the ledgers; answers how many new exceptions were raised."""
        ...

    def open_exceptions(self) -> Sequence[ExceptionView]:
        """Every unresolved exception, oldest first."""
        ...

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
        """Close an exception. Raises ``Refused``."""
        ...
