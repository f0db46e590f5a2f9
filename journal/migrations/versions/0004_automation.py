"""What models answered and people decided, blind tasks, and clearances of automatic lanes.

Answers of cases that are there already are folded from their events, as the projection does.
"""

import sqlalchemy as sa
from alembic import op

from journal.answer_rows import AnswerKey, Row, note_answer
from journal.database import raw
from journal.rows import Driver, upsert
from journal.tables import answer
from journal.walk import walk_streams

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "task", sa.Column("blind", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_table(
        "answer",
        sa.Column("return_id", sa.Text(collation="C"), nullable=False),
        sa.Column("point", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(collation="C"), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("sureness", sa.Float(), nullable=True),
        sa.Column("cleared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("clearance", sa.Text(), nullable=True),
        sa.Column("draw", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lane", sa.Text(), nullable=True),
        sa.Column("eligible", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("audited", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("review_permille", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("agreed", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("return_id", "point", "line", "part", name=op.f("pk_answer")),
    )
    op.create_index("ix_answer_model", "answer", ["model", "version"], unique=False)
    op.create_table(
        "automation",
        sa.Column("point", sa.Text(collation="C"), nullable=False),
        sa.Column("clearance_id", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("tolerated_permille", sa.Integer(), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.Integer(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("point", name=op.f("pk_automation")),
    )
    _fold_answers(raw(op.get_bind()))


def _fold_answers(driver: Driver) -> None:
    answers: dict[AnswerKey, Row] = {}
    stream = ""
    for entry, _ in walk_streams(driver):
        if entry.stream != stream:
            upsert(driver, answer, answers.values())
            answers, stream = {}, entry.stream
        if stream.startswith("case/"):
            note_answer(answers, entry.event, entry.recorded_at)
    upsert(driver, answer, answers.values())
