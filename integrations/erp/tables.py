"""Schema ``erp``: the reference ERP's own tables, apart from everything of ours.

``document`` is the head of every document; detail tables carry its number. ``position`` and
``written_in`` of a document change with every correction, so that a reader that follows them
sees the corrected lines again. Migration 0002 creates these tables, the sequences of the
number ranges, and the trigger that refuses a document whose debits do not equal its credits.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    schema="erp",
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    },
)

_KEY = Text(collation="C")  # compared byte by byte: the lock order must not depend on a locale
_TIME = DateTime(timezone=True)


class TransactionId(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction number, ``xid8``."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in DDL."""
        return "xid8"


def _number() -> Column[str]:
    """The document that a row is part of."""
    return Column("number", _KEY, ForeignKey("erp.document.number"), primary_key=True)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _money(name: str, *, default: str | None = None) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=default)


def _quantity(name: str = "quantity") -> Column[object]:
    return Column(name, Numeric, nullable=False)


def _count(name: str, *, null: bool = False, primary: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=null, primary_key=primary, autoincrement=False)


def _time(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, _TIME, nullable=null)


account = Table(
    "account",
    metadata,
    Column("code", _KEY, primary_key=True),
    _text("holds"),
)

return_case = Table(
    "return_case",
    metadata,
    Column("return_id", _KEY, primary_key=True),
    _text("currency", null=True),
    Column("has_rma", Boolean, nullable=False, server_default=text("false")),
    Column("closed", Boolean, nullable=False, server_default=text("false")),
)
"""Locked by every write for the case: one document of a case at a time."""

unjudged_stock = Table(
    "unjudged_stock",
    metadata,
    Column("return_id", _KEY, primary_key=True),
    _count("line", primary=True),
    Column("sku", _KEY, primary_key=True),
    _quantity(),
    _money("value_minor"),
    CheckConstraint("quantity >= 0", name="never_below_zero"),
)
"""Goods of a case still in ``returns``; line 0 is for goods nobody announced."""

