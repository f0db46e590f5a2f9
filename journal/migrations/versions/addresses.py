"""Suppliers and warehouses say where they are, customers how they are called: traceability."""

import sqlalchemy as sa
from alembic import op

revision = "addresses"
down_revision = "event_trace"


def upgrade() -> None:
    for table in ("supplier", "warehouse"):
        for column in ("street", "postcode", "city", "country", "phone"):
            op.add_column(table, sa.Column(column, sa.Text(), nullable=True))
    op.add_column("customer", sa.Column("phone", sa.Text(), nullable=True))
