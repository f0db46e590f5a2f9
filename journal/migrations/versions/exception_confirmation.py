"""Exceptions that two people resolve: what the first one said, and who confirmed it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "exception_confirmation"
down_revision = "automation_stop"


def upgrade() -> None:
    op.add_column(
        "reconciliation_exception",
        sa.Column("proposal", postgresql.JSONB(), nullable=True),
    )
    op.add_column("reconciliation_exception", sa.Column("confirmed_by", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("reconciliation_exception", "confirmed_by")
    op.drop_column("reconciliation_exception", "proposal")
