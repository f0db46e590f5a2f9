"""Rows and labels from the journal: asked before learned, labelled by what people said."""

import pytest

from features.fold import Fact
from tests.training.small_world import SmallWorld
from training.journal_source import BATCH, facts_of
from training.labels import MOST_WEIGHT, Labels
from training.rows import Rows, fingerprint, gather
from training.split import by_time_and_customer, case_of


@pytest.fixture(scope="module")
def world() -> SmallWorld:
    return SmallWorld(5)


@pytest.fixture(scope="module")
def facts(world: SmallWorld) -> list[Fact]:
    return list(world.facts(120, 30))


@pytest.fixture(scope="module")
def rows(facts: list[Fact]) -> Rows:
    return gather(facts)


def test_every_question_becomes_one_row(rows: Rows, facts: list[Fact]) -> None:
    """One a portion, one a credit and credit note line, one an exception, one a text."""
    assert len(rows.of("disposition")) == 120
    assert len(rows.of("credit_anomaly")) == 120 + 30
    assert len(rows.of("exception_rank")) == 40
    assert len(rows.texts) == 120
    assert (rows.facts, rows.last_position) == (len(facts), facts[-1].position)


def test_labels_are_what_people_decided(rows: Rows, world: SmallWorld) -> None:
    """Dispositions as confirmed, credits as decided, losses as resolved."""
    for example in rows.of("disposition"):
        assert example.label in (world.truth[example.subject], None)
    for example in rows.of("credit_anomaly"):
        assert example.label == world.truth.get(example.subject)
    assert all(example.loss_minor is not None for example in rows.of("exception_rank"))


def test_what_passed_without_a_person_is_no_label(rows: Rows) -> None:
    """Nobody looked at it, and a model should not grow surer of its own answers."""
    unlabelled = [example.subject for example in rows.of("disposition") if example.label is None]
    assert unlabelled and all(subject.endswith("0/1.1") for subject in unlabelled)
    assert {example.weight for example in rows.of("disposition")} == {1.0}


def lane_chosen(point: str, permille: int, portion: str | None) -> dict[str, object]:
    return {
        "return_id": "R", "point": point, "line": 1, "portion": portion,
        "review_permille": permille,
    }  # fmt: skip


@pytest.mark.parametrize(("permille", "weight"), [(1000, 1.0), (200, 5.0), (20, MOST_WEIGHT)])
def test_an_audited_label_stands_for_those_nobody_saw(permille: int, weight: float) -> None:
    """By the inverse of the chance that a person would look, and never for too many."""
    labels = Labels()
    labels.learn(fact(1, "lane_chosen", **lane_chosen("disposition", permille, "1.1")))
    part = {"disposition": "scrap", "quantity": "2"}
    confirmed = {"return_id": "R", "portion": "1.1", "parts": [part], "how": "person"}
    labels.learn(fact(2, "disposition_confirmed", **confirmed))
    found = labels.of("disposition", "R/1.1")
    assert found is not None and found.weight == weight
    labels.learn(fact(3, "credit_proposed", return_id="R", line=1, sequence=2, decision="full"))
    labels.learn(fact(4, "lane_chosen", **lane_chosen("credit", permille, "2")))
    approved = {"return_id": "R", "line": 1, "sequence": 2}
    labels.learn(fact(5, "credit_approved", **approved, approved_by="system"))
    assert labels.of("credit_anomaly", "R/1/2") is None
    labels.learn(fact(6, "credit_approved", **approved, approved_by="finn"))
    credit = labels.of("credit_anomaly", "R/1/2")
    assert credit is not None and credit.weight == weight


