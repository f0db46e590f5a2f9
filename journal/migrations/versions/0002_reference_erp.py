"""The reference ERP's own schema: documents, stock, a balanced general ledger, number ranges.

Nothing of ours refers to it and it refers to nothing of ours; dropping the schema leaves the
journal whole.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

revision = "0002"
down_revision = "0001"

NUMBER_RANGES = (
    "rma",
    "receipt",
    "stock_move",
    "credit_memo",
    "supplier_claim",
    "replacement",
    "closing",
)

ACCOUNTS = (
    ("accounts_receivable", "What customers owe"),
    ("sales_returns", "Revenue taken back"),
    ("tax_payable", "Sales tax owed"),
    ("cost_of_goods_sold", "Cost of what was sold"),
    ("returns_interim", "Goods back, not yet judged; zero for a case that is closed"),
    ("inventory", "Saleable stock"),
    ("inventory_in_inspection", "Stock in quality inspection or refurbishing"),
    ("inventory_blocked", "Stock on hold"),
    ("goods_at_supplier", "Goods sent back to a supplier, claim not yet written"),
    ("supplier_claims_receivable", "What suppliers owe for claims"),
    ("scrap_expense", "Goods destroyed"),
    ("donation_expense", "Goods given away"),
)

CHECK_BALANCED = """
CREATE FUNCTION erp.check_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted text := CASE TG_OP WHEN 'DELETE' THEN OLD.number ELSE NEW.number END;
    difference numeric;
BEGIN
    SELECT sum(debit_minor) - sum(credit_minor) INTO difference
    FROM erp.gl_line WHERE number = wanted;
    IF difference <> 0 THEN
        RAISE EXCEPTION 'document % does not balance: debits less credits are %',
            wanted, difference USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

# Deferred, so that the lines of a document may come in any number of statements.
BALANCED = """
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT OR UPDATE OR DELETE ON erp.gl_line
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION erp.check_balanced()
"""


class XID8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction number."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def upgrade() -> None:
    op.execute("CREATE SCHEMA erp")
    op.execute("CREATE SEQUENCE erp.position")
    for kind in NUMBER_RANGES:
        op.execute(f"CREATE SEQUENCE erp.number_{kind}")
    _create_books()
    _create_details()
    account = sa.table("account", sa.column("code"), sa.column("holds"), schema="erp")
    op.bulk_insert(account, [{"code": code, "holds": holds} for code, holds in ACCOUNTS])
    op.execute(CHECK_BALANCED)
    op.execute(BALANCED)


def _create_books() -> None:
    op.create_table(
        "account",
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("holds", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_account")),
        schema="erp",
    )
    op.create_table(
        "clerk_entry",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("clerk", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("after", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_clerk_entry")),
        schema="erp",
    )
    op.create_table(
        "document",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("return_id", sa.Text(collation="C"), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "position",
            sa.BigInteger(),
            server_default=sa.text("nextval('erp.position')"),
            nullable=False,
        ),
        sa.Column(
            "written_in", XID8(), server_default=sa.text("pg_current_xact_id()"), nullable=False
        ),
        sa.Column("voided", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "origin = 'clerk' OR key IS NOT NULL", name=op.f("ck_document_workflow_has_key")
        ),
        sa.CheckConstraint("origin IN ('workflow', 'clerk')", name=op.f("ck_document_origin")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_document")),
        sa.UniqueConstraint("key", name=op.f("uq_document_key")),
        schema="erp",
    )
    op.create_index(
        op.f("ix_document_return_id"), "document", ["return_id"], unique=False, schema="erp"
    )
    op.create_index(
        op.f("ix_document_written_in_position"),
        "document",
        ["written_in", "position"],
        unique=True,
        schema="erp",
    )
    op.create_table(
        "return_case",
        sa.Column("return_id", sa.Text(collation="C"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("has_rma", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("closed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("return_id", name=op.f("pk_return_case")),
        schema="erp",
    )
    op.create_table(
        "stock_balance",
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("lot", sa.Text(collation="C"), nullable=False),
        sa.Column("warehouse", sa.Text(collation="C"), nullable=False),
        sa.Column("status", sa.Text(collation="C"), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "lot", "warehouse", "status", name=op.f("pk_stock_balance")),
        schema="erp",
    )
    op.create_table(
        "unjudged_stock",
        sa.Column("return_id", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_unjudged_stock_never_below_zero")),
        sa.PrimaryKeyConstraint("return_id", "line", "sku", name=op.f("pk_unjudged_stock")),
        schema="erp",
    )
    op.create_table(
        "gl_line",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("item", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(collation="C"), nullable=False),
        sa.Column("debit_minor", sa.BigInteger(), nullable=False),
        sa.Column("credit_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("return_id", sa.Text(collation="C"), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(debit_minor > 0 AND credit_minor = 0) OR (debit_minor = 0 AND credit_minor > 0)",
            name=op.f("ck_gl_line_one_side"),
        ),
        sa.ForeignKeyConstraint(["account"], ["erp.account.code"], name=op.f("fk_gl_line_account")),
        sa.ForeignKeyConstraint(
            ["number"], ["erp.document.number"], name=op.f("fk_gl_line_number")
        ),
        sa.PrimaryKeyConstraint("number", "item", name=op.f("pk_gl_line")),
        schema="erp",
    )
    op.create_index(
        op.f("ix_gl_line_account_return_id"),
        "gl_line",
        ["account", "return_id"],
        unique=False,
        schema="erp",
    )


def _create_details() -> None:
    op.create_table(
        "credit_memo",
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
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["number"], ["erp.document.number"], name=op.f("fk_credit_memo_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_credit_memo")),
        schema="erp",
    )
    op.create_table(
        "goods_receipt",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("receipt_id", sa.Text(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["erp.document.number"], name=op.f("fk_goods_receipt_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_goods_receipt")),
        schema="erp",
    )
    op.create_table(
        "goods_receipt_line",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("item", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("unit_cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["erp.document.number"], name=op.f("fk_goods_receipt_line_number")
        ),
        sa.PrimaryKeyConstraint("number", "item", name=op.f("pk_goods_receipt_line")),
        schema="erp",
    )
    op.create_table(
        "replacement_order",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("portion", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("uom", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["erp.document.number"], name=op.f("fk_replacement_order_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_replacement_order")),
        schema="erp",
    )
    op.create_table(
        "rma",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["erp.document.number"], name=op.f("fk_rma_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rma")),
        schema="erp",
    )
    op.create_table(
        "rma_line",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("uom", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=True),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("invoice_line", sa.Integer(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["number"], ["erp.document.number"], name=op.f("fk_rma_line_number")
        ),
        sa.PrimaryKeyConstraint("number", "line", name=op.f("pk_rma_line")),
        schema="erp",
    )
    op.create_table(
        "stock_move",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("portion", sa.Text(), nullable=True),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=True),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=False),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["erp.document.number"], name=op.f("fk_stock_move_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_stock_move")),
        schema="erp",
    )
    op.create_table(
        "supplier_claim",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("portion", sa.Text(), nullable=False),
        sa.Column("supplier_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("claimed_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("claim_by", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["number"], ["erp.document.number"], name=op.f("fk_supplier_claim_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_supplier_claim")),
        schema="erp",
    )
