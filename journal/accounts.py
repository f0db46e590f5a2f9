"""Who may come in: accounts, their passwords (argon2), API keys and sessions (hashed).

Keys and tokens are random, shown once, and stored as SHA-256 only. Not part of the log: who
could sign in is configuration, what they did is in the events.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from journal import tables
from workflow.actor import Actor

KEY_PREFIX = "trk_"
SESSION_HOURS = 12

_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. ``kind`` is ``person`` or ``service``."""

    account_id: str
    name: str
    kind: str
    roles: frozenset[str]
    active: bool

    @property
    def actor(self) -> Actor:
        return Actor(self.account_id, self.roles, self.kind)


def save_account(
    conn: Connection,
    account_id: str,
    name: str,
    roles: Collection[str],
    at: datetime,
    *,
    password: str | None = None,
    kind: str = "person",
) -> Account:
    """Create an account or change an existing one; without a password the old one stays."""
    values: dict[str, object] = {"name": name, "kind": kind, "roles": sorted(roles), "active": True}
    if password is not None:
        values["password_hash"] = _hasher.hash(password)
    statement = upsert(tables.account).values(account_id=account_id, created_at=at, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))
    return Account(account_id, name, kind, frozenset(roles), True)


def close_account(conn: Connection, account_id: str) -> None:
    """Nobody signs in as this account any more; its name stays on what it did."""
    table = tables.account
    conn.execute(update(table).where(table.c.account_id == account_id).values(active=False))
    conn.execute(delete(tables.session).where(tables.session.c.account_id == account_id))


def find_account(conn: Connection, account_id: str) -> Account | None:
    query = select(tables.account).where(tables.account.c.account_id == account_id)
    return _account(conn.execute(query).mappings().one_or_none())


def all_accounts(conn: Connection) -> list[Account]:
    query = select(tables.account).order_by(tables.account.c.account_id)
    return [_read(row) for row in conn.execute(query).mappings()]


def verify_password(conn: Connection, account_id: str, password: str) -> Account | None:
    """The account, if it is active and the password is its own.

    An unknown account costs as long as a wrong password, so that names cannot be tried out.
    """
    query = select(tables.account).where(tables.account.c.account_id == account_id)
    row = conn.execute(query).mappings().one_or_none()
    stored = (row["password_hash"] if row else None) or _nobodys_hash()
    try:
        _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return None
    account = _account(row)
    return account if account and row and row["password_hash"] else None


def create_api_key(conn: Connection, account_id: str, label: str, at: datetime) -> str:
    """A new key for an account: the only time it is readable."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    conn.execute(
        insert(tables.api_key).values(
            key_hash=_digest(key), account_id=account_id, label=label, created_at=at
        )
    )
    return key


def account_of_key(conn: Connection, key: str) -> Account | None:
    """The active account of a key that is not revoked."""
    keys, accounts = tables.api_key, tables.account
    query = (
        select(accounts)
        .join(keys, keys.c.account_id == accounts.c.account_id)
        .where(keys.c.key_hash == _digest(key), keys.c.revoked_at.is_(None))
    )
    return _account(conn.execute(query).mappings().one_or_none())


def revoke_api_key(conn: Connection, key: str, at: datetime) -> bool:
    """Whether there was such a key in use; it is not any more."""
    table = tables.api_key
    statement = update(table).where(table.c.key_hash == _digest(key), table.c.revoked_at.is_(None))
    return conn.execute(statement.values(revoked_at=at)).rowcount == 1


def revoke_api_keys(conn: Connection, account_id: str, label: str, at: datetime) -> int:
    """Revoke an account's keys with a label (to replace them); how many there were."""
    table = tables.api_key
    statement = update(table).where(
        table.c.account_id == account_id, table.c.label == label, table.c.revoked_at.is_(None)
    )
    return conn.execute(statement.values(revoked_at=at)).rowcount


def open_session(
    conn: Connection, account_id: str, at: datetime, hours: float = SESSION_HOURS
) -> str:
    """A new session's token: the only time it is readable. Sessions that ended are removed."""
    token = secrets.token_urlsafe(32)
    conn.execute(delete(tables.session).where(tables.session.c.expires_at <= at))
    conn.execute(
        insert(tables.session).values(
            token_hash=_digest(token),
            account_id=account_id,
            created_at=at,
            expires_at=at + timedelta(hours=hours),
        )
    )
    return token


def account_of_session(conn: Connection, token: str, at: datetime) -> Account | None:
    """The active account of a session that has not ended."""
    sessions, accounts = tables.session, tables.account
    query = (
        select(accounts)
        .join(sessions, sessions.c.account_id == accounts.c.account_id)
        .where(sessions.c.token_hash == _digest(token), sessions.c.expires_at > at)
    )
    return _account(conn.execute(query).mappings().one_or_none())


def close_session(conn: Connection, token: str) -> None:
    conn.execute(delete(tables.session).where(tables.session.c.token_hash == _digest(token)))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


def _account(row: RowMapping | None) -> Account | None:
    return _read(row) if row and row["active"] else None


def _read(row: RowMapping) -> Account:
    return Account(
        row["account_id"], row["name"], row["kind"], frozenset(row["roles"]), row["active"]
    )
