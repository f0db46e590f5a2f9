"""What masters and deliveries say for rules of eligibility: item flags, warranty, signature."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "item_flags"
down_revision = "masters"


def upgrade() -> None:
    op.add_column("customer", sa.Column("warranty_days", sa.Integer(), nullable=True))
    op.add_column("supplier", sa.Column("takes_unsaleables", sa.Boolean(), nullable=True))
    op.add_column("product", sa.Column("flags", postgresql.JSONB(), nullable=True))
    op.add_column("product", sa.Column("temperature", sa.Text(), nullable=True))
    op.add_column("product", sa.Column("warranty_days", sa.Integer(), nullable=True))
    op.add_column("invoice", sa.Column("delivery_signed", sa.Boolean(), nullable=True))
