"""Champion and challenger on the same live questions: answers, lanes, money, and who was right."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from journal import lookups
from journal.answers import SUSPECT, Decided, decisions, last_of

MOST_COMPARED = 5000
"""Newest questions that are compared."""
FIRST_SHARE = 0.1
SIDES = {"champion": "champion_", "challenger": ""}
"""What the fields of either side begin with."""
_MONEY = (
    "straight_through_champion",
    "straight_through_challenger",
    "only_challenger_holds",
    "only_challenger_passes",
)
Json = dict[str, Any]
Said = Mapping[str, Any]
"""A ``challenger_answered`` as it was recorded."""


def compare(conn: Connection, name: str) -> Json | None:
    """What a model's challenger would have changed so far; ``None`` where there is none.

    ``agreement`` is the share of questions with the same answer. Money is in minor units by
    currency: what would have gone straight through under either, what only the challenger
    would have held for a person, and what only it would have let pass. ``people`` counts final
    decisions of people and which of the two said the same; questions that nobody decided about
    (the automatic lane) are not among them.
    """
    challenger = lookups.champion(conn, name, "challenger")
    if challenger is None:
        return None
    newest = last_of(conn, f"shadow/{name}", MOST_COMPARED)
    said = [e.payload for e in newest if e.payload["version"] == challenger["version"]]
    answered = [one for one in said if not one["fault"]]
    first = min((one["of_position"] for one in said), default=0)
    decided = decisions(conn, name, first) if answered else {}
    return {
        "version": challenger["version"],
        "against": sorted({one["champion_version"] for one in said}),
        "since": challenger["since"],
        "questions": len(said),
        "faults": len(said) - len(answered),
        "took_ms_p95": _p95([one["took_ms"] for one in answered]),
        "agreement": _share([one["value"] == one["champion_value"] for one in answered]),
        "abstained": {
            who: _share([one[f"{before}value"] is None for one in answered])
            for who, before in SIDES.items()
        },
        "lanes": _lanes(answered),
        "money_minor": _money(answered),
        "people": _people(name, answered, decided),
    }


def _lanes(said: Sequence[Said]) -> dict[str, dict[str, int]]:
    """Questions by lane, under either."""
    found = {
        "champion": Counter(one["champion_lane"] for one in said if one["champion_lane"]),
        "challenger": Counter(one["lane"] for one in said if one["lane"]),
    }
    return {who: dict(sorted(counts.items())) for who, counts in found.items()}


def _money(said: Sequence[Said]) -> dict[str, dict[str, int]]:
    """By currency, what would have gone straight through, been held, been let pass."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_MONEY, 0))
    for one in said:
        if one["lane"] is None:
            continue
        sums, amount = found[one["currency"]], one["amount_minor"]
        theirs, ours = one["champion_lane"] == "automatic", one["lane"] == "automatic"
        sums["straight_through_champion"] += amount if theirs else 0
        sums["straight_through_challenger"] += amount if ours else 0
        sums["only_challenger_holds"] += amount if theirs and not ours else 0
        sums["only_challenger_passes"] += amount if ours and not theirs else 0
    return dict(sorted(found.items()))


def _people(name: str, said: Sequence[Said], decided: Mapping[str, Decided]) -> Json:
    """How often either said what a person then decided; for a rank, the loss found early."""
    known = [(one, decided[one["subject"]]) for one in said if one["subject"] in decided]
    if name == "exception_rank":
        losses = np.array([float(was.loss_minor) for _, was in known])
        shares = {
            who: _found_early(losses, [one[f"{before}confidence"] or 0.0 for one, _ in known])
            for who, before in SIDES.items()
        }
        return {"decided": len(known), "loss_found_in_first_tenth": shares}
    right = [
        (_right(name, one["champion_value"], was), _right(name, one["value"], was))
        for one, was in known
    ]
    return {
        "decided": len(known),
        "champion_right": sum(theirs for theirs, _ in right),
        "challenger_right": sum(ours for _, ours in right),
        "only_champion_right": sum(theirs and not ours for theirs, ours in right),
        "only_challenger_right": sum(ours and not theirs for theirs, ours in right),
    }


def _right(name: str, value: str | None, was: Decided) -> bool:
    """A credit is judged by whether it was flagged at all; an abstention is never right."""
    if value is None:
        return False
    if name == "credit_anomaly":
        return (value != "normal") == (was.value == SUSPECT)
    return value == was.value


def _found_early(losses: NDArray[np.float64], scores: Sequence[float]) -> float | None:
    """Share of all loss among the first tenth by score."""
    if not losses.sum():
        return None
    order = np.argsort(-np.array(scores), kind="stable")
    first = order[: max(1, round(FIRST_SHARE * len(losses)))]
    return float(losses[first].sum() / losses.sum())


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def _p95(values: Sequence[float]) -> float | None:
    return float(np.quantile(values, 0.95)) if values else None
