"""Texts of shipped policies, kept for what they judged."""

import sqlalchemy as sa
from alembic import op

revision = "policy_texts"
down_revision = "charge_back"


def upgrade() -> None:
    op.create_table(
        "policy_text",
        sa.Column("ref", sa.Text(collation="C"), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_policy_text")),
    )


def downgrade() -> None:
    op.drop_table("policy_text")
