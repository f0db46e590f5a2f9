"""Watches what champions read and say against what they were made from; tells a person.

The reference lies in the champion's own bundle. A measurement is a recorded fact with its
report; where it is beyond the thresholds of ``models/drift.toml`` a data scientist gets a task.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson
import structlog
from sqlalchemy import Connection, RowMapping

from journal import lookups
from journal.alarms import raise_alarm
from journal.answers import Answer, Decided, decisions, last_of, newest_answers
from journal.entries import Append
from models import bundle, drift
from models.bundle import Mismatch
from models.drift import Answered
from models.folder import read_json
from serving.http import retrying
from serving.wiring import Services
from workflow.actor import SYSTEM
from workflow.facts import DriftMeasured
from workflow.promoting import MODELS

log = structlog.get_logger("serving.drift_watch")
CONFIDENT_95 = 1.96
MOST_TOLD = 3
"""Findings that an alarm quotes; the report holds all."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A model that nothing was measured of, and a sentence that says why."""

    name: str
    because: str


def watch(services: Services, limits: Mapping[str, Any] | None = None) -> list[DriftMeasured]:
    """Measure every champion that said enough since it was promoted; record, raise alarms."""
    found = (measure_now(services, name, limits) for name in MODELS)
    return [one for one in found if isinstance(one, DriftMeasured)]


def latest(conn: Connection, name: str) -> Json | None:
    """The newest measurement of a model, its report read; ``None`` before the first."""
    found = last_of(conn, f"drift/{name}")
    if not found:
        return None
    told = found[0].payload
    return {**told, "report": orjson.loads(told["report"])}


def measure_now(
    services: Services, name: str, limits: Mapping[str, Any] | None = None
) -> DriftMeasured | NotMeasured:
    """Measure one model's champion, record what was found, and raise the alarm it calls for."""
    limits = limits or drift.thresholds()
    now = services.clock()
    with services.engine.connect() as conn:
        champion = lookups.champion(conn, name)
        if champion is None:
            return NotMeasured(name, "No version is promoted.")
        since = max(champion["since"], now - timedelta(days=limits["window"]["days"]))
        most, least = limits["window"]["most_rows"], limits["window"]["least_rows"]
        answers = newest_answers(conn, name, champion["version"], since, most)
        if len(answers) < least:
            told = f"{len(answers)} answers of version {champion['version']} since {since:%Y-%m-%d}"
            return NotMeasured(name, f"{told}, and {least} are needed.")
        decided = decisions(conn, name, answers[-1].entry.position)
    measured = measure(services, champion, answers, decided, (since, now), limits)
    if isinstance(measured, DriftMeasured):
        retrying(services.engine, lambda conn: _record(services, conn, measured, now))
    return measured


def measure(
    services: Services,
    champion: RowMapping,
    answers: Sequence[Answer],
    decided: Mapping[str, Decided],
    window: tuple[datetime, datetime],
    limits: Mapping[str, Any],
) -> DriftMeasured | NotMeasured:
    """The measurement to record; nothing to record where the bundle holds no reference."""
    try:
        folder = services.shelf.fetch(champion["bundle_digest"])
        reference = read_json(folder / drift.FILE)
    except (Mismatch, OSError) as error:
        log.warning("drift cannot be measured", model=champion["name"], why=str(error))
        return NotMeasured(champion["name"], f"Its bundle cannot be compared with: {error}")
    told = [_answered(answer.assessment) for answer in answers]
    # The same answers always meet the same chance.
    digest = hashlib.sha256(champion["bundle_digest"].encode()).digest()
    moved = drift.compare(
        reference, bundle.read_card(folder).reads, told, int.from_bytes(digest[:4], "big")
    )
    findings, alarming = drift.findings(moved, limits)
    realised = realised_error(answers, decided)
    worse = _worse(realised, limits["error"])
    report = {
        "thresholds": limits,
        "moved": [asdict(one) for one in moved],
        "realised": realised,
    }
    return DriftMeasured(
        name=champion["name"],
        version=champion["version"],
        measured_at=window[1],
        since=window[0],
        rows=len(answers),
        alarming=alarming or bool(worse),
        findings=(*worse, *findings),
        report=orjson.dumps(report).decode(),
    )


def realised_error(answers: Sequence[Answer], decided: Mapping[str, Decided]) -> Json:
    """What the model claimed of answers that people decided about, and how often it was right.

    People see what the model was unsure of, so its realised accuracy is below its held-out one
    even when nothing has changed. What must hold is that it is right as often as it said it
    would be: ``claimed`` is the mean of its own probabilities for its first candidates,
    ``right`` the share that people agreed with. Empty for models that give no probabilities.
    """
    known = [
        (answer.assessment["candidates"][0], decided[answer.subject].value)
        for answer in answers
        if answer.subject in decided and answer.assessment["candidates"]
    ]
    if not known:
        return {}
    claimed = np.array([first["probability"] for first, _ in known])
    right = np.array([float(first["value"] == was) for first, was in known])
    gap = claimed - right
    noise = CONFIDENT_95 * float(gap.std()) / len(gap) ** 0.5
    return {
        "decided": len(known),
        "claimed": float(claimed.mean()),
        "right": float(right.mean()),
        "gap": float(gap.mean()),
        "gap_low": float(gap.mean()) - noise,
    }


def _worse(realised: Json, limits: Mapping[str, Any]) -> list[str]:
    """A sentence where it is wrong more often than it says, beyond margin and noise."""
    if not realised or realised["decided"] < limits["least_rows"]:
        return []
    if realised["gap"] <= limits["margin"] or realised["gap_low"] <= 0:
        return []
    return [
        f"It claims to be right in {realised['claimed']:.0%} of {realised['decided']} answers that"
        f" people decided about, and was in {realised['right']:.0%}."
    ]


def _answered(said: Mapping[str, Any]) -> Answered:
    return Answered(said["row"], said["value"], said["confidence"], said["abstained"])


def _record(services: Services, conn: Connection, measured: DriftMeasured, now: datetime) -> None:
    append = Append(f"drift/{measured.name}", (measured,), SYSTEM, now)
    services.journal.append(conn, [append])
    if not measured.alarming:
        return
    told = " ".join(measured.findings[:MOST_TOLD])
    left = len(measured.findings) - MOST_TOLD
    more = f" And {left} more findings." if left > 0 else ""
    raise_alarm(
        services.journal,
        conn,
        kind="drift",
        subject=measured.name,
        says=f"{measured.name} {measured.version}: {told}{more} Look whether to train it again.",
        role="data_scientist",
        at=now,
        figures=(("rows", float(measured.rows)), ("findings", float(len(measured.findings)))),
        report="/v1/models",
    )
