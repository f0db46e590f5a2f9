"""How much life customers must get, by item and by class; who buys an item is found by it."""

import sqlalchemy as sa
from alembic import op

revision = "remaining_life"
down_revision = "parked_facts"


def upgrade() -> None:
    op.create_table(
        "customer_life",
        sa.Column("customer_id", sa.Text(collation="C"), nullable=False),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("minimum_life_days", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "sku", name=op.f("pk_customer_life")),
    )
    op.create_table(
        "class_life",
        sa.Column("item_class", sa.Text(collation="C"), nullable=False),
        sa.Column("minimum_life_days", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("item_class", name=op.f("pk_class_life")),
    )
    op.create_index(
        op.f("ix_invoice_line_sku_invoiced_at"),
        "invoice_line",
        ["sku", "invoiced_at"],
        unique=False,
    )
