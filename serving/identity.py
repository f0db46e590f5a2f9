"""Who is asking: an API key, an OIDC access token, or the cookie of a signed-in page.

Bearer tokens that look like JWTs are checked against the configured issuer's keys; everything
else is an API key. Nobody is anonymous under ``/v1`` and ``/v2``.
"""

import asyncio
from functools import lru_cache

import jwt
from cachetools import TTLCache
from fastapi import Request
from jwt import PyJWKClient

from journal import accounts
from serving.errors import Invalid
from serving.settings import Settings
from serving.wiring import Services, services_of
from workflow.actor import Actor
from workflow.codes import Role

COOKIE = "triage_session"
KNOWN_SECONDS = 5
KNOWN_KEYS = 4096


def known_keys() -> "TTLCache[str, Actor]":
    """An app's short memory of good API keys."""
    return TTLCache(KNOWN_KEYS, KNOWN_SECONDS)


_ALGORITHMS = ["RS256", "ES256", "EdDSA", "PS256"]


async def signed_in(request: Request) -> Actor:
    """The actor of a request. Errors: ``Invalid`` 401 where there is none.

    A key that was good stays good for ``KNOWN_SECONDS`` without asking the database, so that
    scoring does not touch it; a revoked key ends after that time at the latest.
    """
    services = services_of(request)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not token:
        raise Invalid(
            "not_signed_in", "Send Authorization: Bearer with an API key or an access token.", 401
        )
    if scheme.lower() != "bearer":
        raise Invalid("not_signed_in", f"Authorization {scheme!r} is not Bearer.", 401)
    known: TTLCache[str, Actor] = request.app.state.known_keys
    actor = known.get(token)
    if actor is None:
        find = _by_token if token.count(".") == 2 else _by_key
        actor = await asyncio.to_thread(find, services, token)
        if actor is not None and find is _by_key:
            known[token] = actor
    if actor is None:
        raise Invalid("not_signed_in", "The key or token is unknown, revoked or expired.", 401)
    return actor


def by_cookie(request: Request) -> Actor | None:
    """The actor of a page's session, or ``None``."""
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    services = services_of(request)
    with services.engine.connect() as conn:
        account = accounts.account_of_session(conn, token, services.clock())
    return account.actor if account else None


def _by_key(services: Services, key: str) -> Actor | None:
    with services.engine.connect() as conn:
        account = accounts.account_of_key(conn, key)
    return account.actor if account else None


def _by_token(services: Services, token: str) -> Actor | None:
    """Issuer, audience, expiry and signature must fit; roles are those we know."""
    settings = services.settings
    if settings.oidc_issuer is None or settings.oidc_jwks_url is None:
        return None
    try:
        key = _keys(settings.oidc_jwks_url).get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token,
            key.key,
            algorithms=_ALGORITHMS,
            audience=settings.oidc_audience,
            issuer=settings.oidc_issuer,
            options={"require": ["exp", "iss", "sub"], "verify_aud": bool(settings.oidc_audience)},
        )
    except jwt.PyJWTError:
        return None
    return _actor_of(claims, settings)


def _actor_of(claims: dict[str, object], settings: Settings) -> Actor:
    given = claims.get(settings.oidc_roles_claim)
    roles = frozenset(given) & frozenset(Role) if isinstance(given, list) else frozenset[str]()
    kind = "service" if Role.SERVICE in roles else "person"
    return Actor(str(claims["sub"]), frozenset(str(role) for role in roles), kind)


@lru_cache(maxsize=4)
def _keys(url: str) -> PyJWKClient:
    return PyJWKClient(url, cache_keys=True, lifespan=600)
