"""A parked effect says who wants it given up, and why."""

import sqlalchemy as sa
from alembic import op

revision = "effect_repairs"
down_revision = "promotion_declined"


def upgrade() -> None:
    op.add_column("effect", sa.Column("giving_up", sa.JSON(), nullable=True))
