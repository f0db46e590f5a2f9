"""Absences: who takes no tasks, from when to when."""

import sqlalchemy as sa
from alembic import op

revision = "absence"
down_revision = "delegation"


def upgrade() -> None:
    op.create_table(
        "absence",
        sa.Column("absence_id", sa.Text(collation="C"), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('recorded', 'ended')", name=op.f("ck_absence_status")),
        sa.PrimaryKeyConstraint("absence_id", name=op.f("pk_absence")),
    )
    op.create_index(
        "ix_absence_last_day",
        "absence",
        ["last_day"],
        unique=False,
        postgresql_where=sa.text("status = 'recorded'"),
    )
