"""What models answered and what people decided afterwards, read back from the log.

The row a model saw is recorded with its answer; so another model can be asked the same later,
and what is read today can be compared with what was read in training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from journal.database import raw
from journal.entries import Recorded
from journal.journal import COLUMNS, recorded

Json = Mapping[str, Any]
ANSWERED = ("assessment_recorded", "credit_note_assessed", "exception_assessed")
MOST_DECISIONS = 200_000
"""Decisions read at once: more than a year of them in the largest house we know."""

SUSPECT, NORMAL = "anomalous", "normal"
_DECIDED: Mapping[str, tuple[str, ...]] = {
    "reason": ("reason_settled",),
    "disposition": ("disposition_confirmed",),
    "credit_anomaly": ("credit_proposed", "task_decided", "credit_approved", "credit_denied"),
    "exception_rank": ("exception_resolved",),
}
"""Events that say what was right, by model."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One recorded answer. ``subject`` names what was asked about as training does."""

    subject: str
    entry: Recorded

    @property
    def assessment(self) -> Json:
        said: Json = self.entry.payload["assessment"]
        return said

    @property
    def version(self) -> str:
        """The version that answered."""
        return str(self.assessment["model"]["version"])


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person found right: a reason, a disposition, or whether a credit is anomalous;
    ``loss_minor`` for an exception."""

    value: str
    loss_minor: int = 0


def answers_after(conn: Connection, model: str, after: int, until: int, limit: int) -> list[Answer]:
    """Answers of any version of a model by position, none skipped up to ``until``, which is a
    settled position."""
    query = (
        f"SELECT {COLUMNS} FROM event WHERE type = ANY (%s) AND position > %s AND position <= %s"
        " AND payload->'assessment'->'model'->>'name' = %s ORDER BY position LIMIT %s"
    )
    return _answers(conn, query, (list(ANSWERED), after, until, model, limit))


def newest_answers(
    conn: Connection, model: str, version: str, since: datetime, limit: int
) -> list[Answer]:
    """The newest answers of one version since a time, the newest first."""
    query = (
        f"SELECT {COLUMNS} FROM event WHERE type = ANY (%s) AND recorded_at >= %s"
        " AND payload->'assessment'->'model'->>'name' = %s"
        " AND payload->'assessment'->'model'->>'version' = %s ORDER BY position DESC LIMIT %s"
    )
    return _answers(conn, query, (list(ANSWERED), since, model, version, limit))


def decisions(conn: Connection, model: str, after: int) -> dict[str, Decided]:
    """What people decided since a position, by subject; the newest decision counts.

    What ran automatically is left out: nobody looked.
    """
    found: dict[str, Decided] = {}
    denied_by_policy: set[str] = set()
    query = (
        "SELECT type, payload::text FROM event WHERE type = ANY (%s) AND position > %s"
        " ORDER BY position LIMIT %s"
    )
    values = (list(_DECIDED[model]), after, MOST_DECISIONS)
    for type_name, text in raw(conn).execute(query, values):
        payload = orjson.loads(text)
        if type_name == "reason_settled" and payload["how"] == "person":
            found[f"{payload['return_id']}/{payload['line']}"] = Decided(payload["reason"])
        elif type_name == "disposition_confirmed" and payload["how"] == "person":
            found[f"{payload['return_id']}/{payload['portion']}"] = Decided(_main(payload["parts"]))
        elif type_name == "exception_resolved":
            loss = int(payload["loss_minor"])
            found[payload["exception_id"]] = Decided("loss" if loss else "none", loss)
        elif type_name == "credit_proposed" and payload["decision"] == "deny":
            denied_by_policy.add(_credit(payload))
        elif type_name in ("task_decided", "credit_approved", "credit_denied"):
            _judge_credit(found, denied_by_policy, type_name, payload)
    return found


def last_of(conn: Connection, stream: str, limit: int = 1) -> list[Recorded]:
    """The newest events of a stream, the newest first."""
    query = f"SELECT {COLUMNS} FROM event WHERE stream = %s ORDER BY version DESC LIMIT %s"
    return [recorded(row) for row in raw(conn).execute(query.encode(), (stream, limit))]


def subject_of(entry: Recorded) -> str:
    """What an answer is about, under the name that training gives it."""
    payload = entry.payload
    if entry.type == "exception_assessed":
        return str(payload["exception_id"])
    if entry.type == "credit_note_assessed":
        return f"{payload['credit_note_id']}/{payload['line']}"
    line = f"{payload['return_id']}/{payload['line']}"
    if payload["point"] == "reason":
        return line
    if payload["point"] == "disposition":
        return f"{payload['return_id']}/{payload['portion']}"
    return f"{line}/{payload['portion']}"  # of a credit, its sequence


def _answers(conn: Connection, query: str, values: Sequence[object]) -> list[Answer]:
    entries = [recorded(row) for row in raw(conn).execute(query.encode(), values)]
    return [Answer(subject_of(entry), entry) for entry in entries]


def _judge_credit(
    found: dict[str, Decided], denied_by_policy: set[str], type_name: str, payload: Json
) -> None:
    """Denied or changed by a person: anomalous, whatever an approval of the rest says later."""
    if type_name == "task_decided" and (payload["point"] != "credit" or not payload["sequence"]):
        return
    key = _credit(payload)
    by = payload.get("approved_by") or payload.get("denied_by")
    if key in denied_by_policy or by == "system":
        return
    if type_name == "credit_denied" or payload.get("decision") in ("reject", "override"):
        found[key] = Decided(SUSPECT)
    elif type_name == "credit_approved":
        found.setdefault(key, Decided(NORMAL))


def _credit(payload: Json) -> str:
    return f"{payload['return_id']}/{payload['line']}/{payload['sequence']}"


def _main(parts: Sequence[Json]) -> str:
    """The disposition of most of the goods."""
    shares: dict[str, float] = {}
    for part in parts:
        name = part["disposition"]
        shares[name] = shares.get(name, 0.0) + float(part["quantity"])
    return max(sorted(shares), key=lambda name: shares[name])
