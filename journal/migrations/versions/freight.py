"""Freight that an invoice charges apart from its lines, given back with the goods."""

import sqlalchemy as sa
from alembic import op

revision = "freight"
down_revision = "advance"


def _money(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def upgrade() -> None:
    for name in ("freight_minor", "freight_tax_minor", "freight_refunded_minor"):
        op.add_column("invoice_line", _money(name))
    op.create_check_constraint(
        op.f("ck_invoice_line_over_freight"),
        "invoice_line",
        "freight_refunded_minor >= 0 AND freight_refunded_minor <= freight_minor",
    )
    for name in ("freight_minor", "freight_tax_minor", "return_freight_minor"):
        op.add_column("credit_memo", _money(name), schema="erp")
    op.execute(
        "INSERT INTO erp.account (code, holds) VALUES"
        " ('freight_refunded', 'Freight of deliveries given back'),"
        " ('freight_charged', 'Freight of the way back that customers pay')"
    )