document = Table(
    "document",
    metadata,
    Column("number", _KEY, primary_key=True),
    Column("key", _KEY, unique=True),
    _text("kind"),
    Column("return_id", _KEY),
    _text("fingerprint"),
    _text("origin"),
    _time("posted_at"),
    Column("position", BigInteger, nullable=False, server_default=text("nextval('erp.position')")),
    Column(
        "written_in", TransactionId, nullable=False, server_default=text("pg_current_xact_id()")
    ),
    Column("voided", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("origin IN ('workflow', 'clerk')", name="origin"),
    CheckConstraint("origin = 'clerk' OR key IS NOT NULL", name="workflow_has_key"),
    Index(None, "written_in", "position", unique=True),
    Index(None, "return_id"),
)

rma = Table(
    "rma",
    metadata,
    _number(),
    _text("customer_id"),
    _text("business_unit"),
    _text("currency"),
    _time("expires_at"),
)

rma_line = Table(
    "rma_line",
    metadata,
    _number(),
    _count("line", primary=True),
    _text("sku"),
    _quantity(),
    _text("uom"),
    _text("lot", null=True),
    _text("invoice_id", null=True),
    _count("invoice_line", null=True),
)

goods_receipt = Table(
    "goods_receipt",
    metadata,
    _number(),
    _text("receipt_id"),
    _text("warehouse"),
    _time("received_at"),
    _text("currency"),
)

goods_receipt_line = Table(
    "goods_receipt_line",
    metadata,
    _number(),
    _count("item", primary=True),
    _count("line", null=True),
    _text("sku"),
    _text("lot", null=True),
    _quantity(),
    _money("unit_cost_minor"),
    _money("value_minor"),
)

stock_move = Table(
    "stock_move",
    metadata,
    _number(),
    _count("line", null=True),
    _text("portion", null=True),
    _count("part"),
    _text("sku"),
    _text("lot", null=True),
    _text("warehouse"),
    _quantity(),
    _text("disposition"),
    _text("from_status"),
    _text("to_status"),
    _text("currency"),
    _money("value_minor"),
)

stock_balance = Table(
    "stock_balance",
    metadata,
    Column("sku", _KEY, primary_key=True),
    Column("lot", _KEY, primary_key=True),
    Column("warehouse", _KEY, primary_key=True),
    Column("status", _KEY, primary_key=True),
    _quantity(),
)
"""Change through returns only, not all stock. Below zero where the lot moved is not the lot
received: a finding for reconciliation, not something to refuse a warehouse."""

credit_memo = Table(
    "credit_memo",
    metadata,
    _number(),
    _count("line"),
    _count("sequence"),
    _text("customer_id"),
    _text("sku"),
    _text("invoice_id", null=True),
    _count("invoice_line", null=True),
    _money("net_minor"),
    _money("tax_minor"),
    _text("currency"),
    _text("decision"),
    _text("reason", null=True),
    _money("freight_minor", default="0"),
    _money("freight_tax_minor", default="0"),
    _money("return_freight_minor", default="0"),
)

charge_back = Table(
    "charge_back",
    metadata,
    _number(),
    _count("line"),
    _count("sequence"),
    _text("customer_id"),
    _text("sku"),
    _text("invoice_id", null=True),
    _count("invoice_line", null=True),
    _money("net_minor"),
    _money("tax_minor"),
    _text("currency"),
    _text("given"),
    _text("reason", null=True),
)

supplier_claim = Table(
    "supplier_claim",
    metadata,
    _number(),
    _count("line"),
    _text("portion"),
    _text("supplier_id"),
    _text("sku"),
    _text("lot", null=True),
    _quantity(),
    _money("claimed_minor"),
    _text("currency"),
    _text("reason", null=True),
    Column("claim_by", Date),
)

claim_settlement = Table(
    "claim_settlement",
    metadata,
    _number(),
    _count("line"),
    _text("portion"),
    _text("supplier_id"),
    _text("outcome"),
    _money("amount_minor"),
    _money("settles_minor"),
    _text("currency"),
    _text("reason"),
    Column("claimed", Boolean, nullable=False),
)

intercompany = Table(
    "intercompany",
    metadata,
    _number(),
    _text("owing_unit"),
    _text("owed_unit"),
    _text("status"),
    _text("currency"),
)

intercompany_line = Table(
    "intercompany_line",
    metadata,
    _number(),
    _count("item", primary=True),
    _count("line"),
    _text("sku"),
    _text("lot", null=True),
    _quantity(),
    _money("amount_minor"),
    Column("margin_minor", BigInteger, nullable=False, server_default=text("0")),
)

refurbish_order = Table(
    "refurbish_order",
    metadata,
    _number(),
    _count("line"),
    _text("portion"),
    _count("part"),
    _text("sku"),
    _text("lot", null=True),
    _text("warehouse"),
    _quantity(),
    Column("due_on", Date, nullable=False),
)

refurbish_completion = Table(
    "refurbish_completion",
    metadata,
    _number(),
    _count("line"),
    _text("portion"),
    _count("part"),
    _count("sequence"),
    _text("sku"),
    _quantity(),
    _text("outcome"),
    _text("status"),
    _text("costing"),
    _money("cost_minor"),
    _text("currency"),
)

replacement_order = Table(
    "replacement_order",
    metadata,
    _number(),
    _count("line"),
    _text("portion"),
    _text("customer_id"),
    _text("sku"),
    _quantity(),
    _text("uom"),
)

gl_line = Table(
    "gl_line",
    metadata,
    _number(),
    _count("item", primary=True),
    Column("account", _KEY, ForeignKey("erp.account.code"), nullable=False),
    _money("debit_minor"),
    _money("credit_minor"),
    _text("currency"),
    Column("return_id", _KEY),
    _time("posted_at"),
    _text("company", null=True),
    CheckConstraint(
        "(debit_minor > 0 AND credit_minor = 0) OR (debit_minor = 0 AND credit_minor > 0)",
        name="one_side",
    ),
    Index(None, "account", "return_id"),
)
"""Per document the debits equal the credits; a deferred trigger checks it at commit. ``company`` is
set where a document is in the books of two units."""

clerk_entry = Table(
    "clerk_entry",
    metadata,
    Column("entry_id", BigInteger, primary_key=True, autoincrement=True),
    _text("kind"),
    _text("number"),
    _text("key", null=True),
    _text("clerk"),
    _time("entered_at"),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
)
"""What a clerk did past the workflow: the truth that reconciliation has to find."""

DETAILS: dict[str, Table] = {
    table.name: table
    for table in (
        rma,
        rma_line,
        goods_receipt,
        goods_receipt_line,
        stock_move,
        credit_memo,
        charge_back,
        supplier_claim,
        claim_settlement,
        intercompany,
        intercompany_line,
        refurbish_order,
        refurbish_completion,
        replacement_order,
    )
}
