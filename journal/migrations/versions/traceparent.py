"""An effect keeps the trace of the request that wanted it."""

import sqlalchemy as sa
from alembic import op

revision = "traceparent"
down_revision = "integration_health"


def upgrade() -> None:
    op.add_column("effect", sa.Column("traceparent", sa.Text(), nullable=True))
