"""Messages to subscribers: none skipped, in the order of a case, tried, paused, given up."""

import random
from datetime import datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Connection, Engine, text

from journal import deliveries, webhooks
from journal.deliveries import Attempt, Message
from journal.entries import Append
from journal.journal import Journal
from journal.sealing import Sealer, Unreadable
from tests.journal.ledger_story import MARIA, at, requested, write
from workflow.refused import Refused

NOW = at(100)


def tell(engine: Engine, *returns: str) -> None:
    for return_id in returns:
        append = Append(f"case/{return_id}", (requested(return_id),), MARIA, at(0))
        write(engine, Journal(), append)


def hook(engine: Engine, webhook_id: str = "wh-1", cursor: int = 0, *types: str) -> str:
    with engine.begin() as conn:
        webhooks.subscribe(conn, webhook_id, "https://x.example/", "", types, "ada", at(0), cursor)
    return webhook_id


def fill(engine: Engine, webhook_id: str = "wh-1", now: datetime = NOW) -> int:
    with engine.begin() as conn:
        return deliveries.fill(Journal(), conn, webhook_id, now)


def take(engine: Engine, now: datetime = NOW) -> Message | None:
    with engine.begin() as conn:
        return deliveries.take(conn, "wh-1", now)


def end(
    engine: Engine, message: Message, status: int | None = 200, now: datetime = NOW
) -> str | None:
    with engine.begin() as conn:
        return deliveries.record(conn, message, Attempt(now, 5, status, ""), 0.5)


def state(engine: Engine) -> list[tuple[int, str, int]]:
    query = "SELECT position, status, attempts FROM webhook_delivery ORDER BY position"
    with engine.connect() as conn:
        return [tuple(row) for row in conn.execute(text(query))]


def test_every_event_becomes_one_message(engine: Engine) -> None:
    """From the cursor on, of the types asked for, once, however often somebody looks."""
    tell(engine, "R-1", "R-2")
    hook(engine)
    hook(engine, "wh-2", 1)
    hook(engine, "wh-3", 0, "recall_opened")
    assert [fill(engine, name) for name in ("wh-1", "wh-2", "wh-3")] == [2, 1, 0]
    assert [fill(engine, name) for name in ("wh-1", "wh-2", "wh-3")] == [0, 0, 0]
    tell(engine, "R-3")
    assert [fill(engine, name) for name in ("wh-1", "wh-2", "wh-3")] == [1, 1, 0]


def test_a_slower_writer_is_waited_for(engine: Engine) -> None:
    """An event whose transaction commits late is not passed over by the cursor."""
    hook(engine)
    with engine.connect() as slow:
        Journal().append(slow, [Append("case/R-1", (requested("R-1"),), MARIA, at(0))])
        tell(engine, "R-2")
        assert fill(engine) == 0
        slow.commit()
    assert fill(engine) == 2


