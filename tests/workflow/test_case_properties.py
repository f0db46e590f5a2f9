"""Whatever people try, in whatever order: the invariants of goods and money hold."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.workflow.fakes import (
    FINN,
    INES,
    LEA,
    MIA,
    NOON,
    PAM,
    QUINN,
    WALT,
    FakePolicies,
    Story,
    line,
    request,
    said,
    verdict,
)
from workflow.actor import SYSTEM
from workflow.approvals import holds
from workflow.codes import Condition, Disposition
from workflow.commands import (
    AcknowledgeEffect,
    AnswerClaim,
    AskForGoods,
    CancelReturn,
    Command,
    DecideTask,
    DisposePortion,
    ExpireAuthorisation,
    GiveUpClaim,
    InspectLine,
    ParkEffect,
    ReceiptLine,
    ReceiveGoods,
    RecordAssessment,
    ReinspectPortion,
    ReleaseCredit,
    ReportRefurbishment,
)
from workflow.effects import Effect
from workflow.events import (
    CreditApproved,
    CreditDenied,
    DispositionConfirmed,
    DispositionPart,
    TaskDecided,
)
from workflow.refused import Refused
from workflow.state import ZERO, Closed
from workflow.wanted import wanted

QUANTITIES = st.sampled_from([Decimal(n) for n in ("0.5", "1", "1.25", "2", "3", "4", "7")])
LANES = st.sampled_from(["automatic", "review", "dual_control", "recommend"])
PEOPLE = st.sampled_from([PAM, WALT, INES, QUINN, MIA, FINN, LEA])
OUTCOMES = st.sampled_from(["full", "partial", "value_only", "replace", "deny"])
RELEASES = st.sampled_from(["at_once", "on_approval", "on_request", "after_vendor_credit", "never"])


class AnyHistory(RuleBasedStateMachine):
    """One case with two lines of known invoices, and people who try everything."""

    @initialize(
        first=QUANTITIES,
        second=QUANTITIES,
        lanes=st.fixed_dictionaries(dict.fromkeys(("reason", "disposition", "credit"), LANES)),
        ask=st.booleans(),
        outcome=OUTCOMES,
        release=RELEASES,
        checked=st.booleans(),
        fee=st.sampled_from(["0", "15", "100"]),
        money_only=st.integers(0, 4),
        text_only=st.booleans(),
        advance=st.sampled_from([None, None, "credit", "replacement"]),
    )
    def begin(
        self,
        first: Decimal,
        second: Decimal,
        lanes: dict[str, str],
        ask: bool,
        outcome: str,
        release: str,
        checked: bool,
        fee: str,
        money_only: int,
        text_only: bool,
        advance: str | None,
    ) -> None:
        authorisation = verdict("ask_human", "returns_manager") if ask else verdict("authorise")
        credit = verdict(outcome, release=release, fee_percent=fee, percent="60")
        work = verdict("order", "warehouse", **({"check_role": "quality"} if checked else {}))
        self.story = Story(FakePolicies(authorisation, credit=credit, lanes=lanes, refurbish=work))
        self.receipts = self.answers = 0
        stated = "wrong_item" if money_only else "pricing_or_billing"
        one = line(1, str(first), delivered="7", net_minor=99_99, tax_minor=7_77, stated=stated)
        one = replace(one, advance=advance)
        two = line(2, str(second), delivered="7", net_minor=1, tax_minor=0)
        if text_only:
            two = replace(two, stated_reason=None)
        self.story.send(request(one, two))

    def attempt(self, command: Command) -> None:
        """A refusal changes nothing; anything else than a refusal is a bug."""
        before = (self.story.state, len(self.story.events))
        try:
            self.story.send(command)
        except Refused:
            assert (self.story.state, len(self.story.events)) == before

    @rule(
        quantity=QUANTITIES,
        number=st.sampled_from([1, 2, None, 9]),
        final=st.booleans(),
        unit=st.sampled_from(["", "industrial", "food"]),
    )
    def receive(self, quantity: Decimal, number: int | None, final: bool, unit: str) -> None:
        self.receipts += 1
        goods = (ReceiptLine(number, f"SKU-{number or 1}", quantity),)
        self.attempt(ReceiveGoods(f"GR-{self.receipts}", "W1", goods, WALT, NOON, final, unit))

    @rule(quantity=QUANTITIES, number=st.sampled_from([1, 2]), condition=st.sampled_from(Condition))
    def inspect(self, quantity: Decimal, number: int, condition: Condition) -> None:
        self.attempt(InspectLine(number, quantity, condition, INES, NOON))

    @rule(value=st.sampled_from([None, *Disposition]))
    def models_answer(self, value: str | None) -> None:
        for want in wanted(self.story.state):
            answer = {"disposition": value, "credit": value and "normal"}.get(want.point, value)
            if want.point == "reason":
                answer = value and "wrong_item"
            command = RecordAssessment(
                want.point, want.line, said(answer), SYSTEM, NOON, want.portion
            )
            self.attempt(command)

    @rule(
        data=st.data(),
        who=PEOPLE,
        decision=st.sampled_from(["approve", "reject", "override", "escalate", "approve"]),
        value=st.sampled_from(
            [
                None,
                "as_new",
                "stopped",
                "deny",
                "let_go",
                "charge_back",
                "0",
                "1",
                "4000",
                "9999",
                "10000",
                "accept",
                "recall",
                *Disposition,
            ]
        ),
    )
    def decide(self, data: st.DataObject, who: object, decision: str, value: str | None) -> None:
        tasks = [task.opened.task_id for task in self.story.case.tasks]
        if tasks:
            task = data.draw(st.sampled_from(tasks))
            command = DecideTask(task, decision, who, NOON, value, "other", "tried")  # type: ignore[arg-type]
            self.attempt(command)

    @rule(data=st.data(), who=PEOPLE, share=st.sampled_from(["whole", "halves", "wrong"]))
    def dispose(self, data: st.DataObject, who: object, share: str) -> None:
        portions = [p for x in self.story.case.lines for p in x.portions]
        if not portions:
            return
        portion = data.draw(st.sampled_from(portions))
        quantity = portion.inspected.quantity
        half = quantity / 2
        parts = {
            "whole": (DispositionPart("scrap", quantity),),
            "halves": (DispositionPart("restock", half), DispositionPart("scrap", half)),
            "wrong": (DispositionPart("scrap", quantity + 1),),
        }[share]
        self.attempt(DisposePortion(portion.id, parts, who, NOON))  # type: ignore[arg-type]

    @rule(data=st.data(), who=PEOPLE, value=st.sampled_from(Disposition), again=st.booleans())
    def hold(self, data: st.DataObject, who: object, value: Disposition, again: bool) -> None:
        """Goods on hold are looked at again, or a half of them is released."""
        held = [p for x in self.story.case.lines for p in x.portions if p.held > 0]
        if not held:
            return
        portion = data.draw(st.sampled_from(held))
        if again:
            self.attempt(ReinspectPortion(portion.id, "sealed", INES, NOON))
        parts = (DispositionPart(value, portion.held / 2),)
        self.attempt(DisposePortion(portion.id, parts, who, NOON, note="seen"))  # type: ignore[arg-type]

    @rule(
        data=st.data(),
        who=PEOPLE,
        outcome=st.sampled_from(["as_new", "failed", "stopped"]),
        quantity=QUANTITIES,
    )
    def work(self, data: st.DataObject, who: object, outcome: str, quantity: Decimal) -> None:
        """The workshop reports on what it has, or on more than that."""
        if not self.story.case.orders:
            return
        ordered = data.draw(st.sampled_from(self.story.case.orders)).ordered
        way = "scrap" if outcome == "failed" else None
        told = (ordered.portion, quantity, outcome, who, NOON, ordered.part, way)
        self.attempt(ReportRefurbishment(*told, cost_minor=7, note="worked"))  # type: ignore[arg-type]

    @rule(data=st.data(), parks=st.booleans())
    def world_answers(self, data: st.DataObject, parks: bool) -> None:
        effects: list[Effect] = [e for e in self.story.effects if e.kind != "assess"]
        if effects:
            effect = data.draw(st.sampled_from(effects))
            if parks:
                self.attempt(ParkEffect(effect.key, effect.kind, "no", SYSTEM, NOON))
            else:
                self.attempt(AcknowledgeEffect(effect.key, effect.kind, "DOC", SYSTEM, NOON))

    @rule(days=st.sampled_from([1, 20]))
    def ask_for_goods(self, days: int) -> None:
        self.attempt(AskForGoods(SYSTEM, NOON + timedelta(days=days)))

    @rule(number=st.sampled_from([1, 2]), sequence=st.integers(1, 3))
    def release(self, number: int, sequence: int) -> None:
        self.attempt(ReleaseCredit(number, sequence, "asked", FINN, NOON))

    @rule(data=st.data(), paid=st.sampled_from([None, 0, 1, 3_00, 99_00]), who=PEOPLE)
    def claim(self, data: st.DataObject, paid: int | None, who: object) -> None:
        """A supplier answers, or somebody gives up what is left."""
        if not self.story.case.claims:
            return
        raised = data.draw(st.sampled_from(self.story.case.claims)).raised
        if paid is None:
            gone = GiveUpClaim(raised.portion, raised.part, "denied", "no", who, NOON)  # type: ignore[arg-type]
            self.attempt(gone)
            return
        self.answers += 1
        number, own = f"CN-{self.answers}", f"R-1001:{raised.portion}:{raised.part}"
        said = (raised.claimed_minor, paid, "PWA", NOON, SYSTEM, NOON)
        self.attempt(AnswerClaim(raised.line, own, number, "S-1", *said))

    @rule(quantity=QUANTITIES)
    def go_on(self, quantity: Decimal) -> None:
        """The step that a return would take next, so that most histories get far."""
        for one in self.story.case.lines:
            if one.outstanding > 0:
                self.receipts += 1
                goods = (ReceiptLine(one.number, one.requested.sku, one.outstanding),)
                self.attempt(ReceiveGoods(f"GR-{self.receipts}", "W1", goods, WALT, NOON))
            elif one.received > one.inspected:
                part = min(quantity, one.received - one.inspected)
                self.attempt(InspectLine(one.number, part, "damaged", INES, NOON))
        self.models_answer("scrap")
        for task in self.story.case.tasks:
            people = {
                who.id: who
                for who in (MIA, QUINN, FINN, LEA)
                if holds(who, task.opened.role) and who.id not in task.approved_by
            }
            for who in people.values():
                self.attempt(DecideTask(task.opened.task_id, "approve", who, NOON))
        for effect in [e for e in self.story.effects if e.kind != "assess"]:
            self.attempt(AcknowledgeEffect(effect.key, effect.kind, "DOC", SYSTEM, NOON))

    @rule(cancel=st.booleans(), luck=st.integers(0, 40))
    def end(self, cancel: bool, luck: int) -> None:
        if luck:
            return
        late = NOON + timedelta(days=40)
        self.attempt(CancelReturn("x", PAM, NOON) if cancel else ExpireAuthorisation(SYSTEM, late))

    @invariant()
    def goods_add_up(self) -> None:
        """0 <= disposed <= inspected <= received <= authorised <= what was delivered."""
        for one in self.story.case.lines:
            assert ZERO <= one.disposed <= one.inspected <= one.received
            assert one.received + one.released <= one.authorised
            assert one.authorised <= one.requested.facts.delivered

    @invariant()
    def every_piece_is_in_one_place(self) -> None:
        """What moved out of quarantine moved in before; where goods are adds up to what is
        disposed of."""
        for one in self.story.case.lines:
            for portion in one.portions:
                assert portion.held >= ZERO
                placed = sum((part.quantity for part in portion.placed), ZERO)
                assert placed == sum((part.quantity for part in portion.parts), ZERO)
        stands: dict[object, Decimal] = defaultdict(lambda: ZERO)
        for effect in self.story.effects:
            if effect.kind == "erp.stock_move" and effect.payload["portion"]:
                moved = Decimal(str(effect.payload["quantity"]))
                stands[effect.payload["to_status"]] += moved
                stands[effect.payload["from_status"]] -= moved
        portions = [p for x in self.story.case.lines for p in x.portions]
        assert stands["blocked"] == sum((p.held for p in portions), ZERO)
        in_work = sum((p.waiting("refurbish") for p in portions), ZERO)
        assert stands["quality_inspection"] == in_work

    @invariant()
    def what_is_in_the_workshop_is_ordered(self) -> None:
        """Every piece there belongs to one order; no order reports more than it was given."""
        orders = self.story.case.orders
        for order in orders:
            assert ZERO <= order.left <= order.ordered.quantity
        waits = [w for x in orders for w in x.work if w.status == "reported"]
        open_work = sum((order.left for order in orders), ZERO)
        open_work += sum((work.reported.quantity for work in waits), ZERO)
        portions = [p for x in self.story.case.lines for p in x.portions]
        assert open_work == sum((p.waiting("refurbish") for p in portions), ZERO)

    @invariant()
    def money_is_capped(self) -> None:
        """Credits of a line stay at or under its invoiced net, and every one has a decision."""
        for one in self.story.case.lines:
            assert 0 <= one.credited_minor <= one.promised_minor <= one.requested.facts.net_minor

    @invariant()
    def decided_once_by_another(self) -> None:
        """No credit or portion is decided twice; nobody decides their own request."""
        settled = [
            (e.line, e.sequence)
            for e in self.story.events
            if isinstance(e, CreditApproved | CreditDenied)
        ]
        assert len(settled) == len(set(settled))
        confirmed = [e.portion for e in self.story.of(DispositionConfirmed)]
        assert len(confirmed) == len(set(confirmed))
        assert all(e.decided_by != PAM.id for e in self.story.of(TaskDecided))

    @invariant()
    def every_piece_that_goes_back_is_claimed_once(self) -> None:
        """One claim a part that goes back, made at once where nothing is missing."""
        gone = {
            (portion.id, number)
            for one in self.story.case.lines
            for portion in one.portions
            for number, part in enumerate(portion.moved, start=1)
            if part.disposition == "return_to_vendor"
        }
        claims = self.story.case.claims
        assert {(c.raised.portion, c.raised.part) for c in claims} == gone
        assert len(claims) == len(gone)
        assert all(claim.submitted for claim in claims)

    @invariant()
    def effects_are_asked_once(self) -> None:
        """A key is asked once, whatever happened around it."""
        keys = [effect.key for effect in self.story.effects]
        assert len(keys) == len(set(keys))

    @invariant()
    def closed_is_finished(self) -> None:
        """A closed case waits for nobody and owes nothing; what suppliers owe may be given up."""
        state = self.story.state
        if isinstance(state, Closed):
            assert all(task.opened.point == "write_off" for task in state.case.tasks)
            for one in state.case.lines:
                assert one.disposed == one.received
                assert all(portion.held == 0 for portion in one.portions)
                assert all(portion.waiting("refurbish") == 0 for portion in one.portions)
                assert all(c.status in ("approved", "denied", "withdrawn") for c in one.credits)
                assert not one.advance_open


AnyHistory.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyHistory = AnyHistory.TestCase
