"""What a challenger changed is told in sentences: no field names, no Python, money as money."""

from datetime import UTC, datetime
from typing import Any

from commands.comparison_words import told

SINCE = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
NOTHING: dict[str, Any] = {
    "version": "2", "against": [], "since": SINCE, "questions": 0, "faults": 0,
    "took_ms_p95": None, "agreement": None, "abstained": {"champion": None, "challenger": None},
    "lanes": {"champion": {}, "challenger": {}}, "money_minor": {},
    "people": {"decided": 0, "champion_right": 0, "challenger_right": 0,
               "only_champion_right": 0, "only_challenger_right": 0},
}  # fmt: skip


def test_before_the_first_question_it_says_what_to_wait_for() -> None:
    """One sentence, without a figure that there is not."""
    assert told("disposition", NOTHING) == (
        "disposition 2 in shadow since 2026-11-02 09:30 UTC: not asked anything yet. A worker asks"
        " it within a minute what comes in."
    )


def test_everything_is_told_in_words() -> None:
    """Answers, lanes, money of each currency and who was right, each on a line of its own."""
    people = {
        "decided": 9, "champion_right": 7, "challenger_right": 8,
        "only_champion_right": 0, "only_challenger_right": 1,
    }  # fmt: skip
    found = NOTHING | {
        "against": ["1"], "questions": 40, "faults": 1, "took_ms_p95": 12.34, "agreement": 0.9,
        "abstained": {"champion": 0.05, "challenger": 0.025},
        "lanes": {"champion": {"automatic": 10, "review": 29}, "challenger": {"review": 39}},
        "money_minor": {"USD": {"straight_through_champion": 123456,
                                "straight_through_challenger": 0,
                                "only_challenger_holds": 123456, "only_challenger_passes": 0}},
        "people": people,
    }  # fmt: skip
    assert told("disposition", found).split("\n") == [
        "disposition 2 in shadow since 2026-11-02 09:30 UTC beside version 1: 40 questions,"
        " 1 fault, 95 of 100 answered within 12.3 ms",
        "  the same answer to 90.0%; no answer: champion 5.0%, challenger 2.5%",
        "  lanes of the champion: automatic 10, review 29",
        "  lanes of the challenger: review 39",
        "  straight through: USD 1,234.56 by the champion, USD 0.00 by the challenger; only the"
        " challenger would have held USD 1,234.56 and let pass USD 0.00",
        "  people decided 9: the champion right in 7, the challenger in 8; only the champion in 0,"
        " only the challenger in 1",
    ]


def test_faults_alone_are_told_and_a_rank_is_told_by_its_loss() -> None:
    """A challenger that only failed has no share of anything; a ranker finds loss early."""
    rank = {"decided": 4, "loss_found_in_first_tenth": {"champion": 0.5, "challenger": None}}
    found = NOTHING | {"against": ["1"], "questions": 1, "faults": 1, "people": rank}
    lines = told("exception-rank", found).split("\n")
    assert lines[0].endswith("beside version 1: 1 question, 1 fault")
    assert lines[-1].endswith(
        "of the loss in the first tenth found: champion 50.0%, challenger none"
    )
