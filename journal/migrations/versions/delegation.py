"""Delegations: who may decide in whose name, and for whom a task was decided."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "delegation"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("task", sa.Column("decided_for", sa.Text(), nullable=True))
    op.create_table(
        "delegation",
        sa.Column("delegation_id", sa.Text(collation="C"), nullable=False),
        sa.Column("delegator", sa.Text(), nullable=False),
        sa.Column("delegate", sa.Text(), nullable=False),
        sa.Column(
            "roles", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('given', 'revoked')", name=op.f("ck_delegation_status")),
        sa.PrimaryKeyConstraint("delegation_id", name=op.f("pk_delegation")),
    )
    op.create_index(
        "ix_delegation_delegate",
        "delegation",
        ["delegate"],
        unique=False,
        postgresql_where=sa.text("status = 'given'"),
    )
