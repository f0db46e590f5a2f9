"""Switches that stop models for a point, a reason or an item class."""

import sqlalchemy as sa
from alembic import op

revision = "automation_stop"
down_revision = "freight"


def upgrade() -> None:
    op.create_table(
        "automation_stop",
        sa.Column("stop_id", sa.Text(collation="C"), nullable=False),
        sa.Column("point", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("item_class", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("stopped_by", sa.Text(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("resumed_by", sa.Text(), nullable=True),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('stopped', 'resumed')", name=op.f("ck_automation_stop_status")
        ),
        sa.PrimaryKeyConstraint("stop_id", name=op.f("pk_automation_stop")),
    )


def downgrade() -> None:
    op.drop_table("automation_stop")
