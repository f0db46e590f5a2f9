"""Turns at other systems: limited over all workers, none while one is down, nothing used up."""

import random
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from journal import attempts, lookups, outbox, systems
from journal.entries import Append
from journal.journal import Journal
from journal.systems import Limits, NotNow
from tests.journal.ledger_story import MARIA, at, requested, write
from workflow.effects import Effect

NOW = at(100)
WIDE = Limits(at_once=100, a_minute=60_000)


def begin(engine: Engine, key: str, limits: Limits = WIDE, now: datetime = NOW) -> None:
    with engine.begin() as conn:
        systems.begin(conn, "erp", key, limits, now)


def unanswered(engine: Engine, key: str, now: datetime = NOW) -> datetime | None:
    with engine.begin() as conn:
        return systems.unanswered(conn, "erp", key, "no line", now, 0.999)


def answered(engine: Engine, key: str) -> None:
    with engine.begin() as conn:
        systems.answered(conn, "erp", key)


def test_only_so_many_at_once(engine: Engine) -> None:
    """The third waits until one of two ends, or until its worker is taken to be dead."""
    two = Limits(2, 60_000)
    begin(engine, "a", two)
    begin(engine, "b", two)
    begin(engine, "b", two)  # a resume is the same turn
    with pytest.raises(NotNow, match="2 effects under way"):
        begin(engine, "c", two)
    answered(engine, "a")
    begin(engine, "c", two)
    begin(engine, "d", two, NOW + systems.TURN_ENDS_AFTER)


def test_only_so_many_a_minute(engine: Engine) -> None:
    """After a burst of a second's worth the next are told when to come; none is ever lost."""
    limits = Limits(100, 60)
    begin(engine, "a", limits)
    begin(engine, "b", limits)
    with pytest.raises(NotNow, match="60 a minute") as later:
        begin(engine, "c", limits)
    assert later.value.at == NOW + timedelta(seconds=1)
    begin(engine, "c", limits, later.value.at)


def test_an_outage_opens_probes_and_closes(engine: Engine) -> None:
    """After five unanswered turns nobody asks; then one does, while all others wait; unanswered
    the pauses grow to a minute and no more; answered, even with a no, everything flows."""
    for number in range(systems.OPENS_AFTER - 1):
        begin(engine, str(number))
        assert unanswered(engine, str(number)) is None
    begin(engine, "x")
    until = unanswered(engine, "x")
    assert until is not None and until > NOW
    with pytest.raises(NotNow, match="down since") as no:
        begin(engine, "y")
    assert no.value.at == until
    now = until
    for _ in range(10):
        begin(engine, "probe", now=now)
        with pytest.raises(NotNow, match="1 effects under way"):
            begin(engine, "other", now=now)
        again = unanswered(engine, "probe", now)
        assert again is not None and timedelta(0) < again - now <= timedelta(seconds=60)
        now = again
    with engine.connect() as conn:
        assert systems.down(conn)["erp"]["opened_at"] == NOW
    begin(engine, "probe", now=now)
    answered(engine, "probe")
    begin(engine, "y", now=now)
    begin(engine, "z", now=now)
    with engine.connect() as conn:
        assert systems.down(conn) == {}


def test_dead_workers_do_not_hold_up_a_probe(engine: Engine) -> None:
    """Turns left by workers that died before the system was down stand in no probe's way, and a
    probe whose worker died is waited for half a minute."""
    for left in ("dead-1", "dead-2"):
        begin(engine, left)
    for number in range(systems.OPENS_AFTER):
        begin(engine, str(number))
        until = unanswered(engine, str(number))
    assert until is not None
    begin(engine, "probe", now=until)
    with pytest.raises(NotNow, match="1 effects under way"):
        begin(engine, "dead-1", now=until + systems.PROBE_ENDS_AFTER)
    begin(engine, "dead-1", now=until + systems.PROBE_ENDS_AFTER + timedelta(seconds=1))


