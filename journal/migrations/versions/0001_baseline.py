"""The baseline: every table of the journal, its functions and triggers, and the job queue.

The queue's tables are Procrastinate's own SQL, taken from the installed package.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

FUNCTIONS = Path(__file__).parents[1] / "functions.sql"


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("event_position")))
    _create_tables()
    _execute_script(FUNCTIONS.read_text())
    _execute_script(SchemaManager.get_schema())


def _execute_script(script: str) -> None:
    """Several statements as they stand: no parameters, so no escaping of percent or colon."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(script)


def _create_tables() -> None:
    op.create_table(
        "account",
        sa.Column("account_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account")),
    )
    op.create_table(
        "api_key",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Text(collation="C"), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_api_key")),
    )
    op.create_index(op.f("ix_api_key_account_id"), "api_key", ["account_id"], unique=False)
    op.create_table(
        "carrier",
        sa.Column("carrier_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("carrier_id", name=op.f("pk_carrier")),
    )
    op.create_table(
        "case_line",
        sa.Column("return_id", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("lot", sa.Text(), nullable=True),
        sa.Column("uom", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(collation="C"), nullable=True),
        sa.Column("invoice_line", sa.Integer(), nullable=True),
        sa.Column("item_class", sa.Text(), nullable=False),
        sa.Column("supplier_id", sa.Text(), nullable=True),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason_text", sa.Text(), nullable=False),
        sa.Column("stated_reason", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reason_how", sa.Text(), nullable=True),
        sa.Column("eligibility", sa.Text(), nullable=True),
        sa.Column("requested", sa.Numeric(), nullable=False),
        sa.Column("authorised", sa.Numeric(), server_default="0", nullable=False),
        sa.Column("goods", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("received", sa.Numeric(), server_default="0", nullable=False),
        sa.Column("released", sa.Numeric(), server_default="0", nullable=False),
        sa.Column("inspected", sa.Numeric(), server_default="0", nullable=False),
        sa.Column(
            "disposed", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("credited_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credits_proposed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("credits_settled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("risk", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("return_id", "line", name=op.f("pk_case_line")),
    )
    op.create_index(
        op.f("ix_case_line_invoice_id_invoice_line"),
        "case_line",
        ["invoice_id", "invoice_line"],
        unique=False,
    )
    op.create_index(op.f("ix_case_line_sku"), "case_line", ["sku"], unique=False)
    op.create_table(
        "champion",
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("alias", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("bundle_digest", sa.Text(), nullable=False),
        sa.Column("proposal_id", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "alias", name=op.f("pk_champion")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("checkpoint_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("after_position", sa.BigInteger(), nullable=False),
        sa.Column("to_position", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("checkpoint_id", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "credit_note",
        sa.Column("credit_note_id", sa.Text(collation="C"), nullable=False),
        sa.Column("customer_id", sa.Text(collation="C"), nullable=True),
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("credited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("return_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("credit_note_id", name=op.f("pk_credit_note")),
    )
    op.create_table(
        "credit_note_line",
        sa.Column("credit_note_id", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Text(collation="C"), nullable=True),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("credited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("unit_price", sa.Numeric(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("invoice_line", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("match", sa.Text(), server_default="pending", nullable=False),
        sa.Column("unmatched_quantity", sa.Numeric(), nullable=True),
        sa.Column("unmatched_minor", sa.BigInteger(), nullable=True),
        sa.Column("price_variance_minor", sa.BigInteger(), nullable=True),
        sa.Column("days_since_sale", sa.Integer(), nullable=True),
        sa.Column(
            "matched_invoices",
            postgresql.JSONB(),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("anomaly", sa.Text(), nullable=True),
        sa.Column("anomaly_confidence", sa.Float(), nullable=True),
        sa.Column("anomaly_abstained", sa.Text(), nullable=True),
        sa.Column("assessment", postgresql.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("credit_note_id", "line", name=op.f("pk_credit_note_line")),
    )
    op.create_index(
        op.f("ix_credit_note_line_customer_id_sku"),
        "credit_note_line",
        ["customer_id", "sku"],
        unique=False,
    )
    op.create_index(
        "ix_credit_note_line_match",
        "credit_note_line",
        ["match", sa.literal_column("anomaly_confidence DESC NULLS LAST")],
        unique=False,
    )
    op.create_table(
        "customer",
        sa.Column("customer_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("credit_hold", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("contract", sa.Text(), nullable=True),
        sa.Column("return_window_days", sa.Integer(), nullable=True),
        sa.Column("minimum_life_days", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer")),
    )
    op.create_table(
        "effect",
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at_position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'doing', 'done', 'parked')", name=op.f("ck_effect_status")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_effect")),
    )
    op.create_index(
        "ix_effect_open",
        "effect",
        ["status", "created_at"],
        unique=False,
        postgresql_where=sa.text("status <> 'done'"),
    )
    op.create_index(op.f("ix_effect_return_id"), "effect", ["return_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stream", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSON(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_event")),
        sa.UniqueConstraint("stream", "version", name=op.f("uq_event_stream_version")),
    )
    op.create_index(op.f("ix_event_type_position"), "event", ["type", "position"], unique=False)
    op.create_table(
        "feature_memory",
        sa.Column("fold", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", postgresql.JSON(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fold", "key", name=op.f("pk_feature_memory")),
    )
    op.create_table(
        "file_import",
        sa.Column("source_digest", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column(
            "counts", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source_digest", name=op.f("pk_file_import")),
    )
    op.create_table(
        "fold_version",
        sa.Column("fold", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("fold", name=op.f("pk_fold_version")),
    )
    op.create_table(
        "idempotency",
        sa.Column("actor", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(), nullable=True),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_expires_at"), "idempotency", ["expires_at"], unique=False)
    op.create_table(
        "invoice",
        sa.Column("invoice_id", sa.Text(collation="C"), nullable=False),
        sa.Column("customer_id", sa.Text(collation="C"), nullable=True),
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("invoiced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("carrier_id", sa.Text(), nullable=True),
        sa.Column("warehouse", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_invoice")),
    )
    op.create_index(
        op.f("ix_invoice_customer_id_invoiced_at"),
        "invoice",
        ["customer_id", "invoiced_at"],
        unique=False,
    )
    op.create_table(
        "invoice_line",
        sa.Column("invoice_id", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Text(collation="C"), nullable=True),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("lot", sa.Text(), nullable=True),
        sa.Column("invoiced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_quantity", sa.Numeric(), nullable=False),
        sa.Column("uom", sa.Text(), nullable=False),
        sa.Column("unit_price", sa.Numeric(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column("returned_quantity", sa.Numeric(), server_default="0", nullable=False),
        sa.Column("credited_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "credited_minor >= 0 AND credited_minor <= net_minor",
            name=op.f("ck_invoice_line_over_credit"),
        ),
        sa.CheckConstraint(
            "returned_quantity >= 0 AND returned_quantity <= delivered_quantity",
            name=op.f("ck_invoice_line_over_return"),
        ),
        sa.PrimaryKeyConstraint("invoice_id", "line", name=op.f("pk_invoice_line")),
    )
    op.create_index(
        op.f("ix_invoice_line_customer_id_sku_invoiced_at"),
        "invoice_line",
        ["customer_id", "sku", "invoiced_at"],
        unique=False,
    )
    op.create_table(
        "lot",
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("lot", sa.Text(collation="C"), nullable=False),
        sa.Column("supplier_id", sa.Text(), nullable=True),
        sa.Column("produced_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("sku", "lot", name=op.f("pk_lot")),
    )
    op.create_table(
        "product",
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("item_class", sa.Text(), nullable=False),
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("uom", sa.Text(), nullable=False),
        sa.Column("uom_scale", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("unit_cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("lot_controlled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("shelf_life_days", sa.Integer(), nullable=True),
        sa.Column("date_kind", sa.Text(), nullable=False),
        sa.Column("regulated", sa.Text(), nullable=False),
        sa.Column("returnable", sa.Text(), nullable=False),
        sa.Column("stocked", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("refurbishable", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("cold_chain", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("pack_quantity", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_product")),
    )
    op.create_table(
        "promotion",
        sa.Column("proposal_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "metrics", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alias", sa.Text(), nullable=True),
        sa.Column("bundle_digest", sa.Text(), nullable=True),
        sa.Column("bootstrap", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("status IN ('proposed', 'approved')", name=op.f("ck_promotion_status")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_promotion")),
    )
    op.create_index(op.f("ix_promotion_name"), "promotion", ["name"], unique=False)
    op.create_table(
        "recall",
        sa.Column("recall_id", sa.Text(collation="C"), nullable=False),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "lots", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("supplier_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("recall_id", name=op.f("pk_recall")),
    )
    op.create_index(
        "ix_recall_open",
        "recall",
        ["sku"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "reconciliation_exception",
        sa.Column("exception_id", sa.Text(collation="C"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("exposure_minor", sa.BigInteger(), nullable=False),
        sa.Column("variance_minor", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("return_id", sa.Text(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("supplier_id", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("matched_document", sa.Text(), nullable=True),
        sa.Column("match", sa.Text(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("loss_minor", sa.BigInteger(), nullable=True),
        sa.Column("recovered_minor", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rank_score", sa.Float(), nullable=True),
        sa.Column("assessment", postgresql.JSON(), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'resolved')", name=op.f("ck_reconciliation_exception_status")
        ),
        sa.PrimaryKeyConstraint("exception_id", name=op.f("pk_reconciliation_exception")),
    )
    op.create_index(
        op.f("ix_reconciliation_exception_code"), "reconciliation_exception", ["code"], unique=False
    )
    op.create_index(
        "ix_reconciliation_exception_rank",
        "reconciliation_exception",
        ["status", sa.literal_column("rank_score DESC NULLS LAST")],
        unique=False,
    )
    op.create_table(
        "return_case",
        sa.Column("return_id", sa.Text(collation="C"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("situation", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Text(collation="C"), nullable=False),
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("goods_required", sa.Boolean(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("authorised_by", sa.Text(), nullable=True),
        sa.Column("authorised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warehouse", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("return_id", name=op.f("pk_return_case")),
    )
    op.create_index(
        op.f("ix_return_case_customer_id"), "return_case", ["customer_id"], unique=False
    )
    op.create_index(
        "ix_return_case_newest",
        "return_case",
        [sa.literal_column("requested_at DESC"), sa.literal_column("return_id DESC")],
        unique=False,
    )
    op.create_index(
        op.f("ix_return_case_status_updated_at"),
        "return_case",
        ["status", "updated_at"],
        unique=False,
    )
    op.create_table(
        "rows_set_aside",
        sa.Column("source_digest", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("first_line", sa.Integer(), nullable=False),
        sa.Column(
            "source_lines",
            postgresql.JSONB(),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint(
            "source_digest", "kind", "first_line", name=op.f("pk_rows_set_aside")
        ),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_expires_at"), "session", ["expires_at"], unique=False)
    op.create_table(
        "stock_write_off",
        sa.Column("document_id", sa.Text(collation="C"), nullable=False),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("uom", sa.Text(), nullable=False),
        sa.Column("written_off_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_stock_write_off")),
    )
    op.create_table(
        "stream_head",
        sa.Column("stream", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_stream_head")),
    )
    op.create_table(
        "supplier",
        sa.Column("supplier_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("claim_window_days", sa.Integer(), nullable=False),
        sa.Column("accepts_returns", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("credit_percent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("supplier_id", name=op.f("pk_supplier")),
    )
    op.create_table(
        "supplier_claim",
        sa.Column("claim_id", sa.Text(collation="C"), nullable=False),
        sa.Column("supplier_id", sa.Text(), nullable=False),
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("claimed_minor", sa.BigInteger(), nullable=False),
        sa.Column("recovered_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_supplier_claim")),
    )
    op.create_index(
        op.f("ix_supplier_claim_return_id"), "supplier_claim", ["return_id"], unique=False
    )
    op.create_table(
        "task",
        sa.Column("task_id", sa.Text(collation="C"), nullable=False),
        sa.Column("return_id", sa.Text(collation="C"), nullable=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("portion", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=True),
        sa.Column(
            "allowed", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("approvals_needed", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "approved_by", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("risk", sa.Float(), nullable=True),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'decided', 'withdrawn')", name=op.f("ck_task_status")
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_task")),
    )
    op.create_index(
        "ix_task_open",
        "task",
        ["role", "opened_at"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(op.f("ix_task_return_id"), "task", ["return_id"], unique=False)
