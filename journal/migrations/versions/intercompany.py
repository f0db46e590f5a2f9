"""Which unit owns a warehouse; the reference ERP books what one unit owes another for goods that
came back elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "intercompany"
down_revision = "claims"


def upgrade() -> None:
    op.create_table(
        "warehouse",
        sa.Column("warehouse_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("warehouse_id", name=op.f("pk_warehouse")),
    )
    heads = ("owing_unit", "owed_unit", "status", "currency")
    op.create_table(
        "intercompany",
        _number(),
        *(sa.Column(name, sa.Text(), nullable=False) for name in heads),
        sa.ForeignKeyConstraint(
            ["number"], ["erp.document.number"], name=op.f("fk_intercompany_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_intercompany")),
        schema="erp",
    )
    op.create_table(
        "intercompany_line",
        _number(),
        sa.Column("item", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["erp.document.number"], name=op.f("fk_intercompany_line_number")
        ),
        sa.PrimaryKeyConstraint("number", "item", name=op.f("pk_intercompany_line")),
        schema="erp",
    )
    op.add_column("gl_line", sa.Column("company", sa.Text(), nullable=True), schema="erp")
    op.execute("CREATE SEQUENCE erp.number_intercompany")
    op.execute(
        "INSERT INTO erp.account (code, holds) VALUES"
        " ('intercompany_receivable', 'What another company of ours owes'),"
        " ('intercompany_payable', 'What is owed to another company of ours')"
    )


def _number() -> sa.Column[str]:
    return sa.Column("number", sa.Text(collation="C"), nullable=False)
