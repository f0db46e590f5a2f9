"""Policies as governed things: proposals and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "policies"
down_revision = "second_review"


def upgrade() -> None:
    op.create_table(
        "policy_proposal",
        sa.Column("proposal_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective", sa.Date(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status IN ('proposed', 'published', 'withdrawn')",
            name=op.f("ck_policy_proposal_status"),
        ),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_policy_proposal")),
    )
    op.create_index("ix_policy_proposal_name", "policy_proposal", ["name"], unique=False)
