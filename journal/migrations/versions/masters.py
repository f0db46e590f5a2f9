"""Masters checked: more of customers, items and codes; findings, and what foreign codes mean."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "masters"
down_revision = "intercompany"
EMPTY = sa.text("'[]'::jsonb")


def upgrade() -> None:
    for name in ("vat_id", "street", "postcode", "city", "email_domain"):
        op.add_column("customer", sa.Column(name, sa.Text(), nullable=True))
    for name in ("length_mm", "width_mm", "height_mm", "weight_g"):
        op.add_column("product", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("credit_note", sa.Column("system", sa.Text(), nullable=True))
    _stock_status_report()
    _finding()
    _code_mapping()


def _stock_status_report() -> None:
    op.create_table(
        "stock_status_report",
        sa.Column("document_id", sa.Text(collation="C"), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("uom", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("lot", sa.Text(), nullable=True),
        sa.Column("return_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_stock_status_report")),
    )


def _finding() -> None:
    op.create_table(
        "finding",
        sa.Column("finding_id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("records", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("blocks", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("figures", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("weights", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'accepted', 'closed')", name=op.f("ck_finding_status")
        ),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_finding")),
    )
    op.create_index(
        "ix_finding_open",
        "finding",
        ["role", "opened_at"],
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index("ix_finding_records", "finding", ["records"], postgresql_using="gin")


def _code_mapping() -> None:
    op.create_table(
        "code_mapping",
        sa.Column("mapping_id", sa.Text(collation="C"), nullable=False),
        sa.Column("vocabulary", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("ours", sa.Text(), nullable=True),
        sa.Column("match", sa.Text(), nullable=False),
        sa.Column("loss", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('proposed', 'approved', 'withdrawn')",
            name=op.f("ck_code_mapping_status"),
        ),
        sa.PrimaryKeyConstraint("mapping_id", name=op.f("pk_code_mapping")),
    )
    op.create_index(
        "ix_code_mapping_vocabulary_system_code", "code_mapping", ["vocabulary", "system", "code"]
    )