def test_one_answer_between_failures_keeps_it_up(engine: Engine) -> None:
    """Failures count in a row only."""
    for number in range(3 * systems.OPENS_AFTER):
        begin(engine, str(number))
        if number % systems.OPENS_AFTER == 0:
            answered(engine, str(number))
        else:
            assert unanswered(engine, str(number)) is None


def test_the_last_attempts_are_kept(engine: Engine) -> None:
    """So many of one effect; old ones are forgotten by age."""
    with engine.begin() as conn:
        for number in range(attempts.MOST_KEPT + 5):
            attempts.record(conn, "k", NOW, 3, "error", {"net_minor": number}, f"no {number}")
        found = attempts.of(conn, "k")
        assert len(found) == attempts.MOST_KEPT
        assert (found[0]["answer"], found[-1]["request"]) == ("no 5", {"net_minor": 54})
        assert attempts.forget(conn, NOW + timedelta(days=attempts.KEPT_DAYS)) == 0
        assert attempts.forget(conn, NOW + timedelta(days=attempts.KEPT_DAYS + 1)) == 50


@dataclass
class World:
    """An ERP with faults by chance, asked as a performer asks it: the queue is one line a case."""

    engine: Engine
    chance: random.Random
    written: list[str] = field(default_factory=list)
    most_under_way: int = 0

    def step(self, key: str, now: datetime, up: bool) -> datetime | None:
        """One attempt; when to come again, or ``None`` where it is done."""
        try:
            with self.engine.begin() as conn:
                claimed = outbox.claim(conn, key)
                if claimed is None:
                    return None
                systems.begin(conn, "erp", key, WIDE, now)
        except NotNow as no:
            return no.at
        how = self.chance.choice(["write", "write", "lose", "crash"]) if up else "away"
        if how in ("write", "lose", "crash") and key not in self.written:
            self.written.append(key)
        if how == "crash":  # nobody ends the turn; the job is taken up again
            return now + timedelta(seconds=15)
        with self.engine.begin() as conn:
            if how == "write":
                systems.answered(conn, "erp", key)
                outbox.done(conn, {key: key})
                return None
            until = systems.unanswered(conn, "erp", key, "away", now, self.chance.random())
            outbox.failed(conn, key, "away", counted=until is None)
            return until or now + outbox.WAITS.after(1, self.chance.random())


@pytest.mark.parametrize("seed", range(2))
def test_whatever_the_faults_each_effect_once_and_in_order(engine: Engine, seed: int) -> None:
    """Through lost answers, crashes and an outage: every effect is written once, those
    of a case in the order asked, and the outage used up no attempts."""
    world = World(engine, random.Random(seed))
    cases = {f"R-{n}": [f"R-{n}/{k}/credit/1" for k in range(3)] for n in range(2)}
    for case, keys in cases.items():
        wanted = tuple(Effect(key, "erp.credit_memo", case, {}) for key in keys)
        write(
            engine,
            Journal(),
            Append(f"case/{case}", (requested(case),), MARIA, at(0), effects=wanted),
        )
    queues = {case: deque(keys) for case, keys in cases.items()}
    due = dict.fromkeys(cases, NOW)
    outage = (NOW, NOW + timedelta(minutes=30))
    while any(queues.values()):
        case = min((c for c in cases if queues[c]), key=lambda c: due[c])
        now = due[case]
        again = world.step(queues[case][0], now, up=now >= outage[1])
        if again is None:
            queues[case].popleft()
        due[case] = again or now
        assert now < outage[1] + timedelta(hours=1)
    assert sorted(world.written) == sorted(key for keys in cases.values() for key in keys)
    for keys in cases.values():
        assert [key for key in world.written if key in keys] == keys
    with engine.connect() as conn:
        rows = lookups.effects(conn)
    assert {row["status"] for row in rows} == {"done"}
    assert max(row["attempts"] for row in rows) < outbox.MAX_ATTEMPTS
