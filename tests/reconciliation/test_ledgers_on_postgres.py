"""Clerks' errors in the reference ERP are found, raised once, ranked, and left to people."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from features.catalogue import EXCEPTION_RANK, FOLDS
from features.fold import Fact
from features.questions import about_exception, ask, questions_of
from features.replay import Replay
from integrations.erp.ledger_lines import inject_error
from integrations.erp.port import Rejected
from integrations.erp.reference import ReferenceErp
from integrations.perform import Asked, perform_many
from journal import lookups, outbox, worklists
from journal.entries import Append
from journal.findings_source import keys_asked
from journal.journal import Journal
from models.prior import Prior
from models.protocol import Card, Model, Prediction
from reconciliation.reconcile import read_books, reconcile, rerank
from tests.journal.ledger_story import (
    MARIA,
    approved,
    at,
    authorised,
    disposed,
    inspected,
    invoice,
    proposed,
    received,
    requested,
    write,
)
from workflow.assessment import Explanation, ModelRef, Push, Row
from workflow.effects import Effect, effects_of
from workflow.events import CaseEvent, ReturnClosed
from workflow.evolve import evolve
from workflow.facts import CustomerRegistered, ExceptionResolved
from workflow.state import State, Unborn

FRIDAY = at(3 * 24 * 60)
CUSTOMER = CustomerRegistered("C-1", "Acme", "industrial", "US", "portal", "key")
REF = ModelRef("exception_rank", "4", "champion", EXCEPTION_RANK.fingerprint)


@dataclass(frozen=True)
class Ranker:
    """Scores by the exposure it is shown."""

    version: str = "4"

    @property
    def card(self) -> Card:
        return Card("exception_rank", self.version, (), (), "loss", "", None, "", {})

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        return [
            Prediction("1", int(str(row["exception_exposure_minor"])) / 10**6, None) for row in rows
        ]

    def explain(
        self,
        rows: Sequence[Row],
        top: int | None = None,
        of: Sequence[str | None] | None = None,
    ) -> list[Explanation | None]:
        push = Push("exception_exposure_minor", 1, 1.0)
        return [Explanation("exact_additive", "loss", 0.0, 1.0, 0.0, (push,)) for _ in rows]


def walked(events: Sequence[CaseEvent]) -> list[Append]:
    """Each event of R-1 with what it asks of the ERP, as the core would record it."""
    state: State = Unborn()
    appends = []
    for minute, event in enumerate(events):
        state = evolve(state, event)
        assert not isinstance(state, Unborn)
        asked = tuple(e for e in effects_of(state.case, event) if e.kind != "assess")
        appends.append(Append("case/R-1", (event,), MARIA, at(minute), minute, asked))
    return appends


@dataclass
class Ledgers:
    """One closed return, R-1, in the journal and in the reference ERP."""

    engine: Engine
    journal: Journal

    def perform(self, leave_out: Callable[[str], bool] = lambda key: False) -> None:
        """Post what is asked; what is left out is called done and never written."""
        with self.engine.begin() as conn:
            rows = lookups.effects(conn, statuses=("pending",))
            effects = [Effect(r["key"], r["kind"], r["return_id"], r["payload"]) for r in rows]
            kept = [Asked(e, at(40)) for e in effects if not leave_out(e.key)]
            answers = perform_many(kept, ReferenceErp(self.engine), conn)
            assert not [a for a in answers if isinstance(a, Rejected)]
            for effect in effects:
                outbox.claim(conn, effect.key)
                outbox.done(conn, {effect.key: "written"})

    def slip(self, kind: str, key: str, **how: object) -> None:
        with self.engine.begin() as conn:
            inject_error(conn, kind, key, at(50), **how)  # type: ignore[arg-type]

    def found(self, rank: Model | None = None, when: datetime = FRIDAY) -> list[str]:
        with self.engine.begin() as conn:
            return [
                x.code
                for x in reconcile(self.journal, conn, when, rank=rank, ref=REF if rank else None)
            ]

    def rows(self) -> Sequence[dict[str, object]]:
        with self.engine.connect() as conn:
            return [dict(row) for row in worklists.exceptions(conn, status=None).rows]

    def resolve(self, exception_id: str, code: str) -> None:
        fact = ExceptionResolved(
            exception_id, code, "explained", 0, 0, "fine", "fiona", FRIDAY, "C-1"
        )
        write(
            self.engine, self.journal, Append(f"exception/{exception_id}", (fact,), MARIA, FRIDAY)
        )


@pytest.fixture
def ledgers(engine: Engine) -> Iterator[Ledgers]:
    journal = Journal(FOLDS)
    events: tuple[CaseEvent, ...] = (
        requested("R-1"),
        authorised("R-1"),
        received("R-1"),
        inspected("R-1"),
        disposed("R-1", return_to_vendor="1", scrap="3"),
        proposed("R-1"),
        approved("R-1"),
        ReturnClosed("R-1", at(33)),
    )
    write(
        engine,
        journal,
        Append("customer/C-1", (CUSTOMER,), MARIA, at(0)),
        invoice(),
        *walked(events),
    )
    yield Ledgers(engine, journal)


def test_ledgers_that_agree_raise_nothing(ledgers: Ledgers) -> None:
    """A case performed as decided leaves nothing to ask, and writes nothing."""
    ledgers.perform()
    assert ledgers.found(Ranker()) == []
    assert ledgers.rows() == []


@pytest.mark.parametrize(
    ("kind", "key", "how", "code"),
    [
        ("duplicate_credit_memo", "R-1/1/credit/1", {}, "R11"),
        ("changed_amount", "R-1/1/credit/1", {"delta_minor": 250}, "R10"),
        ("credit_without_case", "R-1/1/credit/1", {}, "R8"),
        ("deleted_stock_move", "R-1/1.1/move/1", {}, "R6"),
        ("lot_changed", "R-1/receipt/W-1", {"lot": "L9"}, "R4"),
        ("lot_changed", "R-1/1.1/move/2", {"lot": "L9"}, "R4"),
    ],
)
def test_a_clerks_error_is_found_as_what_it_is(
    ledgers: Ledgers, kind: str, key: str, how: dict[str, object], code: str
) -> None:
    """Each error of the clerk is one exception, with its code, case, line and business unit."""
    ledgers.perform()
    ledgers.slip(kind, key, **how)
    assert ledgers.found() == [code]
    (row,) = ledgers.rows()
    assert (row["return_id"], row["line"], row["customer_id"]) == ("R-1", 1, "C-1")
    assert (row["business_unit"], row["currency"], row["status"]) == ("industrial", "USD", "open")


@pytest.mark.parametrize(("key", "code"), [("R-1/1/credit/1", "R9"), ("R-1/1.1/claim/1", "R12")])
def test_what_the_erp_never_wrote_is_found(ledgers: Ledgers, key: str, code: str) -> None:
    """An effect that is done for us and nowhere to be found there is raised."""
    ledgers.perform(lambda one: one == key)
    assert ledgers.found() == [code]


def test_two_runs_raise_once(ledgers: Ledgers) -> None:
    """What is open is not raised again, however often the ledgers are compared."""
    ledgers.perform()
    ledgers.slip("changed_amount", "R-1/1/credit/1", delta_minor=250)
    assert ledgers.found() == ["R10"]
    assert ledgers.found(when=FRIDAY + timedelta(days=7)) == []
    assert len(ledgers.rows()) == 1


def test_what_was_resolved_comes_back_only_when_it_changed(ledgers: Ledgers) -> None:
    """A person's answer stands until the difference is another one."""
    ledgers.perform()
    ledgers.slip("changed_amount", "R-1/1/credit/1", delta_minor=250)
    ledgers.found()
    (first,) = ledgers.rows()
    ledgers.resolve(str(first["exception_id"]), "R10")
    assert ledgers.found() == []
    ledgers.slip("changed_amount", "R-1/1/credit/1", delta_minor=50)
    assert ledgers.found() == ["R10"]
    assert sorted((r["status"], r["variance_minor"]) for r in ledgers.rows()) == [
        ("open", -300),
        ("resolved", -250),
    ]
    assert ledgers.found() == []


