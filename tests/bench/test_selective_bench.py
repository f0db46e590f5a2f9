"""What each way of learning from selected labels is taught."""

from bench.coverage import Portion
from bench.selective import WAYS, Seen


def portion(at: int, label: str) -> Portion:
    return Portion(f"2026-01-{at:02}", {}, {label: 1.0}, label)


SEEN = Seen(
    first=[portion(1, "scrap")],
    reviewed=[portion(3, "donate")],
    sure=[portion(2, "restock"), portion(4, "restock")],
    said=["restock", "scrap"],
    audited=[True, False],
    weight=10.0,
)


def taught(way: str) -> list[tuple[str, float]]:
    portions, weights = WAYS[way](SEEN)
    assert [p.at for p in portions] == sorted(p.at for p in portions)
    return [(p.label, w) for p, w in zip(portions, weights, strict=True)]


def test_an_audited_portion_stands_for_those_nobody_saw() -> None:
    """Weighted, it counts tenfold; otherwise once; without the audit it teaches nothing."""
    assert taught("weighted") == [("scrap", 1.0), ("restock", 10.0), ("donate", 1.0)]
    assert taught("unweighted") == [("scrap", 1.0), ("restock", 1.0), ("donate", 1.0)]
    assert taught("reviewed") == [("scrap", 1.0), ("donate", 1.0)]


def test_own_answers_replace_the_labels_nobody_gave() -> None:
    """The audited portion keeps what people said; the other gets what the model said of it."""
    labels = [label for label, _ in taught("own_answers")]
    assert labels == ["scrap", "restock", "donate", "scrap"]
    assert [label for label, _ in taught("everything")] == ["scrap", "restock", "donate", "restock"]
