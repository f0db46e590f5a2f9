"""What we know of a system of record that has no keys of its own: schema ``erp_link``.

``written`` is one row a key, from before the first call until the number is known; ``held_case``
is what its documents came to; ``seen`` and ``seen_record`` are what was last read there.
"""

from alembic import op

revision = "erp_link"
down_revision = "transfer_price"

TABLES = """
CREATE SCHEMA erp_link;
CREATE TABLE erp_link.held_case (
    return_id text COLLATE "C" PRIMARY KEY,
    standing jsonb NOT NULL
);
CREATE TABLE erp_link.written (
    key text COLLATE "C" PRIMARY KEY,
    return_id text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    fingerprint text NOT NULL,
    posted_at timestamptz NOT NULL,
    attempt integer NOT NULL DEFAULT 1,
    unanswered_since timestamptz,
    number text UNIQUE,
    details jsonb,
    papers jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX ix_written_return_id ON erp_link.written (return_id);
CREATE TABLE erp_link.seen (
    document text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL UNIQUE,
    lines jsonb NOT NULL
);
CREATE SEQUENCE erp_link.position OWNED BY erp_link.seen.position;
CREATE TABLE erp_link.seen_record (
    model text COLLATE "C" NOT NULL,
    record integer NOT NULL,
    modified_at timestamp NOT NULL,
    document text COLLATE "C",
    PRIMARY KEY (model, record)
);
CREATE INDEX ix_seen_record_modified_at ON erp_link.seen_record (model, modified_at);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP SCHEMA erp_link CASCADE")
