"""How a model came to answer and how it fares: ledger, gates, challenger, drift."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from journal import lookups
from journal.journal import Journal
from journal.promotions import history, judged, rollbacks
from serving.comparison import compare
from serving.drift_watch import latest
from serving.http import plain
from workflow.promoting import PromotionFact, succession

LEAST_EFFECTS = 8
"""Columns of a drift report that are shown: those that moved furthest."""


def lifecycle_of(journal: Journal, conn: Connection, name: str) -> dict[str, Any]:
    """``promotions`` (newest first, with gates), ``rollbacks``, ``goes_back_to`` (the version that
    a rollback would bring back), ``challenger`` and ``drift``; the last three are ``None`` where
    there is none."""
    past = history(journal, conn, name)
    line = succession(past)
    return {
        "promotions": _with_gates(conn, name, past),
        "rollbacks": rollbacks(journal, conn, name),
        "goes_back_to": line[-2].version if len(line) > 1 else None,
        "challenger": compare(conn, name),
        "drift": _drift(conn, name),
    }


def promotions_of(journal: Journal, conn: Connection, name: str) -> list[dict[str, Any]]:
    """Proposals of a model, newest first, each with the gates it was held to.

    Refused: ``unknown_model``.
    """
    return _with_gates(conn, name, history(journal, conn, name))


def _with_gates(conn: Connection, name: str, past: Sequence[PromotionFact]) -> list[dict[str, Any]]:
    known = judged(past)
    return [plain(row) | known.get(row["proposal_id"], {}) for row in lookups.proposals(conn, name)]


def _drift(conn: Connection, name: str) -> dict[str, Any] | None:
    """The newest measurement, with the columns that moved furthest."""
    told = latest(conn, name)
    if told is None:
        return None
    report = told.pop("report")
    furthest = sorted(report["moved"], key=lambda one: -one["effect"])[:LEAST_EFFECTS]
    return {**told, "realised": report["realised"], "furthest": furthest}