def test_a_new_exception_is_ranked_with_its_reasons(ledgers: Ledgers) -> None:
    """The answer names the promoted model and orders the worklist, likeliest loss first."""
    ledgers.perform()
    ledgers.slip("changed_amount", "R-1/1/credit/1", delta_minor=250)
    ledgers.slip("duplicate_credit_memo", "R-1/1/credit/1")
    assert ledgers.found(Ranker()) == ["R11", "R10"]
    first, second = ledgers.rows()
    assert (first["code"], first["rank_score"], second["rank_score"]) == ("R11", 0.00425, 0.00025)
    said = first["assessment"]
    assert isinstance(said, dict) and said["model"]["alias"] == "champion"
    assert said["explanation"]["pushes"] and said["row"]["exception_code"] == "R11"


def test_a_row_is_that_of_its_own_fact(ledgers: Ledgers) -> None:
    """What the model saw is what training's replay of the journal makes of the same moment."""
    ledgers.perform()
    ledgers.slip("changed_amount", "R-1/1/credit/1", delta_minor=250)
    ledgers.slip("duplicate_credit_memo", "R-1/1/credit/1")
    ledgers.found(Ranker())
    replay, expected = Replay(FOLDS), {}
    with ledgers.engine.connect() as conn:
        history = ledgers.journal.follow(conn, 0, 1_000)
    for entry in history:
        fact = Fact(entry.position, entry.recorded_at, entry.type, entry.payload)
        replay.learn(fact)
        for asked in questions_of(fact):
            if asked.model == "exception_rank":
                row = replay.row(EXCEPTION_RANK, asked.question)
                expected[asked.subject] = (row, entry.position)
    seen = {row["exception_id"]: row["assessment"] for row in ledgers.rows()}
    assert len(seen) == 2
    assert {x: (said["row"], said["asked_at_position"]) for x, said in seen.items()} == expected  # type: ignore[index]


