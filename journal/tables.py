"""Every table of the journal's room: the log, what is kept beside it, and the read models.

The log (``event``, ``checkpoint``) is the truth and refuses change. Everything else can be
rebuilt from it, except who may sign in (``account`` and its keys), short memories of the HTTP
edge (``idempotency``, ``told_time``, ``event_trace``, ``feed_position``) and leases. Read models
carry no foreign keys: facts may arrive in any order, and a read model must never refuse a fact that
was recorded. The two ledgers do refuse: their CHECK constraints are the last line against a double
return or a double credit.

Money is integer minor units, quantities are NUMERIC in the product's unit, times are
``timestamptz``. JSON that must keep its text (payloads, memories) is ``json``, not ``jsonb``.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_KEY = Text(collation="C")  # compared byte by byte: the lock order must not depend on a locale
_TIME = DateTime(timezone=True)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _time(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, _TIME, nullable=null)


def _money(name: str, *, default: str | None = None, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null, server_default=default)


def _quantity(name: str, *, default: str | None = None) -> Column[object]:
    return Column(name, Numeric, nullable=False, server_default=default)


def _flag(name: str, default: str = "false", *, null: bool = False) -> Column[bool]:
    return Column(name, Boolean, nullable=null, server_default=None if null else text(default))


def _count(name: str, *, default: str | None = None, null: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=null, server_default=default)


def _json(name: str, default: str | None = None) -> Column[object]:
    server_default = None if default is None else text(f"'{default}'::jsonb")
    return Column(name, JSONB, nullable=default is None, server_default=server_default)


# -- the log ---------------------------------------------------------------------------------

event_position = Sequence("event_position", metadata=metadata)
"""Positions are drawn while every lock of an append is held; see ``journal.py``."""

event = Table(
    "event",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", _KEY, nullable=False),
    Column("version", Integer, nullable=False),
    _time("recorded_at"),
    _text("actor"),
    _text("actor_kind"),
    _text("type"),
    Column("payload", JSON, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("stream", "version"),
    Index(None, "type", "position"),
)

stream_head = Table(
    "stream_head",
    metadata,
    Column("stream", _KEY, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""The last version and hash of every stream; locked by an append, rebuilt by ``verify``."""

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("checkpoint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("after_position", BigInteger, nullable=False),
    Column("to_position", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    _time("created_at"),
)

feature_memory = Table(
    "feature_memory",
    metadata,
    Column("fold", _KEY, primary_key=True),
    Column("key", _KEY, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", JSON, nullable=False),
    Column("position", BigInteger, nullable=False),
)

fold_version = Table(
    "fold_version",
    metadata,
    Column("fold", _KEY, primary_key=True),
    Column("version", Integer, nullable=False),
)
"""Folds whose memories know the whole log, and at which version; kept by ``rebuild.py``."""

effect = Table(
    "effect",
    metadata,
    Column("key", _KEY, primary_key=True),
    _text("kind"),
    _text("return_id"),
    Column("payload", JSON, nullable=False),
    _text("status"),
    _count("attempts", default="0"),
    _text("reference", null=True),
    _text("error", null=True),
    _time("created_at"),
    _time("updated_at"),
    Column("decided_at_position", BigInteger, nullable=False),
    _text("traceparent", null=True),
    Column("giving_up", JSON),
    CheckConstraint("status IN ('pending', 'doing', 'done', 'parked', 'abandoned')", name="status"),
    Index(None, "return_id"),
    Index("ix_effect_open", "status", "created_at", postgresql_where=text("status <> 'done'")),
    Index("ix_effect_done", "updated_at", postgresql_where=text("status = 'done'")),
)

effect_attempt = Table(
    "effect_attempt",
    metadata,
    Column("attempt_id", BigInteger, Identity(), primary_key=True),
    Column("key", _KEY, nullable=False),
    _time("at"),
    _count("took_ms"),
    _text("outcome"),
    Column("request", JSON, nullable=False),
    _text("answer"),
    Index(None, "key"),
    Index(None, "at"),
)

effect_system = Table(
    "effect_system",
    metadata,
    Column("system", _KEY, primary_key=True),
    _count("failures", default="0"),
    _time("opened_at", null=True),
    _time("retry_at", null=True),
    _time("free_at", null=True),
    _text("error", null=True),
)
"""Other systems as all workers see them; see ``systems.py``."""

system_turn = Table(
    "system_turn",
    metadata,
    Column("system", _KEY, primary_key=True),
    Column("key", _KEY, primary_key=True),
    _time("until"),
)

# -- masters ---------------------------------------------------------------------------------

customer = Table(
    "customer",
    metadata,
    Column("customer_id", _KEY, primary_key=True),
    _text("name"),
    _text("business_unit"),
    _text("country"),
    _text("channel"),
    _text("segment"),
    _flag("credit_hold"),
    _text("contract", null=True),
    _count("return_window_days", null=True),
    _count("minimum_life_days", null=True),
    _text("vat_id", null=True),
    _text("street", null=True),
    _text("postcode", null=True),
    _text("city", null=True),
    _text("email_domain", null=True),
    _count("warranty_days", null=True),
    _text("phone", null=True),
)

customer_life = Table(
    "customer_life",
    metadata,
    Column("customer_id", _KEY, primary_key=True),
    Column("sku", _KEY, primary_key=True),
    _count("minimum_life_days", null=True),
)

class_life = Table(
    "class_life",
    metadata,
    Column("item_class", _KEY, primary_key=True),
    _count("minimum_life_days", null=True),
)

supplier = Table(
    "supplier",
    metadata,
    Column("supplier_id", _KEY, primary_key=True),
    _text("name"),
    _count("claim_window_days"),
    _flag("accepts_returns"),
    _count("credit_percent"),
    _flag("takes_unsaleables", null=True),
    _text("street", null=True),
    _text("postcode", null=True),
    _text("city", null=True),
    _text("country", null=True),
    _text("phone", null=True),
)

carrier = Table(
    "carrier",
    metadata,
    Column("carrier_id", _KEY, primary_key=True),
    _text("name"),
)

warehouse = Table(
    "warehouse",
    metadata,
    Column("warehouse_id", _KEY, primary_key=True),
    _text("name"),
    _text("business_unit"),
    _text("street", null=True),
    _text("postcode", null=True),
    _text("city", null=True),
    _text("country", null=True),
    _text("phone", null=True),
)

product = Table(
    "product",
    metadata,
    Column("sku", _KEY, primary_key=True),
    _text("description"),
    _text("item_class"),
    _text("business_unit"),
    _text("uom"),
    _count("uom_scale"),
    _text("supplier_id", null=True),
    _text("currency"),
    _money("unit_cost_minor"),
    _flag("lot_controlled"),
    _count("shelf_life_days", null=True),
    _text("date_kind"),
    _text("regulated"),
    _text("returnable"),
    _flag("stocked", "true"),
    _flag("refurbishable"),
    _flag("cold_chain"),
    _count("pack_quantity", default="1"),
    _count("length_mm", null=True),
    _count("width_mm", null=True),
    _count("height_mm", null=True),
    _count("weight_g", null=True),
    _json("flags"),
    _text("temperature", null=True),
    _count("warranty_days", null=True),
)

lot = Table(
    "lot",
    metadata,
    Column("sku", _KEY, primary_key=True),
    Column("lot", _KEY, primary_key=True),
    _text("supplier_id", null=True),
    Column("produced_on", Date),
    Column("expires_on", Date),
)

recall = Table(
    "recall",
    metadata,
    Column("recall_id", _KEY, primary_key=True),
    Column("sku", _KEY, nullable=False),
    _json("lots", "[]"),
    _text("supplier_id", null=True),
    _text("reason"),
    _time("opened_at"),
    _time("closed_at", null=True),
    Index("ix_recall_open", "sku", postgresql_where=text("closed_at IS NULL")),
)

# -- documents and the two ledgers -----------------------------------------------------------

invoice = Table(
    "invoice",
    metadata,
    Column("invoice_id", _KEY, primary_key=True),
    Column("customer_id", _KEY),
    _text("business_unit"),
    _text("currency"),
    _time("invoiced_at"),
    _time("delivered_at"),
    _text("order_id", null=True),
    _text("carrier_id", null=True),
    _text("warehouse", null=True),
    _text("country", null=True),
    _text("channel", null=True),
    _flag("delivery_signed", null=True),
    Index(None, "customer_id", "invoiced_at"),
)

invoice_line = Table(
    "invoice_line",
    metadata,
    Column("invoice_id", _KEY, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("customer_id", _KEY),
    Column("sku", _KEY, nullable=False),
    _text("lot", null=True),
    _time("invoiced_at"),
    _quantity("delivered_quantity"),
    _text("uom"),
    Column("unit_price", Numeric, nullable=False),
    _money("net_minor"),
    _money("tax_minor", default="0"),
    _text("description"),
    _count("source_line", null=True),
    _json("serials", "[]"),
    _quantity("returned_quantity", default="0"),
    _money("credited_minor", default="0"),
    _money("freight_minor", default="0"),
    _money("freight_tax_minor", default="0"),
    _money("freight_refunded_minor", default="0"),
    CheckConstraint(
        "returned_quantity >= 0 AND returned_quantity <= delivered_quantity", name="over_return"
    ),
    CheckConstraint("credited_minor >= 0 AND credited_minor <= net_minor", name="over_credit"),
    CheckConstraint(
        "freight_refunded_minor >= 0 AND freight_refunded_minor <= freight_minor",
        name="over_freight",
    ),
    Index(None, "customer_id", "sku", "invoiced_at"),
    Index(None, "sku", "invoiced_at"),
)
"""``returned_quantity`` is authorised or matched back; ``credited_minor`` is approved net.

A value-only credit moves the second and never the first. ``freight_minor`` is the line's share of
the freight on its invoice, and a ledger of its own.
"""

credit_note = Table(
    "credit_note",
    metadata,
    Column("credit_note_id", _KEY, primary_key=True),
    Column("customer_id", _KEY),
    _text("business_unit"),
    _text("currency"),
    _time("credited_at"),
    _text("country", null=True),
    _text("return_id", null=True),
    _text("system", null=True),
)

credit_note_line = Table(
    "credit_note_line",
    metadata,
    Column("credit_note_id", _KEY, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("customer_id", _KEY),
    Column("sku", _KEY, nullable=False),
    _time("credited_at"),
    _quantity("quantity"),
    Column("unit_price", Numeric, nullable=False),
    _money("net_minor"),
    _money("tax_minor", default="0"),
    _text("description"),
    _count("source_line", null=True),
    _text("invoice_id", null=True),
    _count("invoice_line", null=True),
    _text("reason", null=True),
    Column("match", Text, nullable=False, server_default="pending"),
    Column("unmatched_quantity", Numeric),
    _money("unmatched_minor", null=True),
    _money("price_variance_minor", null=True),
    _count("days_since_sale", null=True),
    _json("matched_invoices", "[]"),
    _time("matched_at", null=True),
    _text("anomaly", null=True),
    Column("anomaly_confidence", Float),
    _text("anomaly_abstained", null=True),
    Column("assessment", JSON),
    Index("ix_credit_note_line_match", "match", text("anomaly_confidence DESC NULLS LAST")),
    Index(None, "customer_id", "sku"),
)
"""``match``: ``pending`` until ``credit_matched``, then as the matcher said."""

stock_write_off = Table(
    "stock_write_off",
    metadata,
    Column("document_id", _KEY, primary_key=True),
    Column("sku", _KEY, nullable=False),
    _quantity("quantity"),
    _text("uom"),
    _time("written_off_at"),
    _text("text"),
    _money("value_minor"),
    _text("currency"),
    _count("source_line", null=True),
)

stock_status_report = Table(
    "stock_status_report",
    metadata,
    Column("document_id", _KEY, primary_key=True),
    _text("system"),
    Column("sku", _KEY, nullable=False),
    _quantity("quantity"),
    _text("uom"),
    _time("reported_at"),
    _text("status", null=True),
    _text("disposition", null=True),
    _text("lot", null=True),
    _text("return_id", null=True),
)
"""Where goods are, in the codes of whoever says so."""

supplier_claim = Table(
    "supplier_claim",
    metadata,
    Column("claim_id", _KEY, primary_key=True),
    Column("answer_id", _KEY, primary_key=True, server_default=""),
    _text("supplier_id"),
    _text("return_id"),
    _count("line"),
    _text("sku"),
    _money("claimed_minor"),
    _money("recovered_minor"),
    _text("currency"),
    _text("response"),
    _time("answered_at"),
    _text("claim", null=True),
    Index(None, "return_id"),
)
"""What suppliers answered, as we were told. ``claim`` is the number of our own claim that the
answer was noted with; null while it is noted with none."""

claim = Table(
    "claim",
    metadata,
    Column("claim_id", _KEY, primary_key=True),
    Column("return_id", _KEY, nullable=False),
    _count("line"),
    _text("portion"),
    _count("part"),
    Column("key", _KEY, nullable=False),
    _text("supplier_id"),
    _text("customer_id"),
    _text("business_unit"),
    _text("sku"),
    _text("lot", null=True),
    _quantity("quantity"),
    _money("claimed_minor"),
    _text("currency"),
    _text("reason", null=True),
    Column("claim_by", Date),
    _time("raised_at"),
    _time("submitted_at", null=True),
    _text("number", null=True),
    _json("demanded", "[]"),
    _json("evidence", "{}"),
    _json("answers", "[]"),
    _money("recovered_minor", default="0"),
    _money("written_off_minor", default="0"),
    _text("written_off_because", null=True),
    _text("status"),
    _count("expected_percent", null=True),
    _text("policy"),
    _text("rule"),
    CheckConstraint(
        "status IN ('open', 'answered', 'denied', 'paid_short', 'paid', 'closed')", name="status"
    ),
    Index(None, "return_id"),
    Index("ix_claim_deadline", "status", "claim_by"),
)
"""What suppliers shall pay; see ``workflow.claim``. ``evidence`` maps kind to reference,
``answers`` are in order; ``number`` is the ERP's."""

# -- cases -----------------------------------------------------------------------------------

return_case = Table(
    "return_case",
    metadata,
    Column("return_id", _KEY, primary_key=True),
    _text("status"),
    _text("situation"),
    _count("version"),
    Column("customer_id", _KEY, nullable=False),
    _text("business_unit"),
    _text("channel"),
    _text("segment"),
    _text("currency"),
    _money("value_minor"),
    Column("goods_required", Boolean),
    _text("reference", null=True),
    _text("requested_by"),
    _time("requested_at"),
    _text("authorised_by", null=True),
    _time("authorised_at", null=True),
    _time("expires_at", null=True),
    _text("warehouse", null=True),
    _time("received_at", null=True),
    _time("closed_at", null=True),
    _text("because", null=True),
    _time("updated_at"),
    Index(None, "status", "updated_at"),
    Index(None, "customer_id"),
    Index("ix_return_case_newest", text("requested_at DESC"), text("return_id DESC")),
)
"""``status`` is ``workflow.state.status_of``; ``situation`` the class of the state, lower case."""

case_line = Table(
    "case_line",
    metadata,
    Column("return_id", _KEY, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("sku", _KEY, nullable=False),
    _text("lot", null=True),
    _text("uom"),
    Column("invoice_id", _KEY),
    _count("invoice_line", null=True),
    _text("item_class"),
    _text("supplier_id", null=True),
    _money("value_minor"),
    _text("reason_text"),
    _text("stated_reason", null=True),
    _text("reason", null=True),
    _text("reason_how", null=True),
    _text("eligibility", null=True),
    _quantity("requested"),
    _quantity("authorised", default="0"),
    _flag("goods", "true"),
    _quantity("received", default="0"),
    _quantity("released", default="0"),
    _quantity("inspected", default="0"),
    _money("unit_cost_minor", default="0"),
    _flag("vendor_takes_back"),
    Column("claim_by", Date),
    _json("disposed", "{}"),
    _money("credited_minor", default="0"),
    _count("credits_proposed", default="0"),
    _count("credits_settled", default="0"),
    Column("risk", Float),
    _money("advance_minor", null=True),
    _time("goods_due", null=True),
    Index(None, "invoice_id", "invoice_line"),
    Index(None, "sku"),
    Index("ix_case_line_goods_due", "goods_due", postgresql_where=text("goods_due IS NOT NULL")),
)
"""``disposed`` maps disposition to quantity text; ``released`` was authorised and given up;
``claim_by`` is the end of the supplier's window. ``advance_minor`` is what was given before the
goods were back, net; ``goods_due`` their day while they are awaited."""

task = Table(
    "task",
    metadata,
    Column("task_id", _KEY, primary_key=True),
    Column("return_id", _KEY, nullable=False),
    _text("point"),
    _text("role"),
    _text("status"),
    _count("line", null=True),
    _text("portion", null=True),
    _money("amount_minor"),
    _text("currency"),
    _text("business_unit"),
    _text("customer_id"),
    _time("opened_at"),
    _time("due_at"),
    _text("proposal", null=True),
    _json("allowed", "[]"),
    _count("approvals_needed", default="1"),
    _json("approved_by", "[]"),
    _text("policy"),
    _text("rule"),
    _text("because"),
    _text("decision", null=True),
    _text("decided_by", null=True),
    _text("decided_for", null=True),
    _time("closed_at", null=True),
    _time("overdue_at", null=True),
    Column("risk", Float),
    _flag("blind"),
    _text("asked_by", null=True),
    _text("note", null=True),
    _text("lease_holder", null=True),
    _time("lease_until", null=True),
    CheckConstraint("status IN ('open', 'decided', 'withdrawn')", name="status"),
    Index(None, "return_id"),
    Index("ix_task_open", "role", "opened_at", postgresql_where=text("status = 'open'")),
)
"""``risk`` is the newest anomaly confidence of the task's line, in [0, 1]; ``overdue_at`` is set
where nobody stands above to whom a task past its due time could go."""

second_review = Table(
    "second_review",
    metadata,
    Column("task_id", _KEY, primary_key=True),
    Column("return_id", _KEY, nullable=False),
    _text("point"),
    _text("role"),
    _text("status"),
    _count("line", null=True),
    _text("portion", null=True),
    _money("amount_minor"),
    _text("currency"),
    _text("proposal", null=True),
    _json("allowed", "[]"),
    _json("approved_by", "[]"),
    _time("drawn_at"),
    _text("first_outcome"),
    _text("second_outcome", null=True),
    _text("reviewed_by", null=True),
    _time("reviewed_at", null=True),
    Column("agreed", Boolean),
    _text("note", null=True),
    CheckConstraint("status IN ('open', 'given')", name="status"),
    Index(None, "return_id"),
    Index("ix_second_review_open", "role", "drawn_at", postgresql_where=text("status = 'open'")),
)
"""Decisions that somebody else takes again without seeing the first; see ``workflow.reviewing``.
``approved_by`` are those who said yes, the last of them decided."""

answer = Table(
    "answer",
    metadata,
    Column("return_id", _KEY, primary_key=True),
    Column("point", _KEY, primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("part", _KEY, primary_key=True),
    _text("model"),
    _text("version"),
    _text("value", null=True),
    Column("confidence", Float),
    Column("sureness", Float),
    _flag("cleared"),
    _text("clearance", null=True),
    _count("draw", null=True),
    _time("answered_at"),
    _text("lane", null=True),
    _flag("eligible"),
    _flag("audited"),
    _count("review_permille", null=True),
    _text("outcome", null=True),
    _text("decided_by", null=True),
    Column("agreed", Boolean),
    Index("ix_answer_model", "model", "version"),
)
"""What models answered in cases and what people then decided. ``part`` is the portion, the
credit's sequence as text, or empty; ``agreed`` is ``None`` while no person has judged it."""

reconciliation_exception = Table(
    "reconciliation_exception",
    metadata,
    Column("exception_id", _KEY, primary_key=True),
    _text("code"),
    _text("status"),
    _text("business_unit"),
    _text("currency"),
    _money("exposure_minor"),
    _money("variance_minor"),
    _text("subject"),
    _text("says"),
    _time("opened_at"),
    _text("return_id", null=True),
    _count("line", null=True),
    _text("customer_id", null=True),
    _text("supplier_id", null=True),
    _text("sku", null=True),
    _text("document", null=True),
    _text("matched_document", null=True),
    _text("match", null=True),
    Column("due_on", Date),
    _text("resolution", null=True),
    _money("loss_minor", null=True),
    _money("recovered_minor", null=True),
    _text("note", null=True),
    _text("resolved_by", null=True),
    _time("resolved_at", null=True),
    _text("confirmed_by", null=True),
    Column("rank_score", Float),
    Column("assessment", JSON),
    Column("proposal", JSONB),
    CheckConstraint("status IN ('open', 'resolved')", name="status"),
    Index("ix_reconciliation_exception_rank", "status", text("rank_score DESC NULLS LAST")),
    Index(None, "code"),
)

alarm = Table(
    "alarm",
    metadata,
    Column("alarm_id", _KEY, primary_key=True),
    _text("kind"),
    _text("subject"),
    _text("says"),
    _text("role"),
    _text("status"),
    _time("raised_at"),
    _json("figures", "[]"),
    _text("report", null=True),
    _time("due_at", null=True),
    _text("settled_by", null=True),
    _time("settled_at", null=True),
    _text("note", null=True),
    CheckConstraint("status IN ('open', 'settled')", name="status"),
    Index("ix_alarm_open", "role", "raised_at", postgresql_where=text("status = 'open'")),
)
"""Tasks about something other than a return; see ``workflow.alarms``."""

finding = Table(
    "finding",
    metadata,
    Column("finding_id", _KEY, primary_key=True),
    _text("kind"),
    _text("subject"),
    _json("records", "[]"),
    _text("severity"),
    _text("role"),
    _json("blocks", "[]"),
    _text("says"),
    _text("status"),
    _time("opened_at"),
    _text("policy", null=True),
    _json("figures", "[]"),
    _json("weights", "[]"),
    _text("accepted_by", null=True),
    _time("accepted_at", null=True),
    _text("note", null=True),
    _time("closed_at", null=True),
    _text("because", null=True),
    CheckConstraint("status IN ('open', 'accepted', 'closed')", name="status"),
    Index("ix_finding_open", "role", "opened_at", postgresql_where=text("status = 'open'")),
    Index("ix_finding_records", "records", postgresql_using="gin"),
)
"""Records that are not as they must be; see ``workflow.findings``."""

code_mapping = Table(
    "code_mapping",
    metadata,
    Column("mapping_id", _KEY, primary_key=True),
    _text("vocabulary"),
    _text("system"),
    _text("code"),
    _text("ours", null=True),
    _text("match"),
    _text("loss"),
    _text("status"),
    _text("proposed_by"),
    _time("proposed_at"),
    _text("approved_by", null=True),
    _time("approved_at", null=True),
    _text("withdrawn_by", null=True),
    _time("withdrawn_at", null=True),
    _text("because", null=True),
    CheckConstraint("status IN ('proposed', 'approved', 'withdrawn')", name="status"),
    Index(None, "vocabulary", "system", "code"),
)
"""What codes of other systems mean here, beside the crosswalk that ships."""

delegation = Table(
    "delegation",
    metadata,
    Column("delegation_id", _KEY, primary_key=True),
    _text("delegator"),
    _text("delegate"),
    _json("roles", "[]"),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    _text("because"),
    _text("given_by"),
    _time("given_at"),
    _text("status"),
    _text("revoked_by", null=True),
    _time("revoked_at", null=True),
    _text("note", null=True),
    CheckConstraint("status IN ('given', 'revoked')", name="status"),
    Index("ix_delegation_delegate", "delegate", postgresql_where=text("status = 'given'")),
)
"""Who may decide in whose name, and when; see ``workflow.delegation``."""

absence = Table(
    "absence",
    metadata,
    Column("absence_id", _KEY, primary_key=True),
    _text("person"),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    _text("recorded_by"),
    _time("recorded_at"),
    _text("status"),
    _text("ended_by", null=True),
    _time("ended_at", null=True),
    CheckConstraint("status IN ('recorded', 'ended')", name="status"),
    Index("ix_absence_last_day", "last_day", postgresql_where=text("status = 'recorded'")),
)
"""Who takes no tasks, and when; see ``workflow.absence``."""

automation = Table(
    "automation",
    metadata,
    Column("point", _KEY, primary_key=True),
    _text("clearance_id"),
    _text("model"),
    _text("version"),
    Column("threshold", Float),
    _count("tolerated_permille"),
    Column("level", Float, nullable=False),
    _count("cases"),
    _count("errors"),
    _count("evidence"),
    _text("basis"),
    _text("because"),
    _time("cleared_at"),
)
"""The clearance in force at each decision point; see ``workflow.facts.AutomationCleared``."""

automation_stop = Table(
    "automation_stop",
    metadata,
    Column("stop_id", _KEY, primary_key=True),
    _text("point", null=True),
    _text("reason", null=True),
    _text("item_class", null=True),
    _text("because"),
    _text("stopped_by"),
    _time("stopped_at"),
    _text("status"),
    _text("note", null=True),
    _text("resumed_by", null=True),
    _time("resumed_at", null=True),
    CheckConstraint("status IN ('stopped', 'resumed')", name="status"),
)
"""Switches that keep models from acting alone; see ``workflow.stopping``."""

# -- models and imports ----------------------------------------------------------------------

promotion = Table(
    "promotion",
    metadata,
    Column("proposal_id", _KEY, primary_key=True),
    _text("name"),
    _text("version"),
    _text("status"),
    _text("proposed_by"),
    _time("proposed_at"),
    _json("metrics", "[]"),
    _text("note"),
    _text("approved_by", null=True),
    _time("approved_at", null=True),
    _text("alias", null=True),
    _text("bundle_digest", null=True),
    _flag("bootstrap"),
    _text("declined_by", null=True),
    _time("declined_at", null=True),
    _text("because", null=True),
    CheckConstraint("status IN ('proposed', 'approved', 'declined')", name="status"),
    Index(None, "name"),
)

champion = Table(
    "champion",
    metadata,
    Column("name", _KEY, primary_key=True),
    Column("alias", _KEY, primary_key=True),
    _text("version"),
    _text("bundle_digest"),
    _text("proposal_id"),
    _time("since"),
    Column("position", BigInteger, nullable=False),
)
"""Which version of a model carries an alias now; what serving loads."""

policy_proposal = Table(
    "policy_proposal",
    metadata,
    Column("proposal_id", _KEY, primary_key=True),
    _text("name"),
    _text("unit"),
    _count("version"),
    Column("effective", Date, nullable=False),
    _text("digest"),
    _text("status"),
    _text("note"),
    _text("proposed_by"),
    _time("proposed_at"),
    _text("published_by", null=True),
    _time("published_at", null=True),
    _text("withdrawn_by", null=True),
    _time("withdrawn_at", null=True),
    _text("because", null=True),
    Column("position", BigInteger, nullable=False),
    CheckConstraint("status IN ('proposed', 'published', 'withdrawn')", name="status"),
    Index(None, "name"),
)
"""Drafts of policies and who let them decide; the texts are in the events. ``position`` is that
of the last event, so that its largest tells whether anything is new."""

policy_replay = Table(
    "policy_replay",
    metadata,
    Column("proposal_id", _KEY, primary_key=True),
    _time("wanted_at"),
    Column("position", BigInteger),
    _time("computed_at", null=True),
    Column("result", JSON),
)
"""What drafts would have changed, as of a position of the journal; see ``policy_replays.py``."""

policy_text = Table(
    "policy_text",
    metadata,
    Column("ref", _KEY, primary_key=True),
    _text("unit"),
    _text("digest"),
    _text("text"),
    _time("kept_at"),
)
"""Texts of policies that shipped with the program, kept from the first time they could judge, so
that what they said can be asked again after an upgrade. A text is what its digest says it is."""

file_import = Table(
    "file_import",
    metadata,
    Column("source_digest", _KEY, primary_key=True),
    _text("source"),
    _text("format"),
    _count("lines"),
    _json("counts", "[]"),
    _time("imported_at"),
)

rows_set_aside = Table(
    "rows_set_aside",
    metadata,
    Column("source_digest", _KEY, primary_key=True),
    Column("kind", _KEY, primary_key=True),
    Column("first_line", Integer, primary_key=True),
    _json("source_lines", "[]"),
)

# -- facts that wait -------------------------------------------------------------------------

parked_fact = Table(
    "parked_fact",
    metadata,
    Column("parked_id", _KEY, primary_key=True),
    _text("source"),
    _text("event_id"),
    _text("event_type"),
    _text("reason"),
    _text("says"),
    _json("waits_for", "[]"),
    _text("event"),
    _text("told_by"),
    _time("received_at"),
    _text("status"),
    _time("taken_at", null=True),
    Column("position", BigInteger),
    _text("abandoned_by", null=True),
    _time("abandoned_at", null=True),
    _text("because", null=True),
    CheckConstraint("status IN ('waiting', 'taken', 'abandoned')", name="status"),
    Index("ix_parked_fact_waiting", "received_at", postgresql_where=text("status = 'waiting'")),
    Index("ix_parked_fact_waits_for", "waits_for", postgresql_using="gin"),
    Index("ix_parked_fact_event", "source", "event_id"),
    Index("ix_parked_fact_source", "source", "received_at"),
)
"""Facts that could not be recorded when they were told; see ``workflow.parked_facts``."""

told_time = Table(
    "told_time",
    metadata,
    Column("stream", _KEY, primary_key=True),
    _time("at"),
)
"""When what was last told of a master or recall happened, by its teller's own clock. A memory of
the edge: without it the next fact of a stream is taken as the newest."""

event_trace = Table(
    "event_trace",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    _time("recorded_at"),
    _text("traceparent"),
    Index(None, "recorded_at"),
)
"""The trace that an event was recorded in; see ``traces.py``."""

feed_position = Table(
    "feed_position",
    metadata,
    Column("name", _KEY, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""Up to where the public feed was handed to somebody who keeps no position of their own."""
# -- webhooks: who is told of the public feed, and what became of each message ------------------

webhook = Table(
    "webhook",
    metadata,
    Column("webhook_id", _KEY, primary_key=True),
    _text("url"),
    _text("description"),
    _json("types", "[]"),
    _text("status"),
    _text("because", null=True),
    _text("created_by"),
    _time("created_at"),
    _text("ended_by", null=True),
    _time("ended_at", null=True),
    Column("cursor", BigInteger, nullable=False),
    _count("failures", default="0"),
    _time("failing_since", null=True),
    _time("paused_until", null=True),
    _time("last_success_at", null=True),
    _time("last_failure_at", null=True),
    CheckConstraint("status IN ('active', 'disabled', 'removed')", name="status"),
)
"""Configuration, as accounts are. ``cursor``: up to there events have become deliveries;
``failures`` counts those in a row."""

webhook_secret = Table(
    "webhook_secret",
    metadata,
    Column("webhook_id", _KEY, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    _time("created_at"),
    _time("expires_at", null=True),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("webhook_id", _KEY, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("subject", _KEY, nullable=False),
    _text("type"),
    _text("status"),
    _count("attempts", default="0"),
    _time("due_at"),
    _time("created_at"),
    _time("settled_at", null=True),
    CheckConstraint("status IN ('waiting', 'sending', 'done', 'failed')", name="status"),
    Index(
        "ix_webhook_delivery_open", "webhook_id", "subject", "position",
        postgresql_where=text("status IN ('waiting', 'sending')"),
    ),
    Index(None, "created_at"),
)  # fmt: skip
"""``due_at`` of one that is being sent is when it may be taken over by somebody else."""

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("attempt_id", BigInteger, Identity(), primary_key=True),
    Column("webhook_id", _KEY, nullable=False),
    Column("position", BigInteger, nullable=False),
    _time("at"),
    _count("attempt"),
    _count("took_ms"),
    _count("status", null=True),
    _text("answer"),
    _text("error", null=True),
    Index(None, "webhook_id", "position"),
    Index(None, "at"),
)

# -- the edge: who may come in, and what was asked before ------------------------------------

account = Table(
    "account",
    metadata,
    Column("account_id", _KEY, primary_key=True),
    _text("name"),
    _text("kind"),
    Column("roles", ARRAY(Text), nullable=False),
    _text("password_hash", null=True),
    _flag("active", "true"),
    _time("created_at"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True),
    Column("account_id", _KEY, nullable=False),
    _text("label"),
    _time("created_at"),
    _time("revoked_at", null=True),
    Index(None, "account_id"),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("account_id", _KEY, nullable=False),
    _time("created_at"),
    _time("expires_at"),
    Index(None, "expires_at"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("actor", _KEY, primary_key=True),
    Column("key", _KEY, primary_key=True),
    _text("route"),
    Column("fingerprint", LargeBinary, nullable=False),
    _count("status", null=True),
    Column("headers", JSONB),
    Column("response", LargeBinary),
    _time("created_at"),
    _time("expires_at"),
    Index(None, "expires_at"),
    Index(None, "actor", "created_at"),
)
"""``status`` is null while the first request is still in progress."""
