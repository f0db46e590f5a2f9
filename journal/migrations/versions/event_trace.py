"""Events know the trace they were recorded in, so that webhooks and the broker continue it."""

import sqlalchemy as sa
from alembic import op

revision = "event_trace"
down_revision = "effect_repairs"


def upgrade() -> None:
    op.create_table(
        "event_trace",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_event_trace")),
    )
    op.create_index(op.f("ix_event_trace_recorded_at"), "event_trace", ["recorded_at"])
