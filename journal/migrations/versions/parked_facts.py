"""Facts that wait at the edge until they can be recorded, and when masters were last told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "parked_facts"
down_revision = "refurbish"
_EMPTY = sa.text("'[]'::jsonb")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "parked_fact",
        sa.Column("parked_id", sa.Text(collation="C"), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("source", "event_id", "event_type", "reason", "says")
        ),
        sa.Column("waits_for", postgresql.JSONB(), server_default=_EMPTY, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("told_by", sa.Text(), nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("taken_at", _TIME, nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("abandoned_by", sa.Text(), nullable=True),
        sa.Column("abandoned_at", _TIME, nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'taken', 'abandoned')", name=op.f("ck_parked_fact_status")
        ),
        sa.PrimaryKeyConstraint("parked_id", name=op.f("pk_parked_fact")),
    )
    op.create_index(
        "ix_parked_fact_waiting",
        "parked_fact",
        ["received_at"],
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index(
        "ix_parked_fact_waits_for", "parked_fact", ["waits_for"], postgresql_using="gin"
    )
    op.create_table(
        "told_time",
        sa.Column("stream", sa.Text(collation="C"), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_told_time")),
    )
