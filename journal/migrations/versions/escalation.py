"""Tasks past their due time with nobody above them."""

import sqlalchemy as sa
from alembic import op

revision = "escalation"
down_revision = "absence"


def upgrade() -> None:
    op.add_column("task", sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True))
