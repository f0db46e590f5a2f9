"""Advances at the edge: how a customer kept to earlier ones, and one as people read it."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from journal import advances
from serving.shapes import ReturnShape
from workflow.state import Line

Json = dict[str, object]
REMEMBERED = timedelta(days=365)
"""How far back it counts that goods did not come."""


def known_of(conn: Connection, shape: ReturnShape, currency: str, at: datetime) -> advances.History:
    """Looked up only where a line of the request wants an advance."""
    if not any(line.advance for line in shape.lines):
        return advances.History(0, 0)
    return advances.history(conn, shape.customer, currency, at - REMEMBERED)


def advance_json(line: Line) -> Json | None:
    """What was wanted before the goods are back and what came of it; ``None`` where nothing was.

    ``status``: ``waiting`` (not authorised yet), ``refused``, ``proposed``, ``denied``,
    ``overtaken`` (the goods came first), ``open`` (goods are awaited), ``undeserved`` (they earn
    less, and a person is asked), ``over``.
    """
    wanted, advance, verdict = line.requested.advance, line.advance, line.advance_verdict
    if wanted is None:
        return None
    settled = advance.settled if advance else None
    return {
        "wanted": wanted,
        "status": _status(line),
        "because": verdict.because if verdict else None,
        "rule": verdict.rule if verdict else None,
        "policy": verdict.policy if verdict else None,
        "value_minor": advance.value_minor if advance else None,
        "tax_minor": advance.tax_minor if advance else None,
        "goods_due": advance.goods_due.isoformat().replace("+00:00", "Z") if advance else None,
        "earned_minor": settled.entitled_minor if settled else None,
        "undeserved_minor": advance.undeserved_minor if advance else 0,
        "charged_back_minor": advance.charged_minor if advance else 0,
        "let_go_minor": advance.let_go_minor if advance else 0,
    }


def _status(line: Line) -> str:
    if line.advance is not None:
        if line.advance.over:
            return "over"
        return "open" if line.advance.settled is None else "undeserved"
    if line.advance_verdict is None:
        return "waiting"
    statuses = [c.status for c in line.credits if c.proposed.kind == "advance"]
    shown = {"withdrawn": "overtaken"}
    return shown.get(statuses[0], statuses[0]) if statuses else "refused"
