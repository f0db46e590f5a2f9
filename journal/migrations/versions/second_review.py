"""Second reviews: a sample of decisions that somebody else takes again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "second_review"
down_revision = "escalation"


def _names(name: str) -> sa.Column[object]:
    empty = sa.text("'[]'::jsonb")
    return sa.Column(name, postgresql.JSONB(), server_default=empty, nullable=False)


def upgrade() -> None:
    op.create_table(
        "second_review",
        sa.Column("task_id", sa.Text(collation="C"), nullable=False),
        sa.Column("return_id", sa.Text(collation="C"), nullable=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("portion", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=True),
        _names("allowed"),
        _names("approved_by"),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_outcome", sa.Text(), nullable=False),
        sa.Column("second_outcome", sa.Text(), nullable=True),
        sa.Column("reviewed_by", sa.Text(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agreed", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('open', 'given')", name=op.f("ck_second_review_status")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_second_review")),
    )
    op.create_index(op.f("ix_second_review_return_id"), "second_review", ["return_id"])
    op.create_index(
        "ix_second_review_open",
        "second_review",
        ["role", "drawn_at"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
