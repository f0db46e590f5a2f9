"""Which question arises when, and how its keys become complete."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from features.catalogue import CREDIT_ANOMALY, DISPOSITION, EXCEPTION_RANK, FOLDS, SETS
from features.fold import Fact, Question
from features.questions import (
    about_credit,
    about_credit_note,
    about_exception,
    about_portion,
    ask,
    questions_of,
    resolve,
    subjects,
)
from features.replay import Replay
from journal.codec import encode
from workflow import events as e
from workflow import facts as f

DAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
VERDICT = e.Verdict("credit@1#00", "full", "r", "because")

FACTS_OF_LINE = e.LineFacts(
    "seal", "none", "always", True, True, True, False, "none", 100, "S-1", True, 30, 700,
    carrier_id="K-1", invoiced_at=DAY - timedelta(days=12), delivered_at=DAY - timedelta(days=10),
    delivered=Decimal(10), net_minor=10_000, shipped_lot="L7",
)  # fmt: skip
LINE = e.RequestedLine(
    1, "SEAL-4", Decimal(4), "ea", "leaks", FACTS_OF_LINE, e.SourceRef("I-9", 1),
    stated_reason="defective_on_arrival", value_minor=4_000,
)  # fmt: skip
REQUESTED = e.ReturnRequested(
    "R-1001", "C-7", "industrial", "portal", "GBP", "ann", DAY, (LINE,), "trade"
)
INSPECTED = e.LineInspected(
    "R-1001", 1, "1.1", Decimal(3), "defective", "eve", DAY + timedelta(days=3),
    customer_id="C-7", sku="SEAL-4",
)  # fmt: skip
PROPOSED = e.CreditProposed(
    "R-1001", 1, "1.1", 1, Decimal(3), "full", "at_once", 100, 0, 3_000, 600,
    DAY + timedelta(days=4), VERDICT, customer_id="C-7", sku="SEAL-4",
)  # fmt: skip
NOTE = f.CreditNoteRecorded(
    "CN-1", "C-7", "industrial", "GBP", DAY + timedelta(days=5),
    (f.CreditNoteLine(1, "SEAL-4", Decimal(2), Decimal(10), 2_000),),
)  # fmt: skip
MATCHED = f.CreditMatched(
    "CN-1", 1, "C-7", "SEAL-4", "confirmed", Decimal(2), 2_000, Decimal(0), 0, 0, 17,
    (("I-9", 1, Decimal(2), 2_000),), DAY + timedelta(days=400),
)  # fmt: skip
RAISED = f.ExceptionRaised(
    "X-1", "R10", "industrial", "GBP", 500, -500, "CN-1/1", DAY + timedelta(days=6), "says",
    return_id="R-1001", line=1, customer_id="C-7",
)  # fmt: skip
STORY = (REQUESTED, INSPECTED, PROPOSED, NOTE, MATCHED, RAISED)


def played(*events: object) -> tuple[Replay, list[Fact]]:
    replay, facts = Replay(FOLDS), []
    for position, event in enumerate(events, start=1):
        at = DAY + timedelta(days=500 if event is MATCHED else position + 5)
        facts.append(Fact(position, at, *encode(event)))
        replay.learn(facts[-1])
    return replay, facts


def test_four_facts_ask_and_the_others_do_not() -> None:
    """Inspection, credit proposal, match and exception ask; everything else is silent."""
    _, facts = played(*STORY)
    asked = [(a.model, a.subject) for fact in facts for a in questions_of(fact)]
    assert asked == [
        ("disposition", "R-1001/1.1"),
        ("credit_anomaly", "R-1001/1/1"),
        ("credit_anomaly", "CN-1/1"),
        ("exception_rank", "X-1"),
    ]


def test_the_case_line_completes_the_keys_of_an_inspection() -> None:
    """Supplier, carrier and shipped lot, which an inspection does not name, come from memory."""
    replay, facts = played(REQUESTED, INSPECTED)
    asked = questions_of(facts[1])[0].question
    assert "supplier" not in asked.keys
    resolved = resolve(asked, replay.read(subjects(asked)))
    assert resolved.keys == {
        "case_line": "R-1001/1",
        "portion": "R-1001/1.1",
        "customer": "C-7",
        "product": "SEAL-4",
        "customer_product": "C-7/SEAL-4",
        "lot": "SEAL-4/L7",
        "supplier": "S-1",
        "carrier": "K-1",
    }


def test_a_line_alone_finds_its_newest_portion_and_credit() -> None:
    """A caller who knows only the return and the line gets the row of the question that arose."""
    replay, facts = played(REQUESTED, INSPECTED, PROPOSED)
    at = facts[2].recorded_at
    by_line = replay.row(DISPOSITION, about_portion("R-1001", 1, None, at))
    assert by_line == replay.row(DISPOSITION, about_portion("R-1001", 1, "1.1", at))
    assert by_line["portion_value_minor"] == 3_000
    by_line = replay.row(CREDIT_ANOMALY, about_credit("R-1001", 1, None, at))
    assert by_line == replay.row(CREDIT_ANOMALY, about_credit("R-1001", 1, 1, at))
    assert by_line["credit_share_of_line_permille"] == 1000
    assert by_line["credit_days_since_invoice"] == 20


def test_each_credit_of_a_line_keeps_its_own_portion() -> None:
    """Two credits proposed at once are asked about one by one, as training asks them."""
    inspected = replace(INSPECTED, portion="1.2", condition="sealed")
    second = replace(PROPOSED, portion="1.2", sequence=2)
    replay, facts = played(REQUESTED, INSPECTED, inspected, PROPOSED, second)
    for sequence, condition in ((1, "defective"), (2, "sealed")):
        row = replay.row(CREDIT_ANOMALY, about_credit("R-1001", 1, sequence, facts[4].recorded_at))
        assert row["line_condition"] == condition
        asked = questions_of(facts[2 + sequence])[0].question
        assert replay.row(CREDIT_ANOMALY, asked)["line_condition"] == condition


def test_live_asks_what_training_asks() -> None:
    """A question by name, at the moment of recording, gives the row that training makes."""
    replay, facts = played(REQUESTED, INSPECTED)
    trained = replay.row(DISPOSITION, questions_of(facts[1])[0].question)
    named = about_portion("R-1001", 1, "1.1", facts[1].recorded_at)
    assert replay.row(DISPOSITION, named) == trained


def test_an_imported_credit_is_asked_as_of_its_own_time() -> None:
    """A match made a year later looks at the windows before the credit, not before the match."""
    replay, facts = played(*STORY)
    asked = questions_of(facts[4])[0].question
    resolved, row = ask(CREDIT_ANOMALY, asked, replay.read)
    assert resolved.at == DAY + timedelta(days=5)
    assert row["customer_product_credits_today"] == 1
    assert row["credit_repeats_customer_product_90d"] == 1
    assert row["credit_days_since_invoice"] == 17
    assert row["credit_share_of_line_permille"] == 1000
    by_name = about_credit_note("CN-1", 1, DAY + timedelta(days=450))
    assert replay.row(CREDIT_ANOMALY, by_name) == row


def test_an_exception_finds_its_customer_and_its_supplier() -> None:
    """The exception names its customer; its case line knows the supplier."""
    replay, facts = played(*STORY)
    question = about_exception("X-1", facts[5].recorded_at)
    resolved = resolve(
        Question({**question.keys, "case_line": "R-1001/1"}, question.at), replay.memories
    )
    assert resolved.keys["customer"] == "C-7"
    assert resolved.keys["supplier"] == "S-1"
    assert resolved.keys["exception_code"] == "R10"
    assert replay.row(EXCEPTION_RANK, question)["exception_exposure_minor"] == 500


def test_nothing_known_is_a_row_of_nothing() -> None:
    """A question about what nobody told us has every column, and None in each."""
    for feature_set in SETS.values():
        question = about_portion("R-404", 1, "1.1", DAY)
        row = Replay(FOLDS).row(feature_set, question)
        assert tuple(row) == feature_set.names
        assert set(row.values()) == {None}


def test_replay_refuses_facts_out_of_order() -> None:
    """A position that is not after the last one would teach in another order than live."""
    replay, facts = played(REQUESTED)
    with pytest.raises(ValueError, match="fact at position 1 after position 1: replay"):
        replay.learn(facts[0])


def test_a_time_without_an_offset_is_refused() -> None:
    """Which day it was cannot be guessed."""
    _, facts = played(REQUESTED)
    payload = {**facts[0].payload, "requested_at": "2026-03-02T10:00:00"}
    with pytest.raises(ValueError, match="has no offset: facts carry aware UTC times"):
        Replay(FOLDS).learn(replace(facts[0], payload=payload))
