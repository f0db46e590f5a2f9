"""Do what an effect asks: effect kind -> request -> call of the port, as one table.

An effect may be performed any number of times; the ERP writes it once. What the caller does
with the errors: ``Unavailable`` -> perform again later; ``Rejected`` -> park the effect for a
person. A lost answer is resolved here, by reading under the key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol, runtime_checkable

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from integrations.erp.documents import (
    ChargeBack,
    ClaimSettlement,
    Closing,
    CreditMemo,
    Document,
    Intercompany,
    Post,
    Receipt,
    RefurbishCompletion,
    RefurbishOrder,
    Replacement,
    Request,
    Rma,
    StockMove,
    SupplierClaim,
)
from integrations.erp.port import ErpPort, Rejected, Unavailable, UnknownOutcome, send
from workflow.effects import Effect

REQUEST_OF: dict[str, type[Any]] = {
    "erp.rma": Rma,
    "erp.receipt": Receipt,
    "erp.stock_move": StockMove,
    "erp.credit_memo": CreditMemo,
    "erp.charge_back": ChargeBack,
    "erp.supplier_claim": SupplierClaim,
    "erp.claim_settlement": ClaimSettlement,
    "erp.intercompany": Intercompany,
    "erp.refurbish_order": RefurbishOrder,
    "erp.refurbish_completion": RefurbishCompletion,
    "erp.replacement": Replacement,
    "erp.close": Closing,
}
"""Effect kind -> what the ERP is asked. The payload's keys are the fields of the request."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``reference`` is the ERP's document number; ``repeated``: an earlier attempt wrote it."""

    reference: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """An effect and the time it is performed at."""

    effect: Effect
    at: datetime


@runtime_checkable
class BulkErp(Protocol):
    """An ERP that takes many requests in one transaction; answers are in request order."""

    def post_many(
        self, posts: Sequence[Post], connection: Connection | None = None
    ) -> list[Document | Rejected]: ...


def perform(
    effect_kind: str,
    key: str,
    return_id: str,
    payload: Mapping[str, object],
    erp: ErpPort,
    at: datetime,
) -> Outcome:
    """Write the effect in the ERP, or find that it was written before.

    Raises ``Unavailable`` (nothing is known to be written: perform again under the same key)
    or ``Rejected`` (also for an unknown kind and a malformed payload).
    """
    request = request_of(effect_kind, key, return_id, payload)
    try:
        return _outcome(send(erp, key, request, at))
    except UnknownOutcome as lost:
        written = erp.document(key)
        if written is None:
            raise Unavailable(f"{key} was not written as far as the ERP knows: {lost}") from lost
        return _outcome(written)


def perform_many(
    asked: Sequence[Asked], erp: ErpPort, connection: Connection | None = None
) -> list[Outcome | Rejected]:
    """Perform effects in order, in one transaction where the ERP can; answers in that order.

    A rejected effect does not hold up the others. ``connection`` makes a bulk ERP write in
    the caller's transaction; the caller commits. Raises ``Unavailable`` as a whole: perform
    all of them again.
    """
    if not isinstance(erp, BulkErp):
        return [_perform_one(one, erp) for one in asked]
    posts: list[Post | Rejected] = [_post(one) for one in asked]
    try:
        answers = iter(erp.post_many([p for p in posts if isinstance(p, Post)], connection))
    except UnknownOutcome as lost:
        raise Unavailable(f"Whether {len(posts)} effects were written is unknown: {lost}") from lost
    merged = (post if isinstance(post, Rejected) else next(answers) for post in posts)
    return [answer if isinstance(answer, Rejected) else _outcome(answer) for answer in merged]


def request_of(
    effect_kind: str, key: str, return_id: str, payload: Mapping[str, object]
) -> Request:
    """The typed request of an effect; ``Rejected`` as ``unknown_effect`` or ``invalid_payload``."""
    if effect_kind not in REQUEST_OF:
        known = ", ".join(REQUEST_OF)
        raise Rejected("unknown_effect", f"{key}: no ERP call for {effect_kind!r}; known: {known}.")
    try:
        request: Request = _adapter(effect_kind).validate_python(payload)
    except ValidationError as wrong:
        found = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in wrong.errors(include_url=False)
        )
        raise Rejected("invalid_payload", f"{key} ({effect_kind}): {found}") from wrong
    if request.return_id != return_id:
        raise Rejected(
            "invalid_payload", f"{key} belongs to {return_id}, its payload to {request.return_id}."
        )
    return request


@cache
def _adapter(effect_kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(REQUEST_OF[effect_kind])


def _outcome(document: Document) -> Outcome:
    return Outcome(document.number, document.repeated)


def _perform_one(one: Asked, erp: ErpPort) -> Outcome | Rejected:
    effect = one.effect
    try:
        return perform(effect.kind, effect.key, effect.return_id, effect.payload, erp, one.at)
    except Rejected as rejected:
        return rejected


def _post(one: Asked) -> Post | Rejected:
    effect = one.effect
    try:
        request = request_of(effect.kind, effect.key, effect.return_id, effect.payload)
    except Rejected as rejected:
        return rejected
    return Post(effect.key, request, one.at)
