"""Automatic lanes that keep their promise: thresholds from judged cases, recomputed on schedule.

Evidence is what the champion said of cases it was not trained on (``evidence.json`` in its
bundle) and every blind audit since. Only cases that the policies in force would let pass count,
and the policy says how much error is tolerated. When audits contradict the promise, they alone
count from then on, the lane narrows or closes by itself, and somebody is told; so where an open
lane is shut by audits that do not go so far, since a closed lane has none that could.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection, RowMapping

from journal import automation, lookups
from journal.alarms import raise_alarm
from journal.entries import Append
from journal.journal import Journal
from journal.stops import thrown
from models.bundle import EVIDENCE, Mismatch
from models.guarantee import BROKEN_ODDS, LEVEL, guaranteed, odds_against
from serving.policy_shelf import PolicyShelf
from serving.shelf import Shelf
from workflow.actor import SYSTEM
from workflow.assessment import Assessment, Clearing, sureness
from workflow.codes import Lane
from workflow.facts import AutomationCleared
from workflow.lanes import lane_of, limit_of
from workflow.policy import Policies
from workflow.run import PolicyBook
from workflow.state import Line
from workflow.stopping import stop_for

log = structlog.get_logger("serving.automation")

MODEL_OF = {"reason": "reason", "disposition": "disposition", "credit": "credit_anomaly"}
"""The model that answers at each decision point that can be automatic."""
TOLD = "data_scientist"
HELD_OUT, AUDITS = "held_out", "audits"
GUARANTEE_BROKEN, LANE_CLOSED = "guarantee_broken", "lane_closed"
"""Kinds of alarms: audits contradict the promise; or only took away what it stood on."""

Judged = tuple[float, bool]


def clearing(conn: Connection, point: str, said: Assessment, draw: int, line: Line) -> Clearing:
    """Whether an answer about a line is sure enough for the clearance in force of the model that
    gave it, and the switch that is thrown for it."""
    reason = said.value if point == "reason" else line.reason
    stop = stop_for(thrown(conn), point, reason, line.requested.facts.item_class)
    row = automation.clearance(conn, point)
    model = (said.model.name, said.model.version)
    number = stop.stop_id if stop else None
    if row is None or (row["model"], row["version"]) != model:
        return Clearing(False, None, draw, number)
    sure, least = sureness(point, said.confidence), row["threshold"]
    cleared = least is not None and sure is not None and sure >= least
    return Clearing(cleared, row["clearance_id"], draw, number)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a version at a point: judged cases that rules would let pass, and audits.

    ``tolerated_permille`` is the least of the rules that would; ``None`` where none would.
    """

    held_out: Sequence[Judged]
    audits: Sequence[Judged]
    lane_audits: int
    lane_errors: int
    tolerated_permille: int | None


def recompute(
    conn: Connection, journal: Journal, shelf: Shelf, policies: PolicyShelf, at: datetime
) -> list[AutomationCleared]:
    """Record a clearance for every point where it changed; the caller commits.

    Errors: ``journal.entries.Conflict`` (somebody was faster: roll back and repeat).
    """
    champions = {row["name"]: row for row in lookups.champions(conn) if row["alias"] == "champion"}
    changed = []
    for point, model in MODEL_OF.items():
        champion = champions.get(model)
        if champion is None:
            continue
        try:
            folder = shelf.fetch(champion["bundle_digest"])
        except (Mismatch, OSError) as error:
            # A bundle that cannot be read does not answer either; the shelf says why.
            log.error("no evidence", model=model, version=champion["version"], why=str(error))
            continue
        found = _evidence(conn, point, champion, folder, policies.at(at))
        fact = _cleared(conn, journal, point, champion, found, at)
        if fact is not None:
            changed.append(fact)
    return changed


def _evidence(
    conn: Connection, point: str, champion: RowMapping, folder: Path, policies: Policies
) -> Evidence:
    held_out, tolerated = [], list[int]()
    for row in read_evidence(folder):
        passing = tolerance(policies.of(row.get("business_unit") or ""), point, row)
        sure = sureness(point, row["confidence"])
        if passing is not None and sure is not None:
            tolerated.append(passing)
            held_out.append((sure, bool(row["right"])))
    name, version = champion["name"], champion["version"]
    counted = next(
        (c for c in automation.counts(conn) if (c.model, c.version) == (name, version)), None
    )
    return Evidence(
        held_out,
        automation.audits(conn, name, version),
        counted.lane_audits if counted else 0,
        counted.lane_errors if counted else 0,
        min(tolerated, default=None),
    )


def read_evidence(folder: Path) -> list[dict[str, Any]]:
    """What a model said of cases it was not trained on; nothing where its bundle has none."""
    path = folder / EVIDENCE
    return list(orjson.loads(path.read_bytes())) if path.is_file() else []


