"""``/v1/models``: what answers, how it came to, and how far to believe it."""

from typing import Any, Literal

from serving.answers.form import Answer, Json, Share, Time


class Gate(Answer):
    """What a version was held to before it was proposed."""

    name: str
    passed: bool
    excusable: bool
    says: str
    figures: dict[str, float]


class Promotion(Answer):
    """A version that was proposed, and what became of it."""

    proposal_id: str
    name: str
    version: str
    status: Literal["proposed", "approved", "declined"]
    proposed_by: str
    proposed_at: Time
    metrics: list[Any]
    """Pairs of name and figure."""
    note: str
    approved_by: str | None
    approved_at: Time | None
    alias: str | None
    """What it was approved as; null before."""
    bundle_digest: str | None
    bootstrap: bool
    """The very first version of a demo, approved by nobody."""
    declined_by: str | None
    declined_at: Time | None
    because: str | None
    """Why it was declined."""
    asked_for: Literal["champion", "challenger"]
    gates: list[Gate]
    despite: str
    """Why it was proposed although an excusable gate failed; empty where none did."""


class Promotions(Answer):
    items: list[Promotion]


class Rollback(Answer):
    """The version that was champion before is champion again."""

    proposal_id: str
    """By which that version once became champion."""
    name: str
    version: str
    from_version: str
    rolled_back_by: str
    bundle_digest: str
    because: str


class PastRollback(Rollback):
    at: Time


class ChallengerEnd(Answer):
    """Nothing runs in shadow any more."""

    name: str
    version: str
    withdrawn_by: str
    because: str


class OfBoth(Answer):
    champion: float | None
    challenger: float | None


class LanesOfBoth(Answer):
    """Questions by lane."""

    champion: dict[str, int]
    challenger: dict[str, int]


class PeopleAndBoth(Answer):
    """Final decisions of people, and which of the two said the same; of a ranking model the share
    of all loss that it had in its first tenth."""

    decided: int
    champion_right: int | None = None
    challenger_right: int | None = None
    only_champion_right: int | None = None
    only_challenger_right: int | None = None
    loss_found_in_first_tenth: OfBoth | None = None
    """Only of the ranking model, which has none of the four above."""


class MoneyOfBoth(Answer):
    """Minor units of the currency that it stands under."""

    straight_through_champion: int
    straight_through_challenger: int
    only_challenger_holds: int
    only_challenger_passes: int


class Challenger(Answer):
    """What the version in shadow would have changed so far."""

    version: str
    against: list[str]
    since: Time
    questions: int
    faults: int
    took_ms_p95: float | None
    agreement: Share | None
    """The share of questions with the same answer."""
    abstained: OfBoth
    lanes: LanesOfBoth
    money_minor: dict[str, MoneyOfBoth]
    """By currency."""
    people: PeopleAndBoth


class Drift(Answer):
    """How far what the champion reads and says has moved since training."""

    name: str
    version: str
    measured_at: Time
    since: Time
    rows: int
    alarming: bool
    findings: list[str]
    """Sentences about what went beyond its threshold."""
    realised: Json | None
    """How good it was where people decided since."""
    furthest: list[Json]
    """The columns that moved furthest."""


class Clearance(Answer):
    """How sure an answer of one version must be to pass without a person."""

    point: str
    clearance_id: str
    model: str
    version: str
    threshold: Share | None
    """Null closes the automatic lane."""
    tolerated_permille: int
    level: Share
    cases: int
    errors: int
    evidence: int
    basis: Literal["held_out", "audits"]
    because: str
    cleared_at: Time


class AutomaticLane(Answer):
    """What the automatic lane of a version promises and what audits found."""

    point: str
    open: bool
    """Something may pass now."""
    clearance: Clearance | None
    """Null where nothing was ever guaranteed for this version."""
    answers: int
    passed: int
    share_passed: Share | None
    audits: int
    audit_errors: int
    realised_error: Share | None
    realised_error_low: Share
    realised_error_high: Share


class AgreedShare(Answer):
    """With an exact 95 per cent interval; ``share`` is null where there is no case."""

    cases: int
    agreed: int
    share: Share | None
    low: Share
    high: Share


class Agreement(Answer):
    """How often people agreed who saw the answer, and who did not."""

    seen: AgreedShare
    blind: AgreedShare


class ServedModel(Answer):
    """A model that answers here."""

    name: str
    version: str
    alias: str | None
    """Null where none is promoted: every answer is abstained."""
    digest: str | None
    feature_set: str
    trained_at: str | None
    says: list[str]
    """What its answers may be; empty for a rank."""
    explains: str
    """The output that explanations add up to, with its unit."""
    limits: str
    metrics: dict[str, float]
    fault: str | None
    """Why the promoted version could not be loaded here."""
    promotions: list[Promotion]
    """The newest first."""
    rollbacks: list[PastRollback]
    """The newest first."""
    goes_back_to: str | None
    """The version that a rollback would bring back."""
    challenger: Challenger | None
    drift: Drift | None
    """The newest measurement."""
    automation: AutomaticLane | None
    """Null for a model that never acts by itself."""
    agreement: Agreement


class ServedModels(Answer):
    items: list[ServedModel]


class ServedModelWithOverview(ServedModel):
    overview: Json | None
    """What it leans on, where it is good, how far to believe it; null where none is in use, or
    where it was trained before there were any."""
