"""Suppliers' answers: claims are counted, not answers."""

from datetime import UTC, datetime, timedelta

from features.catalogue import FEATURES, FOLDS
from features.fold import Fact, Question
from features.partners import MOST_CLAIMS
from features.replay import Replay
from features.sets import FeatureSet
from journal.codec import encode
from workflow.facts import SupplierClaimAnswered


def test_a_claim_that_is_answered_three_times_is_one_claim() -> None:
    """Refused first, then paid in two parts: one claim, claimed once, not refused, all paid; a
    second claim that stays refused is another. At most so many are remembered one by one."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    replay = Replay(FOLDS)

    def answer(claim: str, recovered: int, days: int) -> None:
        when = at + timedelta(days=days)
        fact = SupplierClaimAnswered(
            claim, "S-1", "R-1", 1, "A", 100_00, recovered, "USD", "A", when, f"{claim}/{days}"
        )
        replay.learn(Fact(replay.position + 1, when, *encode(fact)))

    for claim, recovered, days in (
        ("Q-1", 0, 1),
        ("Q-2", 0, 2),
        ("Q-1", 60_00, 3),
        ("Q-1", 40_00, 4),
    ):
        answer(claim, recovered, days)
    asked = Question({"supplier": "S-1"}, at + timedelta(days=30))
    names = ("supplier_claims_365d", "supplier_recovery_rate_365d_permille",
             "supplier_refusal_rate_365d_permille", "supplier_mean_claim_365d_minor")  # fmt: skip
    chosen = FeatureSet("claims", [FEATURES[name] for name in names], FOLDS)
    row = chosen.row(replay.memories, asked)
    assert [row[name] for name in names] == [2, 500, 500, 100_00]
    for number in range(MOST_CLAIMS + 5):
        answer(f"X-{number}", 1, 5)
    assert len(replay.memories["supplier", "S-1"]["answered"]) == MOST_CLAIMS
