"""Indexes by which the health of integrations is looked up."""

import sqlalchemy as sa
from alembic import op

revision = "integration_health"
down_revision = "systems"


def upgrade() -> None:
    done = sa.text("status = 'done'")
    op.create_index("ix_effect_done", "effect", ["updated_at"], postgresql_where=done)
    op.create_index(op.f("ix_idempotency_actor_created_at"), "idempotency", ["actor", "created_at"])
    op.create_index("ix_parked_fact_event", "parked_fact", ["source", "event_id"])
    op.create_index("ix_parked_fact_source", "parked_fact", ["source", "received_at"])