def test_what_came_later_never_changes_an_earlier_row(rows: Rows, facts: list[Fact]) -> None:
    """Rows of a truncated journal are the first rows of the whole one; only labels may miss."""
    half = gather(facts[: len(facts) // 2])
    for name in ("disposition", "credit_anomaly", "exception_rank"):
        known = {example.subject: example.row for example in rows.of(name)}
        for example in half.of(name):
            assert example.row == known[example.subject]


def test_rows_know_what_the_rules_left_open(rows: Rows) -> None:
    """So that a model is judged among the options that it could have been used for."""
    assert all("scrap" in example.allowed for example in rows.of("disposition"))
    assert all(not example.allowed for example in rows.of("credit_anomaly"))


def test_the_fingerprint_is_of_rows_and_labels(rows: Rows, facts: list[Fact]) -> None:
    """The same journal gives the same digest; one label less gives another."""
    again = gather(facts)
    of = "disposition"
    assert fingerprint(again.of(of)) == fingerprint(rows.of(of))
    assert fingerprint(rows.of(of)[1:]) != fingerprint(rows.of(of))
    assert fingerprint(rows.texts).startswith("sha256:")


def test_facts_out_of_order_are_refused(facts: list[Fact]) -> None:
    """A journal is replayed in position order, or not at all."""
    with pytest.raises(ValueError, match="replay the journal in position order"):
        gather([facts[1], facts[0]])


def fact(position: int, type_name: str, **payload: object) -> Fact:
    return Fact(position, SmallWorld().now, type_name, payload)


def test_a_credit_that_the_policy_denied_is_no_anomaly() -> None:
    """A rule said no before anybody looked; that teaches nothing about suspicion."""
    labels = Labels()
    labels.learn(fact(1, "credit_proposed", return_id="R", line=1, sequence=1, decision="deny"))
    labels.learn(fact(2, "credit_denied", return_id="R", line=1, sequence=1, denied_by="finn"))
    assert labels.of("credit_anomaly", "R/1/1") is None


def test_a_loss_on_a_credit_note_labels_its_line() -> None:
    """By the document and its line; an exception about something else labels nothing."""
    labels = Labels()
    for line in (1, 2):
        labels.learn(fact(line, "credit_matched", credit_note_id="N-1", line=line))
    raised = {"exception_id": "X", "document": "N-1", "line": 2}
    labels.learn(fact(3, "exception_raised", **raised, code="R11"))
    labels.learn(fact(4, "exception_resolved", exception_id="X", loss_minor=500))
    found = labels.of("credit_anomaly", "N-1/2")
    assert found is not None
    assert found.value == "anomalous"
    assert labels.of("credit_anomaly", "N-1/1") is None
    labels.learn(fact(5, "exception_raised", **{**raised, "exception_id": "Y"}, code="R13"))
    labels.learn(fact(6, "exception_resolved", exception_id="Y", loss_minor=0))
    again = labels.of("credit_anomaly", "N-1/2")
    assert again is not None
    assert again.value == "anomalous"


def test_a_split_goes_by_time_and_never_tears_a_case(rows: Rows) -> None:
    """Parts are disjoint and in time order; some customers are nowhere in training."""
    split = by_time_and_customer(rows.of("credit_anomaly"), seed=1)
    parts = (split.train, split.calibration, split.test)
    cases = [{case_of(example) for example in part} for part in parts]
    assert not (cases[0] & cases[1] or cases[1] & cases[2] or cases[0] & cases[2])
    assert max(e.at for e in split.train) <= min(e.at for e in split.calibration)
    assert max(e.at for e in split.calibration) <= min(e.at for e in split.test)
    assert not {e.customer for e in split.train} & split.held_out
    assert all(e.customer not in {t.customer for t in split.train} for e in split.unseen)
    again = by_time_and_customer(list(reversed(rows.of("credit_anomaly"))), seed=1)
    assert again == split


def test_the_journal_is_read_in_batches() -> None:
    """A fake journal is asked from where the last batch ended, until it has nothing more."""
    asked: list[int] = []

    class FakeEntry:
        def __init__(self, position: int) -> None:
            self.position = position

        def fact(self) -> Fact:
            return fact(self.position, "nothing")

    class FakeJournal:
        def follow(self, conn: object, after: int, limit: int) -> list[FakeEntry]:
            asked.append(after)
            assert limit == BATCH
            return [FakeEntry(p) for p in range(after + 1, min(after + 3, 6))]

    read = list(facts_of(FakeJournal(), None))  # type: ignore[arg-type]
    assert [found.position for found in read] == [1, 2, 3, 4, 5]
    assert asked == [0, 2, 4, 5]
