"""Replays of policy proposals, computed once and kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "policy_replay"
down_revision = "exception_confirmation"


def upgrade() -> None:
    op.create_table(
        "policy_replay",
        sa.Column("proposal_id", sa.Text(collation="C"), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", postgresql.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_policy_replay")),
    )


def downgrade() -> None:
    op.drop_table("policy_replay")
