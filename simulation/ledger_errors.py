"""Errors the ERP will make about returns, decided before anybody knows."""

from collections.abc import Iterator
from decimal import Decimal

from simulation.intents import LedgerError
from simulation.returns import Planned
from simulation.streams import Streams, pick

ERROR_SHARE = 0.075
"""Share of sent lines about which one error will be made."""
ABUSE_FACTOR = 2.0
"""Errors are likelier where somebody games the system."""

_KINDS: dict[str, tuple[float, str, str]] = {
    "duplicate_credit_memo": (0.17, "erp.credit_memo", "R11"),
    "changed_amount": (0.2, "erp.credit_memo", "R10"),
    "credit_without_case": (0.1, "erp.credit_memo", "R8"),
    "deleted_stock_move": (0.17, "erp.stock_move", "R6"),
    "lot_changed": (0.1, "erp.receipt", "R4"),
    "missing_credit": (0.1, "erp.credit_memo", "R9"),
    "missing_claim": (0.08, "erp.supplier_claim", "R12"),
    "late_posting": (0.08, "erp.credit_memo", "R20"),
}
"""Kind -> share, the effect it is about, the exception that should find it."""


def errors_of(streams: Streams, planned: Planned) -> Iterator[LedgerError]:
    """At most one error a line of a return that is sent."""
    truth = planned.request.truth
    if truth.outcome not in ("sent", "nothing_to_send") or truth.mistake:
        return
    share = ERROR_SHARE * (ABUSE_FACTOR if truth.abuse else 1.0)
    for number, wish in enumerate(planned.wishes, 1):
        draw = streams.of("ledger error", wish.key)
        if draw.random() >= share:
            continue
        kind = pick(draw, {name: row[0] for name, row in _KINDS.items()})
        _, effect_kind, code = _KINDS[kind]
        lot = wish.line.fact.lot
        if kind == "lot_changed" and lot is None:
            continue
        # Mostly small slips, now and then a digit too many.
        percent = draw.choice((90, 95, 105, 110, 110, 120, 150, 200))
        yield LedgerError(
            at=planned.request.at,
            return_id=planned.request.return_id,
            line=number,
            kind=kind,
            effect_kind=effect_kind,
            code=code,
            percent=percent if kind == "changed_amount" else 100,
            days=draw.randrange(8, 30) if kind == "late_posting" else 0,
            lot=f"L{int(Decimal(lot[1:])) + 7:04d}" if kind == "lot_changed" and lot else None,
        )
