"""A proposed promotion may be declined, by whom and why."""

import sqlalchemy as sa
from alembic import op

revision = "promotion_declined"
down_revision = "traceparent"


def upgrade() -> None:
    op.add_column("promotion", sa.Column("declined_by", sa.Text(), nullable=True))
    op.add_column("promotion", sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("promotion", sa.Column("because", sa.Text(), nullable=True))
    op.drop_constraint(op.f("ck_promotion_status"), "promotion")
    op.create_check_constraint(
        op.f("ck_promotion_status"),
        "promotion",
        "status IN ('proposed', 'approved', 'declined')",
    )
