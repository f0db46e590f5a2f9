"""How far each model is trusted, and whether it deserves it: for API, pages and commands."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from journal import automation
from journal.automation import Counts
from models.guarantee import interval
from serving.automation import MODEL_OF
from serving.http import plain

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trust:
    """Clearances by model (one a decision point), and counts by model and version."""

    clearances: dict[str, Json]
    counts: dict[tuple[str, str], Counts]

    def automation(self, model: str, version: str) -> Json | None:
        """The automatic lane of a version: what it promises and what audits found.

        ``None`` for a model that never acts by itself. ``open``: something may pass now;
        ``clearance`` is ``None`` where nothing was ever guaranteed for this version.
        """
        if model not in MODEL_OF.values():
            return None
        row = self.clearances.get(model)
        ours = row if row and row["version"] == version else None
        counted = self.counts.get((model, version))
        audits, errors = (counted.lane_audits, counted.lane_errors) if counted else (0, 0)
        low, high = interval(errors, audits)
        return {
            "point": next(point for point, name in MODEL_OF.items() if name == model),
            "open": bool(ours and ours["threshold"] is not None),
            "clearance": ours,
            "answers": counted.answers if counted else 0,
            "passed": counted.passed if counted else 0,
            "share_passed": counted.passed / counted.answers if counted else None,
            "audits": audits,
            "audit_errors": errors,
            "realised_error": errors / audits if audits else None,
            "realised_error_low": low,
            "realised_error_high": high,
        }

    def agreement(self, model: str, version: str) -> Json:
        """How often people agreed who saw the answer, and who did not, with exact intervals."""
        counted = self.counts.get((model, version))
        seen = (counted.seen, counted.seen_agreed) if counted else (0, 0)
        blind = (counted.blind, counted.blind_agreed) if counted else (0, 0)
        return {"seen": _share(*seen), "blind": _share(*blind)}


def _share(cases: int, agreed: int) -> Json:
    low, high = interval(agreed, cases)
    share = agreed / cases if cases else None
    return {"cases": cases, "agreed": agreed, "share": share, "low": low, "high": high}


def trust(conn: Connection) -> Trust:
    """Everything recorded about clearances, audits and agreement, as of now."""
    rows = [plain(row) for row in automation.clearances(conn)]
    return Trust(
        {str(row["model"]): row for row in rows},
        {(counted.model, counted.version): counted for counted in automation.counts(conn)},
    )
