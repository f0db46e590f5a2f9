"""The reference ERP charges a customer back for what was given before the goods were there."""

import sqlalchemy as sa
from alembic import op

revision = "charge_back"
down_revision = "item_flags"


def upgrade() -> None:
    op.create_table(
        "charge_back",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("invoice_line", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["number"], ["erp.document.number"], name=op.f("fk_charge_back_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_charge_back")),
        schema="erp",
    )
    op.execute("CREATE SEQUENCE erp.number_charge_back")