def tolerance(policies: PolicyBook, point: str, row: Mapping[str, Any]) -> int | None:
    """The error, in thousandths, that the rules tolerate of a case that they would let pass.

    ``None`` where they would not, however sure the model is.
    """
    known = {name: row.get(name) for name in ("item_class", "reason", "amount_minor", "currency")}
    verdict = policies.judge(
        "rollout",
        known
        | {
            "point": point,
            "business_unit": row.get("business_unit"),
            "warehouse": None,
            "abstained": None,
            "confidence": row["confidence"],
            "cleared": True,
            "level": row["value"] if point == "credit" else None,
        },
    )
    stated = dict(verdict.values).get("tolerated_error_permille")
    if lane_of(verdict) != Lane.AUTOMATIC or stated is None:
        return None
    if point != "disposition":
        kind = {"document": "credit_memo", "principal_kind": "system"}
        if point == "reason":
            kind = {"document": "reason", "principal_kind": "model", "reason": row["value"]}
        asked = known | kind
        if limit_of(policies, asked).outcome != Lane.AUTOMATIC:
            return None
    return int(stated)


def _cleared(
    conn: Connection,
    journal: Journal,
    point: str,
    champion: RowMapping,
    found: Evidence,
    at: datetime,
) -> AutomationCleared | None:
    """Record the clearance that follows from the evidence, unless it is in force already."""
    if found.tolerated_permille is None:
        return None
    history = automation.history(journal, conn, point)
    last = history[-1] if history else None
    same = last is not None and _of(last) == _of_row(champion)
    tolerated = found.tolerated_permille / 1000
    odds = odds_against(found.lane_errors, found.lane_audits, tolerated)
    # For good, also where another version was champion in between.
    was_broken = any(past.basis == AUDITS for past in history if _of(past) == _of_row(champion))
    basis = AUDITS if was_broken or odds >= BROKEN_ODDS else HELD_OUT
    evidence = [*found.audits, *(found.held_out if basis == HELD_OUT else ())]
    best = guaranteed(evidence, tolerated)
    fact = AutomationCleared(
        clearance_id=f"{point}:{len(history) + 1}",
        point=point,
        model=champion["name"],
        version=champion["version"],
        threshold=best.threshold if best else None,
        tolerated_permille=found.tolerated_permille,
        level=LEVEL,
        cases=best.cases if best else 0,
        errors=best.errors if best else 0,
        evidence=len(evidence),
        basis=basis,
        because=_because(best is not None, found, basis, len(evidence)),
        cleared_at=at,
    )
    if same and last is not None and _says(last) == _says(fact):
        return None
    append = Append(automation.stream_of(point), (fact,), SYSTEM, at, len(history))
    journal.append(conn, [append])
    if basis == AUDITS and not was_broken:
        _tell(conn, journal, GUARANTEE_BROKEN, fact, found, odds, at)
    elif same and last is not None and _closes(last, fact):
        _tell(conn, journal, LANE_CLOSED, fact, found, odds, at)
    return fact


def _of(fact: AutomationCleared) -> tuple[str, str]:
    return fact.model, fact.version


def _of_row(champion: RowMapping) -> tuple[str, str]:
    return champion["name"], champion["version"]


def _closes(last: AutomationCleared, fact: AutomationCleared) -> bool:
    """Whether new evidence shut an open lane, and not a policy that tolerates less."""
    shut = last.threshold is not None and fact.threshold is None
    return shut and last.tolerated_permille == fact.tolerated_permille


def _says(fact: AutomationCleared) -> tuple[object, ...]:
    return fact.threshold, fact.tolerated_permille, fact.basis


def _because(open_: bool, found: Evidence, basis: str, cases: int) -> str:
    told = f"{found.lane_errors} of {found.lane_audits} audited answers were wrong"
    broken = f"{told}, more than was promised: audits alone count now. " if basis == AUDITS else ""
    stated = f"{(found.tolerated_permille or 0) / 10:g} %"
    if open_:
        return f"{broken}Of answers so sure at most {stated} are wrong, from {cases} judged cases."
    return f"{broken}No threshold keeps the error at {stated} or less, from {cases} judged cases."


def _tell(
    conn: Connection,
    journal: Journal,
    kind: str,
    fact: AutomationCleared,
    found: Evidence,
    odds: float,
    at: datetime,
) -> None:
    narrowed = "is closed" if fact.threshold is None else f"now asks for {fact.threshold:g}"
    raise_alarm(
        journal,
        conn,
        kind=kind,
        subject=fact.point,
        says=(
            f"The automatic lane of {fact.point} {narrowed}: {found.lane_errors} of"
            f" {found.lane_audits} audited answers of {fact.model} {fact.version} were wrong,"
            f" {fact.tolerated_permille / 10:g} % are tolerated."
            f"{f' {fact.because}' if kind == LANE_CLOSED else ''} Find out what changed."
        ),
        role=TOLD,
        at=at,
        figures=(
            ("audits", float(found.lane_audits)),
            ("errors", float(found.lane_errors)),
            ("odds_against", odds),
        ),
    )
