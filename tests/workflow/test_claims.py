"""Claims on suppliers: what is demanded, what is answered, what is left, and who may give it up."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.erp.fake import FakeErp
from integrations.perform import perform
from journal.case_rows import CaseRows, apply
from journal.ledgers import Movements
from tests.workflow.fakes import (
    FINN,
    INES,
    LEA,
    NOON,
    QUINN,
    WALT,
    FakePolicies,
    Story,
    line,
    request,
    verdict,
)
from workflow.actor import SYSTEM, Actor
from workflow.claim import DENIALS, standing
from workflow.codes import CLAIM_RESPONSES
from workflow.commands import (
    AcknowledgeEffect,
    AnswerClaim,
    Command,
    DecideTask,
    GiveClaimEvidence,
    GiveUpClaim,
    InspectLine,
    ReceiptLine,
    ReceiveGoods,
)
from workflow.events import (
    CaseEvent,
    ClaimAnswered,
    ClaimRaised,
    ClaimSubmitted,
    ClaimWrittenOff,
    DispositionConfirmed,
)
from workflow.evolve import fold
from workflow.refused import Refused
from workflow.state import Claim, Closed

PIA = Actor("pia", frozenset({"procurement"}))
ASKS = verdict("ask_human", "finance_clerk")


def sent_back(policies: FakePolicies | None = None) -> Story:
    """Four pieces at 6.00 that cost, back to their supplier."""
    story = Story(policies or FakePolicies())
    story.send(request())
    story.send(ReceiveGoods("GR-1", "W1", (ReceiptLine(1, "SKU-1", Decimal(4)),), WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "defective", INES, NOON, note="Leaks."))
    story.answer_models(NOON, "return_to_vendor")
    return story


def the_claim(story: Story) -> Claim:
    (claim,) = story.case.claims
    return claim


def answer(number: str, paid: int, response: str = "PWA") -> AnswerClaim:
    return AnswerClaim(1, "R-1001:1.1:1", number, "S-1", 24_00, paid, response, NOON, SYSTEM, NOON)


def give_up(by: Actor = PIA) -> GiveUpClaim:
    return GiveUpClaim("1.1", 1, "denied", "They refuse.", by, NOON)


def refusal(story: Story, command: Command) -> str:
    with pytest.raises(Refused) as no:
        story.send(command)
    return no.value.code


def finish(story: Story) -> None:
    """The ERP does everything that was asked."""
    for key, status in list(story.case.effects.items()):
        if status != "done" and "/assess/" not in key:
            kind = next(e.kind for e in story.effects if e.key == key)
            story.send(AcknowledgeEffect(key, kind, f"X-{key}", SYSTEM, NOON))


def test_a_claim_follows_the_disposition_and_outlives_the_return() -> None:
    """Raised and made at once where nothing is missing; answered after the return is closed."""
    story = sent_back()
    (raised,) = story.of(ClaimRaised)
    assert (raised.claimed_minor, raised.supplier_id, raised.quantity) == (24_00, "S-1", Decimal(4))
    assert story.asked.count("erp.supplier_claim") == 1
    finish(story)
    finish(story)
    assert isinstance(story.state, Closed)
    assert the_claim(story).number == "X-R-1001/1.1/claim/1"
    story.send(answer("CN-1", 24_00, "FWC"))
    assert the_claim(story).rest_minor == 0
    assert story.asked[-1] == "erp.claim_settlement"


def test_what_is_demanded_is_asked_for_and_the_return_stays_open() -> None:
    """Procurement is asked once, by the end of the window; the last of it makes the claim."""
    wants = verdict("claim", "procurement", evidence="lot delivery_note")
    story = sent_back(FakePolicies(claims=wants))
    assert "erp.supplier_claim" not in story.asked
    (task,) = [t.opened for t in story.case.tasks if t.opened.point == "claim"]
    assert (task.role, task.due_at.date().isoformat()) == ("procurement", "2027-01-30")
    assert "Missing: lot, delivery note; the window ends on 2027-01-29." in task.verdict.because
    finish(story)
    assert not isinstance(story.state, Closed)
    assert refusal(story, GiveClaimEvidence("1.1", 1, "lot", "L7", WALT, NOON)) == "wrong_role"
    assert refusal(story, GiveClaimEvidence("1.1", 1, "hope", "L7", PIA, NOON)) == (
        "not_allowed_value"
    )
    assert refusal(story, GiveClaimEvidence("1.2", 1, "lot", "L7", PIA, NOON)) == "unknown_claim"
    story.send(GiveClaimEvidence("1.1", 1, "lot", "L7", PIA, NOON))
    assert not story.of(ClaimSubmitted)
    story.send(GiveClaimEvidence("1.1", 1, "delivery_note", "DN-1", PIA, NOON))
    assert story.of(ClaimSubmitted) and not story.case.tasks


def test_evidence_of_the_case_counts() -> None:
    """The inspector's findings, the lot that was read and a photo of the customer's are there."""
    wants = verdict("claim", "procurement", evidence="photo lot inspection")
    story = Story(FakePolicies(claims=wants))
    story.send(request(replace(line(), evidence=("photo.jpg",))))
    story.send(ReceiveGoods("GR-1", "W1", (ReceiptLine(1, "SKU-1", Decimal(4)),), WALT, NOON))
    story.send(InspectLine(1, Decimal(4), "defective", INES, NOON, lot="L7", note="Leaks."))
    story.answer_models(NOON, "return_to_vendor")
    assert story.of(ClaimSubmitted)
    assert dict(the_claim(story).evidence)["photo"] == "photo.jpg"


def test_what_is_not_worth_it_is_given_up_at_once() -> None:
    """Within the system's limit nobody is asked, and nothing is claimed."""
    story = sent_back(FakePolicies(claims=verdict("waive")))
    (off,) = story.of(ClaimWrittenOff)
    assert (off.amount_minor, off.approved_by, off.reason) == (24_00, "system", "not_worth_it")
    assert "erp.supplier_claim" not in story.asked


