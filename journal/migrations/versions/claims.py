"""Claims on suppliers as documents: several answers, write-offs, and until when to claim."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "claims"
down_revision = "serials"

_DAY = "((facts.said->>'delivered_at')::timestamptz AT TIME ZONE 'UTC')::date"
_LINES = f"""
UPDATE case_line AS line SET
    unit_cost_minor = (facts.said->>'unit_cost_minor')::bigint,
    vendor_takes_back = (facts.said->>'supplier_accepts_returns')::boolean,
    claim_by = {_DAY} + (facts.said->>'supplier_claim_window_days')::int
FROM (
    SELECT event.payload->>'return_id' AS return_id, (one->>'line')::int AS line,
           one->'facts' AS said
    FROM event, json_array_elements(event.payload->'lines') AS one
    WHERE event.type = 'return_requested'
) AS facts
WHERE facts.return_id = line.return_id AND facts.line = line.line
"""
# Claims made before this one are known by what was asked of the ERP.
_CLAIMS = """
INSERT INTO claim (
    claim_id, return_id, line, portion, part, key, supplier_id, customer_id, business_unit, sku,
    quantity, claimed_minor, currency, reason, claim_by, raised_at, submitted_at, number, status,
    policy, rule)
SELECT asked.return_id || ':' || (asked.payload->>'portion') || ':' || made.part,
       asked.return_id, (asked.payload->>'line')::int, asked.payload->>'portion', made.part,
       asked.key, asked.payload->>'supplier_id', shown.customer_id, shown.business_unit,
       asked.payload->>'sku', (asked.payload->>'quantity')::numeric,
       (asked.payload->>'claimed_minor')::bigint, asked.payload->>'currency',
       asked.payload->>'reason', (asked.payload->>'claim_by')::date,
       (event.payload->>'confirmed_at')::timestamptz, (event.payload->>'confirmed_at')::timestamptz,
       CASE asked.status WHEN 'done' THEN asked.reference END, 'open', 'workflow', 'at-once'
FROM effect AS asked
JOIN return_case AS shown ON shown.return_id = asked.return_id
CROSS JOIN LATERAL (SELECT substring(asked.key FROM '[0-9]+$')::int AS part) AS made
JOIN event ON event.stream = 'case/' || asked.return_id AND event.type = 'disposition_confirmed'
    AND event.payload->>'portion' = asked.payload->>'portion'
WHERE asked.kind = 'erp.supplier_claim'
"""


def upgrade() -> None:
    _rows()
    _claim()
    _settlement()
    op.execute(_LINES)
    op.execute(_CLAIMS)


def _rows() -> None:
    """What tables that were there learn."""
    key = sa.Text(collation="C")
    answer = sa.Column("answer_id", key, server_default="", nullable=False)
    op.add_column("supplier_claim", answer)
    op.add_column("supplier_claim", sa.Column("claim", sa.Text(), nullable=True))
    op.drop_constraint(op.f("pk_supplier_claim"), "supplier_claim", type_="primary")
    op.create_primary_key(op.f("pk_supplier_claim"), "supplier_claim", ["claim_id", "answer_id"])
    cost = sa.Column("unit_cost_minor", sa.BigInteger(), server_default="0", nullable=False)
    op.add_column("case_line", cost)
    op.add_column(
        "case_line",
        sa.Column(
            "vendor_takes_back", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )
    op.add_column("case_line", sa.Column("claim_by", sa.Date(), nullable=True))
    op.add_column("task", sa.Column("asked_by", sa.Text(), nullable=True))
    op.add_column("task", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("reconciliation_exception", sa.Column("due_on", sa.Date(), nullable=True))
    op.add_column("alarm", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))


def _claim() -> None:
    texts = ("supplier_id", "customer_id", "business_unit", "sku")
    op.create_table(
        "claim",
        sa.Column("claim_id", sa.Text(collation="C"), nullable=False),
        sa.Column("return_id", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("portion", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("lot", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("claimed_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("claim_by", sa.Date(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        _json("demanded", "[]"),
        _json("evidence", "{}"),
        _json("answers", "[]"),
        sa.Column("recovered_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("written_off_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("written_off_because", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expected_percent", sa.Integer(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'answered', 'denied', 'paid_short', 'paid', 'closed')",
            name=op.f("ck_claim_status"),
        ),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_claim")),
    )
    op.create_index(op.f("ix_claim_return_id"), "claim", ["return_id"], unique=False)
    op.create_index("ix_claim_deadline", "claim", ["status", "claim_by"], unique=False)


def _json(name: str, empty: str) -> sa.Column[object]:
    default = sa.text(f"'{empty}'::jsonb")
    return sa.Column(name, postgresql.JSONB(), server_default=default, nullable=False)


def _settlement() -> None:
    """The reference ERP books what becomes of a claim."""
    texts = ("portion", "supplier_id", "outcome", "currency", "reason")
    op.create_table(
        "claim_settlement",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("settles_minor", sa.BigInteger(), nullable=False),
        sa.Column("claimed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["erp.document.number"], name=op.f("fk_claim_settlement_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_claim_settlement")),
        schema="erp",
    )
    op.execute("CREATE SEQUENCE erp.number_claim_settlement")
    op.execute(
        "INSERT INTO erp.account (code, holds) VALUES"
        " ('accounts_payable', 'What is owed to suppliers, less what they credit'),"
        " ('claims_written_off', 'What suppliers did not pay of claims')"
    )
