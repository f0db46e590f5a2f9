"""Whatever is changed behind the journal's back is found and named."""

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from journal.checkpoints import Merkle, Signer, stored_checkpoints, take_checkpoint
from journal.journal import Append, Journal
from journal.rebuild import ensure_memories
from journal.verify import verify
from tests.journal.ledger_story import (
    MARIA,
    Remembered,
    append,
    at,
    carrier,
    invoice,
    whole_case,
    write,
)
from workflow.effects import Effect, effects_of
from workflow.evolve import fold
from workflow.facts import CreditMatched, CreditNoteLine, CreditNoteRecorded
from workflow.state import Unborn


def asked(events: tuple[object, ...]) -> tuple[Effect, ...]:
    """The effects that the core asks for along a case."""
    effects: dict[str, Effect] = {}
    for number, event in enumerate(events, start=1):
        state = fold(events[:number])  # type: ignore[arg-type]
        assert not isinstance(state, Unborn)
        effects |= {e.key: e for e in effects_of(state.case, event)}  # type: ignore[arg-type]
    return tuple(effects.values())


@pytest.fixture
def full(engine: Engine, tmp_path: Path) -> Engine:
    """A journal with a case, a match, memories and two checkpoints."""
    journal = Journal([Remembered()])
    write(engine, journal, invoice(), *(carrier(n) for n in range(5)))
    signer = Signer.at(tmp_path / "key.pem")
    with engine.begin() as conn:
        take_checkpoint(conn, signer, at(1))
    events = whole_case()
    write(engine, journal, Append("case/R-1", events, MARIA, at(0), 0, asked(events)))
    note = CreditNoteRecorded(
        "CN-1", "C-1", "industrial", "USD", at(99),
        (CreditNoteLine(1, "SEAL-7", Decimal(1), Decimal(1), 100),),
    )  # fmt: skip
    match = CreditMatched(
        "CN-1", 1, "C-1", "SEAL-7", "suggested", Decimal(1), 100, Decimal(0), 0, 0, 3,
        (("I-1", 1, Decimal(1), 100),), at(99),
    )  # fmt: skip
    write(engine, journal, append("credit-note/CN-1", note, match))
    with engine.begin() as conn:
        take_checkpoint(conn, signer, at(2))
    return engine


def found(engine: Engine) -> list[str]:
    return [str(difference) for difference in verify(engine, [Remembered()])]