def test_an_answer_is_noted_once_and_finds_its_claim() -> None:
    """Told again it changes nothing; told under a number of the supplier's own it is the claim of
    the line; a further answer to that number is the same claim's."""
    story = sent_back()
    strange = replace(answer("", 10_00), told_as="THEIRS-1")
    assert len(story.send(strange)) == 1
    assert story.send(strange) == []
    story.send(replace(answer("2", 0, "SUB"), told_as="THEIRS-1"))
    assert [a.response for a in the_claim(story).answers] == ["PWA", "SUB"]
    assert story.send(replace(answer("3", 1), line=9)) == []
    assert [a.sequence for a in story.of(ClaimAnswered)] == [1, 2]


def test_a_supplier_who_answers_has_the_claim() -> None:
    """Evidence that was missing is asked for no more, and the ERP gets the claim before what was
    paid of it."""
    story = sent_back(FakePolicies(claims=verdict("claim", "procurement", evidence="photo")))
    story.send(answer("CN-1", 1_00))
    assert story.asked[-2:] == ["erp.supplier_claim", "erp.claim_settlement"]
    assert [t for t in story.case.tasks if t.opened.point == "claim"] == []


def test_who_asks_for_a_write_off_does_not_approve_it() -> None:
    """Nor does anybody without the role or the limit; a no leaves the claim as it was."""
    story = sent_back(FakePolicies(limits={"finance_clerk": 10_00, "finance_lead": 10_00}))
    story.policies.limit = ASKS
    assert refusal(story, give_up(WALT)) == "wrong_role"
    story.send(give_up(FINN))
    (task,) = [t.opened for t in story.case.tasks if t.opened.point == "write_off"]
    assert refusal(story, give_up()) == "already_decided"
    assert refusal(story, DecideTask(task.task_id, "approve", FINN, NOON)) == "own_request"
    assert refusal(story, DecideTask(task.task_id, "approve", QUINN, NOON)) == "wrong_role"
    fay = Actor("fay", frozenset({"finance_clerk"}))
    assert refusal(story, DecideTask(task.task_id, "approve", fay, NOON)) == "over_limit"
    no = DecideTask(task.task_id, "reject", fay, NOON, None, "other", "Ask them again.")
    story.send(no)
    assert the_claim(story).rest_minor == 24_00 and not story.of(ClaimWrittenOff)
    story.policies.limits = {"finance_clerk": 10_00}
    story.send(give_up(FINN))
    (again,) = [t.opened for t in story.case.tasks if t.opened.point == "write_off"]
    story.send(DecideTask(again.task_id, "approve", LEA, NOON))
    assert the_claim(story).rest_minor == 0
    assert refusal(story, give_up()) == "claim_settled"


