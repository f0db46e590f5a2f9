"""What a transfer price adds to the cost of goods stands apart in intercompany documents."""

import sqlalchemy as sa
from alembic import op

revision = "transfer_price"
down_revision = "feed_position"


def upgrade() -> None:
    op.add_column(
        "intercompany_line",
        sa.Column("margin_minor", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        schema="erp",
    )
    op.execute(
        "INSERT INTO erp.account (code, holds) VALUES ('transfer_price_difference',"
        " 'Transfer prices beyond cost; zero over all companies of ours')"
    )