def test_no_model_leaves_no_assessment(ledgers: Ledgers) -> None:
    """Exceptions are raised all the same; that nobody ranked them is not recorded."""
    ledgers.perform()
    ledgers.slip("duplicate_credit_memo", "R-1/1/credit/1")
    assert ledgers.found(Prior("exception_rank")) == ["R11"]
    (row,) = ledgers.rows()
    assert row["rank_score"] is None and row["assessment"] is None


def test_open_exceptions_are_ranked_again_for_another_model(ledgers: Ledgers) -> None:
    """Rerank scores what is open from what is known now; what is resolved rests."""
    ledgers.perform()
    ledgers.slip("duplicate_credit_memo", "R-1/1/credit/1")
    ledgers.slip("lot_changed", "R-1/receipt/W-1", lot="L9")
    ledgers.found()
    lot = next(row for row in ledgers.rows() if row["code"] == "R4")
    ledgers.resolve(str(lot["exception_id"]), "R4")
    with ledgers.engine.begin() as conn:
        assert rerank(ledgers.journal, conn, FRIDAY, rank=Ranker("5")) == 1
        row = next(
            row for row in worklists.exceptions(conn, status=None).rows if row["code"] == "R11"
        )
        question = about_exception(row["exception_id"], FRIDAY)
        _, expected = ask(
            EXCEPTION_RANK, question, lambda keys: ledgers.journal.memories(conn, keys)[0]
        )
    assert row["rank_score"] is not None
    assert row["assessment"]["model"]["version"] == "5"
    assert row["assessment"]["row"] == expected


def test_only_the_codes_asked_for_are_raised(ledgers: Ledgers) -> None:
    """A run may be limited to some kinds of finding."""
    ledgers.perform()
    ledgers.slip("duplicate_credit_memo", "R-1/1/credit/1")
    ledgers.slip("lot_changed", "R-1/receipt/W-1", lot="L9")
    with ledgers.engine.begin() as conn:
        raised = reconcile(ledgers.journal, conn, FRIDAY, codes={"R4"})
    assert [x.code for x in raised] == ["R4"]


def test_our_side_knows_which_keys_are_its_own(ledgers: Ledgers) -> None:
    """A document whose decision came between the two reads is recognised by its key."""
    with ledgers.engine.connect() as conn:
        assert keys_asked(conn, {"R-1/rma", "manual/clerk-1/CM-2"}) == {"R-1/rma"}
        assert keys_asked(conn, set()) == frozenset()


def test_both_sides_are_read_whole(ledgers: Ledgers) -> None:
    """Every effect and every document of the case, voided ones too, with masters beside them."""
    ledgers.perform()
    ledgers.slip("deleted_stock_move", "R-1/1.1/move/1")
    with ledgers.engine.connect() as conn:
        books = read_books(conn)
    assert {one.key for one in books.asked} == {line.key for line in books.posted}
    assert [line.kind for line in books.posted if line.voided] == ["stock_move"]
    assert books.cases["R-1"].situation == "closed"
    assert books.interim_minor == {"R-1": 700}
