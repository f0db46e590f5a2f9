"""What advances change in the rows of a case and in the ledgers, by ``workflow.advance``.

Goods sent in advance take the value of their invoice line as a credit would. What a credit takes
is counted where every approved credit is.
"""

from collections.abc import Mapping

from journal.answer_rows import Row
from journal.ledgers import Movements
from workflow.events import (
    AdvanceChargedBack,
    AdvanceSettled,
    CaseEvent,
    CreditApproved,
    GoodsAwaited,
    GoodsGivenUp,
)


def note_advance(case: Row, lines: Mapping[int, Row], event: CaseEvent, ledger: Movements) -> None:
    """Change the line as the event says; events about nothing in advance pass by."""
    match event:
        case CreditApproved() if event.goods_due is not None:
            line = lines[event.line]
            line.update(advance_minor=event.value_minor, goods_due=event.goods_due)
            case["expires_at"] = max(case["expires_at"], event.goods_due)
            ledger.credited(_source(line), event.value_minor - event.net_minor)
        case GoodsAwaited():
            lines[event.line]["goods_due"] = event.goods_due
            case["expires_at"] = max(case["expires_at"], event.goods_due)
        case GoodsGivenUp():
            line = lines[event.line]
            line["released"] += event.quantity
            ledger.returned(_source(line), -event.quantity)
        case AdvanceSettled():
            lines[event.line]["goods_due"] = None
        case AdvanceChargedBack():
            line = lines[event.line]
            if event.given == "credit":
                line["credited_minor"] -= event.net_minor
            ledger.credited(_source(line), -event.net_minor)
        case _:
            pass


def _source(line: Row) -> tuple[str, int] | None:
    return None if line["invoice_id"] is None else (line["invoice_id"], line["invoice_line"])