def test_a_full_subscription_gets_no_more(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backpressure: the feed waits, unread, until messages are settled; nothing is lost."""
    monkeypatch.setattr(deliveries, "MOST_WAITING", 2)
    hook(engine)
    tell(engine, "R-1", "R-2", "R-3")
    assert (fill(engine), fill(engine)) == (2, 0)
    message = take(engine)
    assert message is not None
    end(engine, message)
    assert fill(engine) == 1


def test_events_of_a_case_are_heard_in_order(engine: Engine) -> None:
    """While the first is under way or waits for another try, the second is not taken; others
    are."""
    tell(engine, "R-1", "R-1", "R-2")
    hook(engine)
    fill(engine)
    first, other = take(engine), take(engine)
    assert first is not None and other is not None
    assert (first.position, other.position, take(engine)) == (1, 3, None)
    end(engine, first, 500)
    assert take(engine) is None
    again = take(engine, NOW + timedelta(seconds=10))
    assert again is not None and (again.position, again.attempt) == (1, 2)
    end(engine, again)
    second = take(engine)
    assert second is not None and second.position == 2


def test_what_a_dead_worker_left_is_taken_over(engine: Engine) -> None:
    """After a minute; what the first one says afterwards changes nothing."""
    tell(engine, "R-1")
    hook(engine)
    fill(engine)
    left = take(engine)
    assert left is not None and take(engine, NOW + timedelta(seconds=59)) is None
    taken = take(engine, NOW + timedelta(seconds=60))
    assert taken is not None and taken.attempt == 2
    end(engine, left, 500)
    assert state(engine) == [(1, "sending", 2)]
    end(engine, taken)
    assert state(engine) == [(1, "done", 2)]


def test_no_more_than_a_few_are_under_way_at_once(engine: Engine) -> None:
    """A receiver has so many messages at a time and no more."""
    tell(engine, *(f"R-{n}" for n in range(deliveries.MOST_AT_ONCE + 2)))
    hook(engine)
    fill(engine)
    taken = [take(engine) for _ in range(deliveries.MOST_AT_ONCE + 1)]
    assert [message is None for message in taken] == [False] * deliveries.MOST_AT_ONCE + [True]


def test_a_failing_receiver_is_paused_and_probed_by_one(engine: Engine) -> None:
    """After five failures in a row nothing is taken for a while, then one message only; once it
    is taken everything flows."""
    tell(engine, *(f"R-{n}" for n in range(8)))
    hook(engine)
    fill(engine)
    for _ in range(deliveries.FAILURES_TO_PAUSE):
        message = take(engine)
        assert message is not None
        end(engine, message, 503)
    assert take(engine) is None
    later = NOW + timedelta(seconds=5)
    probe = take(engine, later)
    assert probe is not None and take(engine, later) is None
    end(engine, probe, 200, later)
    assert take(engine, later) is not None and take(engine, later) is not None


def test_410_disables_and_nothing_is_lost(engine: Engine) -> None:
    """The receiver said it is gone; activated again, it hears what it missed."""
    tell(engine, "R-1")
    hook(engine)
    fill(engine)
    message = take(engine)
    assert message is not None
    assert end(engine, message, 410) == "The receiver answered 410 Gone."
    tell(engine, "R-2")
    assert (fill(engine), take(engine, NOW + timedelta(days=1))) == (0, None)
    with engine.begin() as conn:
        webhooks.activate(conn, "wh-1")
    fill(engine)
    later = NOW + timedelta(days=1)
    found = [take(engine, later), take(engine, later)]
    assert [message.position for message in found if message] == [1, 2]


def exhaust(engine: Engine, attempts: int) -> tuple[str | None, datetime]:
    """Refuse the first message until it has had so many attempts more."""
    now, because = NOW, None
    for _ in range(attempts):
        now += timedelta(hours=11)
        message = take(engine, now)
        assert message is not None and message.position == 1
        because = end(engine, message, 400, now)
    return because, now


def test_a_receiver_that_takes_nothing_is_disabled(engine: Engine) -> None:
    """When the last attempt fails and nothing was taken meanwhile; the message goes on waiting."""
    tell(engine, "R-1")
    hook(engine)
    fill(engine)
    because, _ = exhaust(engine, deliveries.MOST_ATTEMPTS)
    assert because is not None and because.startswith("The receiver took nothing since")
    assert state(engine) == [(1, "waiting", deliveries.MOST_ATTEMPTS)]


def test_a_message_that_is_refused_among_others_has_failed(engine: Engine) -> None:
    """It is given up, so that its case goes on; a replay sends it again."""
    tell(engine, "R-1", "R-1", "R-2")
    hook(engine)
    fill(engine)
    first, other = take(engine), take(engine)
    assert first is not None and other is not None
    end(engine, other, 200, NOW)
    end(engine, first, 400)
    because, now = exhaust(engine, deliveries.MOST_ATTEMPTS - 1)
    assert because is None
    assert state(engine)[0] == (1, "failed", deliveries.MOST_ATTEMPTS)
    following = take(engine, now + timedelta(minutes=10))
    assert following is not None and following.position == 2


def test_a_replay_goes_through_the_feed_again(engine: Engine) -> None:
    """What waits is not sent before what is sent again; thirty days back and no more."""
    tell(engine, "R-1", "R-2")
    hook(engine)
    fill(engine)
    message = take(engine)
    assert message is not None
    end(engine, message)
    with engine.begin() as conn:
        assert webhooks.rewind(conn, "wh-1", at(0), NOW) == 0
    assert state(engine) == []
    fill(engine)
    assert [row[:2] for row in state(engine)] == [(1, "waiting"), (2, "waiting")]
    with engine.begin() as conn:
        assert webhooks.rewind(conn, "wh-1", at(1), NOW) == 2
        for since, code in (
            (NOW + timedelta(seconds=1), "future_date"),
            (NOW - timedelta(days=31), "too_old"),
        ):
            with pytest.raises(Refused) as no:
                webhooks.rewind(conn, "wh-1", since, NOW)
            assert no.value.code == code


def test_secrets_overlap_and_end(engine: Engine) -> None:
    """Both sign until the overlap ends; at most three; sealed at rest for our key alone."""
    sealer = Sealer(Fernet.generate_key().decode())
    hook(engine)
    day = timedelta(days=1)

    def signing(conn: Connection, when: datetime) -> list[str]:
        return webhooks.secrets_of(conn, sealer, "wh-1", when)

    with engine.begin() as conn:
        webhooks.add_secret(conn, sealer, "wh-1", "one", NOW, timedelta(0))
        webhooks.add_secret(conn, sealer, "wh-1", "two", NOW, day)
        assert signing(conn, NOW) == ["two", "one"]
        assert signing(conn, NOW + day) == ["two"]
        webhooks.add_secret(conn, sealer, "wh-1", "three", NOW, day)
        webhooks.add_secret(conn, sealer, "wh-1", "four", NOW, day)
        assert signing(conn, NOW) == ["four", "three", "two"]
        kept = conn.execute(text("SELECT sealed FROM webhook_secret")).scalars().all()
        assert all(b"four" not in bytes(one) for one in kept)
        with pytest.raises(Unreadable, match="TRIAGE_SECRET_KEY"):
            webhooks.secrets_of(conn, Sealer(Fernet.generate_key().decode()), "wh-1", NOW)
        webhooks.remove(conn, "wh-1", "ada", NOW)
        assert signing(conn, NOW) == []


def test_old_messages_are_forgotten(engine: Engine) -> None:
    """Thirty days after they were made, if they are settled; what waits is kept."""
    tell(engine, "R-1", "R-2")
    hook(engine)
    fill(engine)
    message = take(engine)
    assert message is not None
    end(engine, message)
    with engine.begin() as conn:
        assert deliveries.forget(conn, NOW + timedelta(days=29)) == 0
        assert deliveries.forget(conn, NOW + timedelta(days=31)) == 1
    assert [row[:2] for row in state(engine)] == [(2, "waiting")]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_receiver_does_order_and_number_hold(engine: Engine, seed: int) -> None:
    """Random answers, deaths and delays: in the end each event was taken, those of a case in
    their order, and a repetition only where an answer was lost."""
    chance = random.Random(seed)
    cases = [f"R-{chance.randrange(3)}" for _ in range(12)]
    tell(engine, *cases)
    hook(engine)
    fill(engine)
    now, heard = NOW, []
    for _ in range(400):
        message = take(engine, now)
        if message is None:
            now += timedelta(seconds=30)
            if all(status == "done" for _, status, _ in state(engine)):
                break
            continue
        how = chance.choice(["take", "take", "refuse", "lose"])
        if how != "refuse":
            heard.append(message.position)
        if how != "lose":
            end(engine, message, 200 if how == "take" else 500, now)
    first = list(dict.fromkeys(heard))
    assert sorted(first) == list(range(1, 13))
    for case in set(cases):
        own = [p for p in first if cases[p - 1] == case]
        assert own == sorted(own)
