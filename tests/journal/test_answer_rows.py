"""What people made of models' answers, as rows: folded live and by the migration alike."""

from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import pytest
from sqlalchemy import Engine, text

from journal.answer_rows import AnswerKey, Row, note_answer
from journal.database import MIGRATIONS, raw
from journal.journal import Journal
from journal.verify import verify
from tests.journal.ledger_story import SAID_YES, append, assessment, at, requested, write
from workflow.assessment import Assessment, Clearing, ModelRef
from workflow.events import AssessmentRecorded, LaneChosen, ReasonSettled, TaskDecided

SAID = Assessment(ModelRef("reason", "2", "champion", "sha256:0"), "wrong_item", 0.8, None)
ANSWER = AssessmentRecorded("R-1", "reason", 1, SAID, None, Clearing(True, "reason:1", 3))
LANE = LaneChosen("R-1", "reason", 1, "automatic", True, True, 50, SAID_YES)


def settled(reason: str, how: str = "person") -> ReasonSettled:
    return ReasonSettled("R-1", 1, reason, how, "maria")


def row_after(*events: Any) -> Row:
    answers: dict[AnswerKey, Row] = {}
    for event in events:
        note_answer(answers, event, at(0))
    (row,) = answers.values()
    return row


@pytest.mark.parametrize(
    ("outcome", "agreed"),
    [
        (settled("wrong_item"), True),
        (settled("recall"), False),
        (settled("wrong_item", "model"), None),
    ],
)
def test_only_a_person_agrees(outcome: ReasonSettled, agreed: bool | None) -> None:
    """Or does not; what passed by itself was judged by nobody."""
    row = row_after(ANSWER, LANE, outcome)
    assert row["agreed"] is agreed
    assert (row["audited"], row["review_permille"], row["draw"]) == (True, 50, 3)


@pytest.mark.parametrize(
    ("decision", "proposal", "agreed"),
    [
        ("approve", "full", True),
        ("override", "full", False),
        ("reject", "full", False),
        ("escalate", "full", None),
        ("approve", "deny", None),
    ],
)
def test_a_usual_credit_is_agreed_with_by_paying_it(
    decision: str, proposal: str, agreed: bool | None
) -> None:
    """As proposed; what a policy denied, or a person passed on, says nothing of suspicion."""
    said = AssessmentRecorded("R-1", "credit", 1, assessment(0.1), "1")
    task = TaskDecided(
        "R-1", "T", "credit", decision, "fiona", "finance_clerk", at(1), 1, "1.1",
        proposal=proposal, sequence=1,
    )  # fmt: skip
    row = row_after(said, task)
    assert row["agreed"] is agreed
    assert row["sureness"] == 0.9


def test_the_migration_folds_the_answers_that_are_there(engine: Engine) -> None:
    """A database of an earlier version shows the same answers as one that had the table."""
    write(engine, Journal(), append("case/R-1", requested(), ANSWER, LANE, settled("recall")))
    path = MIGRATIONS / "versions" / "0004_automation.py"
    spec = spec_from_file_location("automation_migration", path)
    assert spec is not None and spec.loader is not None
    migration = module_from_spec(spec)
    spec.loader.exec_module(migration)
    with engine.begin() as conn:
        before = conn.execute(text("SELECT * FROM answer")).all()
        conn.execute(text("DELETE FROM answer"))
    assert any("answer" in str(difference) for difference in verify(engine))
    with engine.begin() as conn:
        migration._fold_answers(raw(conn))
        assert conn.execute(text("SELECT * FROM answer")).all() == before
    assert not any("answer" in str(difference) for difference in verify(engine))
