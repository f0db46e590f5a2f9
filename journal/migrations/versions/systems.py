"""Turns at other systems, what was said at each attempt, and effects that are given up."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "systems"
down_revision = "webhooks"

_KEY = sa.Text(collation="C")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.drop_constraint(op.f("ck_effect_status"), "effect", type_="check")
    op.create_check_constraint(
        op.f("ck_effect_status"),
        "effect",
        "status IN ('pending', 'doing', 'done', 'parked', 'abandoned')",
    )
    op.create_table(
        "effect_attempt",
        sa.Column("attempt_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("request", postgresql.JSON(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_effect_attempt")),
    )
    op.create_index(op.f("ix_effect_attempt_key"), "effect_attempt", ["key"])
    op.create_index(op.f("ix_effect_attempt_at"), "effect_attempt", ["at"])
    op.create_table(
        "effect_system",
        sa.Column("system", _KEY, nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("opened_at", _TIME, nullable=True),
        sa.Column("retry_at", _TIME, nullable=True),
        sa.Column("free_at", _TIME, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_effect_system")),
    )
    op.create_table(
        "system_turn",
        sa.Column("system", _KEY, nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("system", "key", name=op.f("pk_system_turn")),
    )
