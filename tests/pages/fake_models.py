"""Small models for pages: fixed, explained answers, kept to the same protocol as the real ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from features.catalogue import CREDIT_ANOMALY, DISPOSITION, FEATURES
from features.comparisons import DERIVED
from features.fold import Feature
from features.sets import Derived
from models.protocol import Card, Column, Prediction
from workflow.assessment import Candidate, Explanation, Push, Row
from workflow.codes import Disposition, ReturnReason

Answer = tuple[Prediction, Explanation | None]


@dataclass
class FakeModel:
    """Answers a row with what ``says`` makes of it."""

    card: Card
    says: Callable[[Row], Answer]

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        return [self.says(row)[0] for row in rows]

    def explain(
        self,
        rows: Sequence[Row],
        top: int | None = None,
        of: Sequence[str | None] | None = None,
    ) -> list[Explanation | None]:
        return [self.says(row)[1] for row in rows]


def _card(name: str, says: Sequence[str], output: str, columns: Sequence[str]) -> Card:
    every: list[Feature | Derived] = [*FEATURES.values(), *DERIVED.values()]
    reads = [Column(c.name, "number", c.unit, c.says) for c in every if c.name in columns]
    limits = "Trained on simulated history. Do not use it for goods it has never seen."
    metrics = {"accuracy": 0.913, "macro_f1": 0.874, "ece": 0.021, "rows": 4210.0}
    return Card(
        name, "3", tuple(reads), tuple(says), output, "", "2026-10-30T06:00:00Z", limits, metrics
    )


def explained(output: str, base: float, row: Row, pushes: Mapping[str, float]) -> Explanation:
    """An explanation that adds up, of the columns named."""
    made = tuple(Push(name, row.get(name), push) for name, push in pushes.items())
    return Explanation("tree_shap", output, base, base + sum(pushes.values()), 0.0, made)


WORDS = {
    "leak": ReturnReason.DEFECTIVE_ON_ARRIVAL,
    "crushed": ReturnReason.DAMAGED_IN_TRANSIT,
    "too many": ReturnReason.ORDERED_IN_ERROR,
    "warm": ReturnReason.SPOILED_OR_TEMPERATURE,
    "price": ReturnReason.PRICING_OR_BILLING,
}
FOREIGN = (" das ", " nicht ", " und ")


def reason(row: Row) -> Answer:
    """The reason by the first word known; unsure where two are there, silent on German."""
    text = str(row["text"]).lower()
    if any(word in text for word in FOREIGN):
        return Prediction(None, None, "unsupported_language"), None
    found = [word for word in WORDS if word in text]
    if not found:
        return Prediction(None, None, "too_uncertain"), None
    sure = 0.94 if len(found) == 1 else 0.62
    value = WORDS[found[0]]
    second = WORDS[found[1]] if len(found) > 1 else ReturnReason.NOT_AS_DESCRIBED
    rest = (1 - sure) / 3
    candidates = (
        Candidate(value, sure),
        Candidate(second, 2 * rest),
        Candidate(ReturnReason.FAILED_IN_SERVICE, rest),
    )
    spans = [
        Push(word, word, 1.4 if word == found[0] else -0.6, None, f"“{word}”", at, at + len(word))
        for word in found
        if (at := text.index(word)) >= 0
    ]
    total = -1.2 + sum(span.push for span in spans)
    why = Explanation("linear_shap", f"log_odds:{value}", -1.2, total, 0.0, tuple(spans))
    kept = (value,) if len(found) == 1 else (value, second)
    return Prediction(value, sure, None, candidates, kept), why


def disposition(row: Row) -> Answer:
    """By condition: sealed goods are surely restocked, others perhaps sent to the vendor."""
    sealed = row["line_condition"] == "sealed"
    value = Disposition.RESTOCK if sealed else Disposition.RETURN_TO_VENDOR
    sure = 0.95 if sealed else 0.71
    others = [d for d in (Disposition.SCRAP, Disposition.REFURBISH, Disposition.RESTOCK,
                          Disposition.QUARANTINE, Disposition.DONATE) if d != value]  # fmt: skip
    shares = (0.5, 0.25, 0.15, 0.07, 0.03)
    rest = (Candidate(d, (1 - sure) * s) for d, s in zip(others, shares, strict=False))
    candidates = (Candidate(value, sure), *rest)
    pushes = {
        "line_condition": 1.31,
        "supplier_recovery_rate_365d_permille": 0.62,
        "line_claim_window_left_days": 0.55,
        "line_unit_cost_minor": 0.38,
        "product_bad_rate_365d_permille": 0.21,
        "line_days_since_delivery": -0.44,
        "customer_returns_90d": -0.12,
    }
    why = explained(f"log_odds:{value}", -0.9, row, pushes)
    return Prediction(value, sure, None, candidates, (value, others[0])), why


def credit_anomaly(row: Row) -> Answer:
    """High above 900.00, elevated above 400.00, else normal."""
    amount = int(row["credit_amount_minor"] or 0)
    value, score = "normal", 0.12
    if amount > 900_00:
        value, score = "high", 0.97
    elif amount > 400_00:
        value, score = "elevated", 0.81
    pushes = {
        "credit_amount_minor": 1.9 if score > 0.5 else -0.7,
        "credit_vs_customer_mean_90d_permille": 0.8,
        "credit_share_of_line_permille": 0.35,
        "credit_is_round_amount": 0.22,
        "customer_known_days": -0.4,
    }
    return Prediction(value, score, None), explained("log_odds", -2.0, row, pushes)


def make_models() -> dict[str, FakeModel]:
    """The three models of a case, by name."""
    return {
        "reason": FakeModel(_card("reason", list(ReturnReason), "log_odds", ("text",)), reason),
        "disposition": FakeModel(
            _card("disposition", list(Disposition), "log_odds", DISPOSITION.names), disposition
        ),
        "credit_anomaly": FakeModel(
            _card(
                "credit_anomaly", ("normal", "elevated", "high"), "log_odds", CREDIT_ANOMALY.names
            ),
            credit_anomaly,
        ),
    }
