"""``/v1/findings`` and ``/v1/crosswalk``: records that are not as they must be, codes of others."""

from typing import Any, Literal

from serving.answers.form import Answer, Time
from workflow.codes import Disposition, Role

Severity = Literal["high", "medium", "low"]


class FindingInShort(Answer):
    """What is wrong with which records, whose it is, and which dispositions wait for it."""

    finding_id: str
    records: list[str]
    severity: Severity
    role: Role
    blocks: list[Disposition]
    says: str
    opened_at: Time


class Finding(FindingInShort):
    kind: str
    subject: str
    status: Literal["open", "accepted", "closed"]
    policy: str | None
    """Whose rule found it, ``name@version#digest``; null for what no policy finds."""
    figures: list[Any]
    weights: list[Any]
    """Of a probable duplicate: what its probability rests on."""
    accepted_by: str | None
    accepted_at: Time | None
    note: str | None
    closed_at: Time | None
    because: str | None


class FindingPage(Answer):
    items: list[Finding]
    next: str | None
    """The cursor of the following page, null at the end."""


class Vocabulary(Answer):
    codes: list[str]
    systems: dict[str, str]
    """Those that ship with it, by name with what they are."""


class Vocabularies(Answer):
    vocabularies: dict[str, Vocabulary]


class CodeMeaning(Answer):
    """What another system's code means here; ``loss`` is what is lost on the way to ``ours``."""

    vocabulary: str
    system: str
    code: str
    ours: str | None
    """Null where there is nothing of ours, or nobody has said so."""
    match: str
    loss: str
    by: str | None
    """Who says so; null where nobody does."""


class CodeMapping(Answer):
    """What was said here about a code of another system."""

    mapping_id: str
    vocabulary: str
    system: str
    code: str
    ours: str | None
    """Null for ``match`` none."""
    match: Literal["exact", "near", "none"]
    loss: str
    status: Literal["proposed", "approved", "withdrawn"]
    proposed_by: str
    proposed_at: Time
    approved_by: str | None
    approved_at: Time | None
    withdrawn_by: str | None
    withdrawn_at: Time | None
    because: str | None


class CodeMappings(Answer):
    items: list[CodeMapping]
