"""Up to where the public feed was handed to a broker."""

import sqlalchemy as sa
from alembic import op

revision = "feed_position"
down_revision = "remaining_life"


def upgrade() -> None:
    op.create_table(
        "feed_position",
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feed_position")),
    )
