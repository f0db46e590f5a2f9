"""What suppliers pay of what is claimed: shares smoothed from their past answers, no model.

A share is the mean of what past claims brought, of this supplier for this reason, pulled towards
the supplier's mean and that towards what is usual, as strongly as ``PRIOR_CLAIMS`` claims would.
Money is never summed over currencies.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PRIOR_CLAIMS = 5
"""As many claims as what is known beforehand counts for."""
USUAL_PERCENT = 60
"""What claims bring where neither answers nor the claims policy say anything."""
AGES = ((30, "0-30 days"), (60, "31-60 days"), (90, "61-90 days"), (None, "over 90 days"))
WAITING = ("open", "answered", "paid_short")
"""Standings of a claim of which more may still come."""

Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class Expectation:
    """``share`` of a claim in [0, 1], and the answered claims behind it: of this supplier for
    this reason, and of this supplier at all."""

    share: float
    answers: int
    supplier_answers: int

    def more_minor(self, claimed_minor: int, recovered_minor: int, status: str) -> int:
        """What is still to be expected of a claim; nothing of one that was refused or is over."""
        if status not in WAITING:
            return 0
        return max(0, round(claimed_minor * self.share) - recovered_minor)


class Shares:
    """Made of ``past``: ``supplier_id``, ``reason``, ``answers`` and ``shares`` (their sum)."""

    def __init__(self, past: Iterable[Row]) -> None:
        self._by_reason: dict[tuple[str, str | None], tuple[int, float]] = {}
        self._by_supplier: defaultdict[str, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
        for row in past:
            many, total = int(row["answers"]), float(row["shares"])
            self._by_reason[row["supplier_id"], row["reason"]] = (many, total)
            before = self._by_supplier[row["supplier_id"]]
            self._by_supplier[row["supplier_id"]] = (before[0] + many, before[1] + total)

    def of(
        self,
        supplier_id: str,
        reason: str | None,
        usual_percent: int | None = None,
        own: float | None = None,
    ) -> Expectation:
        """What a claim should bring; ``usual_percent`` is the claims policy's word, ``own`` the
        share that the claim itself brought so far, which says nothing about others like it."""
        usual = (USUAL_PERCENT if usual_percent is None else usual_percent) / 100
        all_many, all_total = self._by_supplier.get(supplier_id, (0, 0.0))
        many, total = self._by_reason.get((supplier_id, reason), (0, 0.0))
        if own is not None:
            many, total, all_many, all_total = many - 1, total - own, all_many - 1, all_total - own
        mean = _smoothed(all_many, all_total, usual)
        return Expectation(_smoothed(many, total, mean), many, all_many)


def _smoothed(many: int, total: float, towards: float) -> float:
    return (total + PRIOR_CLAIMS * towards) / (many + PRIOR_CLAIMS)


def recovery(sums: Sequence[Row], shares: Shares) -> list[dict[str, object]]:
    """By currency: claimed, expected, recovered and lost, in all, by supplier, by the return's
    reason, lost by cause, and how old what is still open is.

    ``sums`` are rows of claims alike: ``currency``, ``supplier_id``, ``reason``, ``status``,
    ``cause``, ``percent`` (expected by the policy), ``age`` (a name of ``AGES``), how many
    ``claims``, and their money: ``claimed_minor``, ``recovered_minor``, ``refused_minor`` (refused
    and not written off yet) and ``lost_minor`` (written off).
    """
    by_currency: defaultdict[str, list[Row]] = defaultdict(list)
    for row in sums:
        expectation = shares.of(row["supplier_id"], row["reason"], row["percent"])
        money = (row["claimed_minor"], row["recovered_minor"])
        more = expectation.more_minor(*money, row["status"])
        by_currency[row["currency"]].append({**row, "expected_minor": more})
    return [_of_currency(currency, by_currency[currency]) for currency in sorted(by_currency)]


def _of_currency(currency: str, rows: Sequence[Row]) -> dict[str, object]:
    lost = [row for row in rows if row["lost_minor"]]
    waiting = [row for row in rows if row["status"] in WAITING]
    return {
        "currency": currency,
        **_total(rows),
        "by_supplier": _grouped(rows, "supplier_id"),
        "by_reason": _grouped(rows, "reason"),
        "lost_by_cause": _grouped(lost, "cause"),
        "ageing": [
            {"age": name, **_total([row for row in waiting if row["age"] == name])}
            for _, name in AGES
        ],
    }


def _grouped(rows: Sequence[Row], by: str) -> list[dict[str, object]]:
    """Totals of each value, the largest claims first."""
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[by] or "unclear"].append(row)
    totals = [{by: name, **_total(some)} for name, some in groups.items()]
    return sorted(totals, key=lambda total: (-int(str(total["claimed_minor"])), str(total[by])))


def _total(rows: Sequence[Row]) -> dict[str, object]:
    names = (
        "claims", "claimed_minor", "recovered_minor", "expected_minor", "refused_minor",
        "lost_minor",
    )  # fmt: skip
    return {name: sum(int(row[name]) for row in rows) for name in names}
