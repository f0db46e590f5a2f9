"""What a line was given before its goods are back, and until when they are due."""

import sqlalchemy as sa
from alembic import op

revision = "advance"
down_revision = "erp_link"


def upgrade() -> None:
    op.add_column("case_line", sa.Column("advance_minor", sa.BigInteger(), nullable=True))
    due = sa.Column("goods_due", sa.DateTime(timezone=True), nullable=True)
    op.add_column("case_line", due)
    op.create_index(
        "ix_case_line_goods_due",
        "case_line",
        ["goods_due"],
        unique=False,
        postgresql_where=sa.text("goods_due IS NOT NULL"),
    )