def test_dispositions_from_before_claim_at_once() -> None:
    """An event without ``claims_follow`` asks for the claim itself, as it did when it was
    written, and its answers are noted like all others."""
    story = sent_back()
    old: list[CaseEvent] = [
        replace(event, claims_follow=False) if isinstance(event, DispositionConfirmed) else event
        for event in story.events
        if not isinstance(event, ClaimRaised | ClaimSubmitted)
    ]
    story.state = fold(old)
    story.events = old
    claim = the_claim(story)
    assert claim.submitted and claim.raised.claimed_minor == 24_00
    assert "R-1001/1.1/claim/1" in story.case.effects
    story.send(answer("CN-1", 4_00))
    assert the_claim(story).rest_minor == 20_00


RESPONSES = st.sampled_from(sorted(CLAIM_RESPONSES))


@given(
    claimed=st.integers(0, 100),
    paid=st.lists(st.tuples(st.integers(0, 60), RESPONSES), max_size=4),
    given_up=st.booleans(),
)
def test_the_standing_is_the_money(
    claimed: int, paid: list[tuple[int, str]], given_up: bool
) -> None:
    """Closed means written off, paid that all of it came, denied that nothing did."""
    recovered = sum(amount for amount, _ in paid)
    off = max(0, claimed - recovered) if given_up else 0
    word = standing(claimed, recovered, off, [response for _, response in paid])
    assert (word == "closed") == (off > 0)
    assert (word == "open") == (not paid and off == 0)
    if word == "paid":
        assert recovered >= claimed
    if word == "denied":
        assert recovered == 0 < claimed and paid[-1][1] in DENIALS
    if word == "paid_short":
        assert 0 < recovered < claimed


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), st.integers(0, 30_00), RESPONSES),
        st.tuples(st.just("give up")),
        st.tuples(st.just("approve")),
        st.tuples(st.just("reject")),
        st.tuples(st.just("evidence"), st.sampled_from(["lot", "delivery_note"])),
    ),
    max_size=8,
)


@settings(max_examples=120, deadline=None)
@given(steps=STEPS, demanded=st.sampled_from(["", "delivery_note"]), asks=st.booleans())
def test_whatever_happens_the_books_hold_what_is_left(
    steps: list[tuple[object, ...]], demanded: str, asks: bool
) -> None:
    """In any order of answers, evidence, write-offs and refusals: the ERP's receivable is the
    rest of the claim, nothing is asked twice under other content, and the desk's row says what
    the state does."""
    policies = FakePolicies(claims=verdict("claim", "procurement", evidence=demanded))
    story = sent_back(policies)
    policies.limit = ASKS if asks else policies.limit
    for number, step in enumerate(steps):
        _try(story, number, step)
    claim = the_claim(story)
    _check_books(story, claim)
    rows, ledger = CaseRows(), Movements()
    for version, event in enumerate(story.events, start=1):
        apply(rows, event, version, NOON, ledger)
    (row,) = rows.claims.values()
    assert row["recovered_minor"] == claim.recovered_minor
    assert row["written_off_minor"] == claim.written_off_minor
    assert (row["submitted_at"] is not None) == claim.submitted
    assert row["evidence"] == dict(claim.evidence)
    assert [a["response"] for a in row["answers"]] == [a.response for a in claim.answers]


def _try(story: Story, number: int, step: tuple[object, ...]) -> None:
    what, *more = step
    tasks = [t.opened for t in story.case.tasks if t.opened.point == "write_off"]
    command: Command
    if what == "answer":
        command = answer(f"CN-{number}", int(str(more[0])), str(more[1]))
    elif what == "give up":
        command = give_up()
    elif what == "evidence":
        command = GiveClaimEvidence("1.1", 1, str(more[0]), "REF", PIA, NOON)
    elif tasks:
        command = DecideTask(tasks[0].task_id, str(what), FINN, NOON, None, "other", "So be it.")
    else:
        return
    try:
        story.send(command)
    except Refused as no:
        assert no.code in ("claim_settled", "already_decided")


def _check_books(story: Story, claim: Claim) -> None:
    erp, balance = FakeErp(), dict[str, int]()
    for effect in story.effects:
        if effect.kind != "assess":
            perform(effect.kind, effect.key, effect.return_id, effect.payload, erp, NOON)
    for entries in erp.gl.values():
        for account, debit, credit, _ in entries:
            balance[account] = balance.get(account, 0) + debit - credit
    standing_at = "supplier_claims_receivable" if claim.submitted else "goods_at_supplier"
    other = "goods_at_supplier" if claim.submitted else "supplier_claims_receivable"
    assert balance.get(standing_at, 0) == claim.rest_minor
    assert balance.get(other, 0) == 0
    assert balance.get("accounts_payable", 0) == claim.recovered_minor
    assert sum(balance.values()) == 0
