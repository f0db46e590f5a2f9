"""What the HTTP edge keeps: accounts and keys, first answers, leases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from journal import accounts, idempotency, leases
from journal.idempotency import Answer, InProgress, KeyReused
from journal.journal import Journal
from tests.journal.ledger_story import NOON, append, at, requested, task_decided, task_opened, write
from workflow.refused import Refused

LATER = NOON + timedelta(hours=25)


def test_passwords_and_closed_accounts(engine: Engine) -> None:
    """Only the right password of an active account signs in; unknown names fail alike."""
    with engine.begin() as conn:
        saved = accounts.save_account(
            conn, "maria", "Maria", ["customer_service"], NOON, password="s3cret"
        )
        assert accounts.verify_password(conn, "maria", "s3cret") == saved
        assert set(saved.actor.roles) == {"customer_service"}
        assert accounts.verify_password(conn, "maria", "wrong") is None
        assert accounts.verify_password(conn, "mario", "s3cret") is None
        accounts.save_account(conn, "maria", "Maria B.", ["returns_manager"], NOON)
        again = accounts.verify_password(conn, "maria", "s3cret")
        assert again is not None
        assert (again.name, set(again.roles)) == ("Maria B.", {"returns_manager"})
        accounts.save_account(conn, "erp", "ERP", ["service"], NOON, kind="service")
        assert accounts.verify_password(conn, "erp", "") is None
        accounts.close_account(conn, "maria")
        assert accounts.verify_password(conn, "maria", "s3cret") is None
        assert [a.active for a in accounts.all_accounts(conn)] == [True, False]
        stored = conn.execute(text("SELECT password_hash FROM account WHERE account_id = 'maria'"))
        assert stored.scalar_one().startswith("$argon2id$")


def test_api_keys_can_be_revoked(engine: Engine) -> None:
    """A key opens its account until it is revoked; only its hash is kept."""
    with engine.begin() as conn:
        accounts.save_account(conn, "walter", "Walter", ["warehouse"], NOON)
        key = accounts.create_api_key(conn, "walter", "demo", NOON)
        found = accounts.account_of_key(conn, key)
        assert found is not None
        assert found.account_id == "walter"
        assert accounts.account_of_key(conn, key + "x") is None
        kept = conn.execute(text("SELECT key_hash FROM api_key")).scalar_one()
        assert key.encode() not in bytes(kept)
        assert accounts.revoke_api_key(conn, key, NOON)
        assert not accounts.revoke_api_key(conn, key, NOON)
        assert accounts.account_of_key(conn, key) is None
        accounts.create_api_key(conn, "walter", "demo", NOON)
        assert accounts.revoke_api_keys(conn, "walter", "demo", NOON) == 1


def test_sessions_end(engine: Engine) -> None:
    """A session opens its account until its time is over or it is closed."""
    with engine.begin() as conn:
        accounts.save_account(conn, "ines", "Ines", ["inspector"], NOON)
        token = accounts.open_session(conn, "ines", NOON)
        assert accounts.account_of_session(conn, token, NOON) is not None
        assert accounts.account_of_session(conn, token, LATER) is None
        accounts.close_session(conn, token)
        assert accounts.account_of_session(conn, token, NOON) is None


ROUTE = "POST /v1/returns"
PRINT = idempotency.fingerprint(ROUTE, b'{"a":1}')


def test_the_first_answer_is_given_again(engine: Engine) -> None:
    """A repetition gets the first answer; another body is an error; other actors are apart."""
    answer = Answer(201, {"Location": "/v1/returns/R-1"}, b'{"return_id":"R-1"}')
    with engine.begin() as conn:
        assert idempotency.begin(conn, "maria", "k1", ROUTE, PRINT, NOON) is None
        idempotency.finish(conn, "maria", "k1", answer)
    with engine.begin() as conn:
        assert idempotency.begin(conn, "maria", "k1", ROUTE, PRINT, NOON) == answer
        changed = idempotency.fingerprint(ROUTE, b'{"a":2}')
        with pytest.raises(KeyReused, match="'k1' was used for another request"):
            idempotency.begin(conn, "maria", "k1", ROUTE, changed, NOON)
        assert idempotency.begin(conn, "fiona", "k1", ROUTE, PRINT, NOON) is None


def test_a_request_in_progress_is_told_so_and_a_crash_forgets(engine: Engine) -> None:
    """While the first is being answered a second is told to wait; rolled back, it starts anew."""
    with engine.connect() as first, engine.connect() as second:
        assert idempotency.begin(first, "maria", "k1", ROUTE, PRINT, NOON) is None
        with pytest.raises(InProgress, match="ask again shortly"):
            idempotency.begin(second, "maria", "k1", ROUTE, PRINT, NOON)
        first.rollback()
        second.rollback()
        assert idempotency.begin(second, "maria", "k1", ROUTE, PRINT, NOON) is None


def test_keys_expire(engine: Engine) -> None:
    """Past its time a key is new again, and the sweep removes it."""
    with engine.begin() as conn:
        idempotency.begin(conn, "maria", "k1", ROUTE, PRINT, NOON)
        idempotency.finish(conn, "maria", "k1", Answer(200, {}, b""))
        assert idempotency.begin(conn, "maria", "k1", ROUTE, PRINT, LATER) is None
        assert idempotency.forget_expired(conn, LATER + timedelta(days=2)) == 1


def open_task(engine: Engine) -> None:
    write(engine, Journal(), append("case/R-1", requested(), task_opened()))


def test_one_holder_at_a_time(engine: Engine) -> None:
    """A lease keeps others out until it ends or is given back; its holder may renew it."""
    open_task(engine)
    with engine.begin() as conn:
        held = leases.lease(conn, "R-1-T1", "fiona", at(0), 300)
        assert held.until == at(5)
        with pytest.raises(Refused, match="fiona works on R-1-T1 until") as caught:
            leases.lease(conn, "R-1-T1", "frank", at(4))
        assert caught.value.code == "task_leased"
        assert leases.heartbeat(conn, "R-1-T1", "fiona", at(4), 300).until == at(9)
        assert not leases.release(conn, "R-1-T1", "frank")
        assert leases.lease(conn, "R-1-T1", "frank", at(9)).holder == "frank"
        with pytest.raises(Refused) as caught:
            leases.require(conn, "R-1-T1", "fiona", at(9))
        assert caught.value.code == "task_leased"
        assert leases.release(conn, "R-1-T1", "frank")
        with pytest.raises(Refused) as caught:
            leases.heartbeat(conn, "R-1-T1", "frank", at(9))
        assert caught.value.code == "lease_required"


def test_two_who_press_at_once(engine: Engine) -> None:
    """Of many who lease a task in the same moment exactly one gets it."""
    open_task(engine)

    def press(number: int) -> bool:
        try:
            with engine.begin() as conn:
                leases.lease(conn, "R-1-T1", f"clerk-{number}", at(0))
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(press, range(6))) == 1


def test_a_decided_task_cannot_be_leased(engine: Engine) -> None:
    """A task that is decided, or never was, is unknown to the queue; a lease survives events."""
    open_task(engine)
    with engine.begin() as conn:
        leases.lease(conn, "R-1-T1", "fiona", at(0))
    write(engine, Journal(), append("case/R-1", task_opened(number=2)))
    with engine.begin() as conn:
        assert leases.holder_of(conn, "R-1-T1", at(1)) is not None
    write(engine, Journal(), append("case/R-1", task_decided()))
    with engine.begin() as conn:
        for task_id in ("R-1-T1", "R-9-T1"):
            with pytest.raises(Refused) as caught:
                leases.lease(conn, task_id, "fiona", at(1))
            assert caught.value.code == "unknown_task"
