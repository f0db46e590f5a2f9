"""The reference ERP takes workshop orders and what came of them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "refurbish"
down_revision = "policy_texts"


def upgrade() -> None:
    _table(
        "refurbish_order",
        _count("line"),
        _text("portion"),
        _count("part"),
        _text("sku"),
        sa.Column("lot", sa.Text(), nullable=True),
        _text("warehouse"),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
    )
    _table(
        "refurbish_completion",
        _count("line"),
        _text("portion"),
        _count("part"),
        _count("sequence"),
        _text("sku"),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        _text("outcome"),
        _text("status"),
        _text("costing"),
        sa.Column("cost_minor", sa.BigInteger(), nullable=False),
        _text("currency"),
    )
    op.execute("CREATE SEQUENCE erp.number_refurbish_order")
    op.execute("CREATE SEQUENCE erp.number_refurbish_completion")
    op.execute(
        "INSERT INTO erp.account (code, holds) VALUES"
        " ('refurbish_expense', 'Work on goods to make them as good as new'),"
        " ('workshop_absorbed', 'Work of the workshop, as charged to returns')"
    )


def _table(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["number"], ["erp.document.number"], name=f"fk_{name}_number"),
        sa.PrimaryKeyConstraint("number", name=f"pk_{name}"),
        schema="erp",
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=False)
