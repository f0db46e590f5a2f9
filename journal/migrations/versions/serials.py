"""Serial numbers of what was shipped, by invoice line."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "serials"
down_revision = "policies"


def upgrade() -> None:
    op.add_column(
        "invoice_line",
        sa.Column("serials", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("invoice_line", "serials")
