"""Work done by the clock; each job runs once, however many workers there are."""

from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from journal import (
    absences,
    advances,
    attempts,
    claims,
    deliveries,
    idempotency,
    leases,
    lookups,
    outbox,
    policy_replays,
    traces,
    worklists,
)
from journal.checkpoints import Signer, take_checkpoint
from journal.worker import Errand, Recurring
from serving import masters
from serving.claim_watch import watch_windows
from serving.claims import note_answer
from serving.coverage import coverage
from serving.drift_watch import watch
from serving.drops import take_drops
from serving.http import retrying
from serving.parking import replay_due
from serving.policy_ledger import entry_of
from serving.policy_replay import replay_json, replay_past
from serving.shadow import Shadow
from serving.webhooks import QUEUE, TASK
from serving.wiring import Services
from workflow.actor import SYSTEM
from workflow.commands import AskForGoods, Command, EscalateOverdue, ExpireAuthorisation
from workflow.facts import SupplierClaimAnswered
from workflow.policy_ledger import read_entry
from workflow.refused import Refused

log = structlog.get_logger("serving.chores")


def recurring(services: Services) -> list[Recurring]:
    """Expiry, credits whose supplier answered first, leases of who is away, tasks past their due
    time, checkpoints, guarantees of automatic lanes, keys, effects without a job, facts that
    wait, dropped files; challengers in shadow, masters against their contracts; drift, windows of
    suppliers and duplicate customers once a night."""
    shadow = Shadow(services)
    return [
        Recurring("replay_proposals", "* * * * *", lambda: _discard(replay_proposals(services))),
        Recurring("expire_authorisations", "*/5 * * * *", lambda: _discard(expire(services))),
        Recurring("ask_for_goods", "*/15 * * * *", lambda: _discard(ask_for_goods(services))),
        Recurring("release_answered", "*/5 * * * *", lambda: _discard(release_answered(services))),
        Recurring("release_absent", "*/5 * * * *", lambda: _discard(release_absent(services))),
        Recurring("escalate_overdue", "*/5 * * * *", lambda: _discard(escalate(services))),
        Recurring("write_checkpoint", "*/10 * * * *", lambda: checkpoint(services)),
        Recurring(
            "clear_automation", "*/15 * * * *", lambda: _discard(services.clear_automation())
        ),
        Recurring("forget_keys", "17 * * * *", lambda: forget(services)),
        Recurring("defer_waiting", "* * * * *", lambda: defer_waiting(services)),
        Recurring("replay_parked", "* * * * *", lambda: _discard(replay_due(services))),
        Recurring("take_drops", "* * * * *", lambda: _discard(take_drops(services))),
        Recurring("ask_challengers", "* * * * *", lambda: _discard(shadow.run())),
        Recurring("send_webhooks", "* * * * * */2", services.courier.look),
        Recurring("forget_messages", "27 * * * *", lambda: forget_messages(services)),
        Recurring("watch_drift", "40 2 * * *", lambda: _discard(watch(services))),
        Recurring("watch_claims", "20 3 * * *", lambda: _discard(watch_windows(services))),
        Recurring("check_masters", "*/10 * * * *", lambda: _discard(masters.check(services))),
        Recurring("compare_customers", "20 3 * * *", lambda: masters.nightly(services)),
    ]


def replay_proposals(services: Services) -> int:
    """Ask past cases again for the drafts that wait for it; answers how many drafts."""
    services.policies.refresh()
    with services.engine.connect() as conn:
        asked = policy_replays.wanted(conn)
    for proposal_id in asked:
        with services.engine.connect() as conn:
            position = services.journal.settled(conn)
            policy, faults = read_entry(entry_of(conn, proposal_id))
            if policy is None:
                log.error("draft not replayed", proposal=proposal_id, why=str(faults[0]))
                continue
            now = services.clock()
            found = replay_json(replay_past(conn, services.policies.known, policy, now))
        with services.engine.begin() as conn:
            policy_replays.keep(conn, proposal_id, position, now, found)
    return len(asked)


def errands(services: Services) -> list[Errand]:
    """Work that is asked for by name, in queues of its own."""
    return [Errand(TASK, QUEUE, services.courier.carry)]


def _discard(_: object) -> None:
    """A recurring job answers nothing."""


def expire(services: Services) -> int:
    """Let authorisations that ran out expire; answers how many."""
    now = services.clock()
    with services.engine.connect() as conn:
        late = lookups.expired_authorisations(conn, now)
    return sum(_expired(services, return_id, now) for return_id in late)


def _expired(services: Services, return_id: str, now: datetime) -> bool:
    """Whether it expired; a case that will not is said, and does not hold back the others."""
    try:
        command = ExpireAuthorisation(SYSTEM, now)
        retrying(services.engine, partial(_handle, services, return_id, command))
    except Refused as no:
        log.error("authorisation does not expire", case=return_id, why=no.message)
        return False
    return True


def ask_for_goods(services: Services) -> int:
    """Ask customer service about advances whose goods are past their day; answers how many
    returns."""
    now = services.clock()
    with services.engine.connect() as conn:
        late = advances.overdue(conn, now)
    for return_id in late:
        command = AskForGoods(SYSTEM, now)
        retrying(services.engine, partial(_handle, services, return_id, command))
    return len(late)


def release_answered(services: Services) -> int:
    """Release credits that were approved to wait for a supplier who had answered by then, and note
    answers that came before their claim; answers how many credits."""
    now = services.clock()
    with services.engine.connect() as conn:
        answers = claims.answers_to_note(conn)
    return sum(
        retrying(services.engine, partial(_release, services, answered, now))
        for answered in answers
    )


def _release(
    services: Services, answered: SupplierClaimAnswered, now: datetime, conn: Connection
) -> int:
    return note_answer(services.cases, conn, answered, now)


def escalate(services: Services) -> int:
    """Pass on tasks past their due time to who is present above; answers how many returns."""
    now = services.clock()
    with services.engine.connect() as conn:
        late = worklists.overdue_cases(conn, now)
        unmanned = coverage(services, conn, now).unmanned()
    command = EscalateOverdue(SYSTEM, now, unmanned)
    for return_id in late:
        retrying(services.engine, partial(_handle, services, return_id, command))
    return len(late)


def _handle(services: Services, return_id: str, command: Command, conn: Connection) -> None:
    services.cases.handle(conn, return_id, command)


def release_absent(services: Services) -> int:
    """Give back what people lease whose absence has begun; answers how many tasks."""
    with services.engine.begin() as conn:
        return leases.release_of(conn, absences.away(conn, services.clock()))


def checkpoint(services: Services) -> None:
    """Seal the events that are new and settled under this installation's key."""
    folder = services.settings.state_dir
    folder.mkdir(parents=True, exist_ok=True)
    signer = Signer.at(folder / "checkpoint.key")
    with services.engine.begin() as conn:
        take_checkpoint(conn, signer, services.clock())


def forget(services: Services) -> None:
    with services.engine.begin() as conn:
        idempotency.forget_expired(conn, services.clock())


def forget_messages(services: Services) -> None:
    with services.engine.begin() as conn:
        deliveries.forget(conn, services.clock())
        attempts.forget(conn, services.clock())
        traces.forget(conn, services.clock())


def defer_waiting(services: Services) -> None:
    with services.engine.begin() as conn:
        outbox.defer_waiting(conn)
