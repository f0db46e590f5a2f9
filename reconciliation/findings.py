"""A disagreement as a value, the name it keeps between runs, and which ones are news."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from workflow.facts import ExceptionRaised

UNKNOWN_UNIT = "unknown"
"""Business unit of what belongs to no case and no customer we know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Two ledgers disagree, or one is behind.

    ``anchor`` names the disagreement and stays the same from run to run (a key of ours, or a
    document of theirs). ``exposure_minor`` is the money at stake, never negative;
    ``variance_minor`` ours minus theirs. ``match`` is ``confirmed`` where the two documents
    share a key, ``suggested`` where they only look alike, ``None`` where there is one alone.
    ``due_on`` is the last day on which something can be done about it.
    """

    code: str
    anchor: str
    exposure_minor: int
    variance_minor: int
    currency: str
    says: str
    document: str | None = None
    matched_document: str | None = None
    match: str | None = None
    return_id: str | None = None
    line: int | None = None
    customer_id: str | None = None
    supplier_id: str | None = None
    sku: str | None = None
    due_on: date | None = None

    @property
    def name(self) -> str:
        """``X-R11-1f0c9a77e2``: the same for the same disagreement, whenever it is found."""
        text = f"{self.code}\n{self.anchor}\n{'' if self.line is None else self.line}"
        return f"X-{self.code}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"

    @property
    def subject(self) -> str:
        named = [name for name in (self.document, self.matched_document) if name]
        return " / ".join(named) or self.anchor


def raised(
    finding: Finding, exception_id: str, business_unit: str | None, at: datetime
) -> ExceptionRaised:
    """The fact that a finding becomes."""
    return ExceptionRaised(
        exception_id=exception_id,
        code=finding.code,
        business_unit=business_unit or UNKNOWN_UNIT,
        currency=finding.currency,
        exposure_minor=finding.exposure_minor,
        variance_minor=finding.variance_minor,
        subject=finding.subject,
        opened_at=at,
        says=finding.says,
        return_id=finding.return_id,
        line=finding.line,
        customer_id=finding.customer_id,
        supplier_id=finding.supplier_id,
        sku=finding.sku,
        document=finding.document,
        matched_document=finding.matched_document,
        match=finding.match,
        due_on=finding.due_on,
    )


def news(
    findings: Sequence[Finding], known: Iterable[tuple[str, str, int]]
) -> list[tuple[str, Finding]]:
    """Findings nobody was told yet, with the id each gets; ``known``: (id, status, variance).

    A finding that is open is not raised again. One that was resolved is raised again only
    with a variance that it never had, under its name and that variance (``...:v-1250``).
    """
    told: defaultdict[str, dict[int, str]] = defaultdict(dict)
    is_open: set[str] = set()
    for exception_id, status, variance in known:
        name = exception_id.partition(":")[0]
        told[name][variance] = status
        if status == "open":
            is_open.add(name)
    new: list[tuple[str, Finding]] = []
    for finding in findings:
        name = finding.name
        if name in is_open or finding.variance_minor in told[name]:
            continue
        again = f"{name}:v{finding.variance_minor}" if told[name] else name
        told[name][finding.variance_minor] = "open"
        is_open.add(name)
        new.append((again, finding))
    return new
