"""Effects: values that say what should change outside us. Nothing here performs one."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effect:
    """One change asked of another system.

    ``key`` comes from the business decision (``case/line/kind/sequence``), never from the
    attempt, so that doing it twice is doing it once. ``kind``: ``erp.rma``, ``erp.receipt``,
    ``erp.stock_move``, ``erp.credit_memo``, ``erp.supplier_claim``, ``erp.close``,
    ``assess`` (ask a model, in-house). ``payload`` is plain JSON.
    """

    key: str
    kind: str
    return_id: str
    payload: Mapping[str, object]