def test_an_honest_journal_has_no_differences(full: Engine) -> None:
    """Nothing is reported where nothing was changed, and progress is told."""
    steps: list[int] = []
    assert list(verify(full, [Remembered()], progress=steps.append)) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE event SET actor = 'eve' WHERE stream = 'carrier/K2'", "carrier/K2@1: was changed"),
        (
            "UPDATE event SET payload = replace(payload::text, '4000', '9000')::json"
            " WHERE type = 'credit_approved'",
            "case/R-1@11: was changed",
        ),
        ("UPDATE event SET recorded_at = recorded_at + interval '1 us'", "was changed"),
        ("DELETE FROM event WHERE stream = 'carrier/K3'", "carrier/K3: its 1 events are missing"),
        ("DELETE FROM event WHERE stream = 'carrier/K3'", "checkpoint 1: sealed 6 events"),
        (
            "DELETE FROM event WHERE stream = 'case/R-1' AND version = 11",
            "case/R-1: ends at version 10, its head says 11",
        ),
        (
            "DELETE FROM event WHERE stream = 'case/R-1' AND version = 2",
            "case/R-1@3: version 2 is missing before it",
        ),
        ("DELETE FROM event WHERE stream = 'case/R-1' AND version = 1", "cannot be replayed"),
        ("UPDATE checkpoint SET root = hash WHERE checkpoint_id = 1", "was changed after it was"),
        ("UPDATE checkpoint SET signature = hash || hash", "checkpoint 1: is not signed by its"),
        ("DELETE FROM checkpoint WHERE checkpoint_id = 1", "checkpoint 2: does not follow the one"),
        ("UPDATE return_case SET status = 'closed'", "case R-1: status is 'closed'"),
        ("UPDATE case_line SET received = 3", "case R-1/1: received is Decimal('3')"),
        ("UPDATE task SET status = 'open'", "case R-1-T1: status is 'open', should be 'decided'"),
        ("DELETE FROM task", "case R-1-T1: status is None"),
        ("INSERT INTO return_case SELECT 'R-7', status, situation, version, customer_id,"
         " business_unit, channel, segment, currency, value_minor, goods_required, reference,"
         " requested_by, requested_at, authorised_by, authorised_at, expires_at, warehouse,"
         " received_at, closed_at, because, updated_at FROM return_case",
         "case R-7: is shown, but the log does not know it"),
        ("UPDATE invoice_line SET returned_quantity = 4", "ledger I-1/1: 4 returned"),
        ("UPDATE invoice_line SET returned_quantity = 0, credited_minor = 0", "I-1/1: nothing"),
        ("UPDATE invoice_line SET net_minor = 99999", "ledger I-1/1: delivered and net are"),
        ("DELETE FROM effect WHERE kind = 'erp.rma'", "was asked for, but is not in the outbox"),
        ("UPDATE effect SET key = 'x' WHERE kind = 'erp.rma'", "effect x: is in the outbox, but"),
        ("UPDATE feature_memory SET state = '{\"positions\":[]}' WHERE key = 'C-1'",
         "memory seen/C-1: is {\"positions\":[]}"),
        ("DELETE FROM feature_memory WHERE key = 'C-1'", "memory seen/C-1: is missing"),
        ("UPDATE feature_memory SET key = 'C-7' WHERE key = 'C-1'", "remembers what the log does"),
    ],
)  # fmt: skip
def test_a_change_is_found(full: Engine, change: str, says: str) -> None:
    """An administrator who switches the triggers off and changes something is found out."""
    with full.begin() as conn:
        conn.execute(text("SET session_replication_role = replica"))
        conn.exec_driver_sql(change)
        conn.execute(text("SET session_replication_role = DEFAULT"))
    assert any(says in line for line in found(full)), found(full)


def test_untrusted_keys_are_named(full: Engine, tmp_path: Path) -> None:
    """A checkpoint signed by somebody else's key is found where the right key is known."""
    other = Signer.at(tmp_path / "other.pem")
    differences = list(verify(full, [Remembered()], trusted_keys=[other.public_key]))
    assert [str(d) for d in differences] == [
        f"checkpoint {n}: is signed by a key that is not trusted" for n in (1, 2)
    ]


def test_checkpoints_cover_everything_once(full: Engine, tmp_path: Path) -> None:
    """Each event lies in one checkpoint; there is none where nothing is new; the key is kept."""
    signer = Signer.at(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    with full.begin() as conn:
        assert take_checkpoint(conn, signer, at(3)) is None
        (first, *_), (second, *_) = stored_checkpoints(conn)
        assert (first.events, second.events) == (6, 13)
        assert second.after_position == first.to_position
        assert first.public_key == second.public_key == signer.public_key


def test_a_merkle_root_depends_on_order_and_content() -> None:
    """Roots of different leaves differ, also where only the number or the order does."""

    def root(*leaves: int) -> bytes:
        tree = Merkle()
        for leaf in leaves:
            tree.add(leaf, bytes([leaf]) * 32)
        return tree.root()

    roots = {root(*range(n)) for n in range(9)} | {root(2, 1), root(1, 2)}
    assert len(roots) == 11


def test_new_folds_learn_the_past(full: Engine) -> None:
    """After a fold was changed its memory is rebuilt from the log, and appends go on."""
    newer = Remembered(version=2)
    assert ensure_memories(full, [newer]) == ["seen"]
    assert ensure_memories(full, [newer]) == []
    write(full, Journal([newer]), carrier(9))
    assert list(verify(full, [newer])) == []


def test_the_schema_is_what_the_tables_say(engine: Engine) -> None:
    """The migrations lead to exactly the tables of ``tables.py``."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from journal.tables import metadata

    def ours(name: str | None, kind: str, parents: object) -> bool:
        return kind != "table" or name in metadata.tables

    with engine.connect() as conn:
        options = {"compare_type": True, "include_name": ours}
        context = MigrationContext.configure(conn, opts=options)
        assert compare_metadata(context, metadata) == []
