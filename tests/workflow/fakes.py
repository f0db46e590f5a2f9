"""Fakes of the workflow's ports, and R-1001 in a few lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from workflow.actor import SYSTEM, Actor
from workflow.assessment import Assessment, Candidate, Masked, ModelRef
from workflow.codes import Disposition
from workflow.commands import Command, RecordAssessment, RequestReturn
from workflow.decide import decide
from workflow.effects import Effect, effects_of
from workflow.events import CaseEvent, LineFacts, RequestedLine, SourceRef, Verdict
from workflow.evolve import evolve, fold
from workflow.policy_table import Left
from workflow.state import Case, Line, State, Unborn
from workflow.wanted import wanted
from workflow.workdays import MONDAY_TO_FRIDAY, Calendar

E = TypeVar("E")
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
PAM = Actor("pam", frozenset({"customer_service"}))
WALT = Actor("walt", frozenset({"warehouse"}))
INES = Actor("ines", frozenset({"inspector"}))
QUINN = Actor("quinn", frozenset({"quality"}))
MIA = Actor("mia", frozenset({"returns_manager"}))
FINN = Actor("finn", frozenset({"finance_clerk"}))
LEA = Actor("lea", frozenset({"finance_lead"}))


@dataclass
class FakePolicies:
    """Answers by policy name; ``rollout`` by decision point. Everything is allowed to everyone
    within ``limits`` (role -> most minor units)."""

    authorisation: Verdict = field(default_factory=lambda: verdict("authorise"))
    eligibility: Verdict = field(default_factory=lambda: verdict("eligible"))
    credit: Verdict = field(default_factory=lambda: verdict("full", release="on_approval"))
    lanes: dict[str, str] = field(default_factory=dict)
    limit: Verdict = field(default_factory=lambda: verdict("automatic"))
    removed: tuple[Masked, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)
    claims: Verdict = field(default_factory=lambda: verdict("claim", "procurement"))
    refurbish: Verdict = field(default_factory=lambda: verdict("order", "warehouse"))
    transfer_price: Verdict = field(default_factory=lambda: verdict("charge"))
    advance: Verdict = field(default_factory=lambda: verdict("give"))
    freight: Verdict = field(default_factory=lambda: verdict("customer"))
    reviewed: dict[str, int] = field(default_factory=dict)

    def judge(self, name: str, facts: Mapping[str, object]) -> Verdict:
        if name == "rollout":
            lane = self.lanes.get(str(facts["point"]), "automatic")
            return verdict("assist", lane=lane)
        answers = {
            "authorisation": self.authorisation,
            "eligibility": self.eligibility,
            "credit": self.credit,
            "approval_limits": self.limit,
            "claims": self.claims,
            "refurbish": self.refurbish,
            "transfer_price": self.transfer_price,
            "advance": self.advance,
            "freight": self.freight,
        }
        return answers[name]

    def masks(self, name: str, facts: Mapping[str, object]) -> Left:
        gone = {m.value for m in self.removed}
        return Left(tuple(d for d in Disposition if d not in gone), self.removed, None)

    def calendar(self, name: str) -> Calendar:
        return MONDAY_TO_FRIDAY

    def covers(
        self,
        role: str,
        document: str,
        currency: str,
        amount_minor: int,
        reason: str | None,
        item_class: str | None = None,
    ) -> bool:
        return amount_minor <= self.limits.get(role, 10**9)

    def limits_on(self, document: str) -> bool:
        return True

    def review_permille(self, point: str) -> int:
        return self.reviewed.get(point, 0)

    def refs(self) -> tuple[str, ...]:
        return ("fake@1#0",)


def verdict(outcome: str, role: str | None = None, **values: str) -> Verdict:
    return Verdict("fake@1#0", outcome, "a-rule", "Because.", role, (), tuple(values.items()))


def line(
    number: int = 1,
    quantity: str = "4",
    *,
    delivered: str = "10",
    net_minor: int = 100_00,
    tax_minor: int = 20_00,
    stated: str | None = "defective_on_arrival",
    returned_before: str = "0",
    credited_before_minor: int = 0,
    lot: str | None = None,
    shipped_lot: str | None = None,
) -> RequestedLine:
    facts = LineFacts(
        item_class="hydraulics",
        regulated="none",
        returnable="always",
        stocked=True,
        lot_controlled=shipped_lot is not None,
        refurbishable=False,
        cold_chain=False,
        date_kind="none",
        shelf_life_days=None,
        supplier_id="S-1",
        supplier_accepts_returns=True,
        supplier_claim_window_days=90,
        unit_cost_minor=6_00,
        invoiced_at=datetime(2026, 10, 30, tzinfo=UTC),
        delivered_at=datetime(2026, 10, 31, tzinfo=UTC),
        delivered=Decimal(delivered),
        net_minor=net_minor,
        tax_minor=tax_minor,
        returned_before=Decimal(returned_before),
        credited_before_minor=credited_before_minor,
        shipped_lot=shipped_lot,
    )
    return RequestedLine(
        line=number,
        sku=f"SKU-{number}",
        quantity=Decimal(quantity),
        uom="pcs",
        reason_text="Seal leaks",
        facts=facts,
        source=SourceRef("INV-1", number),
        lot=lot,
        stated_reason=stated,
        value_minor=int(net_minor * Decimal(quantity) / Decimal(delivered)),
    )


def request(*lines: RequestedLine, actor: Actor = PAM) -> RequestReturn:
    return RequestReturn(
        "R-1001", "C-1", "industrial", "portal", "USD", lines or (line(),), actor, NOON
    )


def said(value: str | None, confidence: float = 0.9) -> Assessment:
    return Assessment(
        ModelRef("disposition", "1", "champion", "sha256:0"),
        value,
        confidence if value else None,
        None if value else "no_model",
        (Candidate(value, confidence),) if value else (),
    )


@dataclass
class Story:
    """Given, when, then: sends commands to one case and remembers events and effects."""

    policies: FakePolicies = field(default_factory=FakePolicies)
    state: State = field(default_factory=Unborn)
    events: list[CaseEvent] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def send(self, command: Command) -> list[CaseEvent]:
        new = decide(self.state, command, self.policies)
        for event in new:
            self.state = evolve(self.state, event)
            assert not isinstance(self.state, Unborn)
            self.effects += effects_of(self.state.case, event)
        self.events += new
        assert self.state == fold(self.events)
        return new

    def answer_models(self, at: datetime, disposition: str | None = "restock") -> None:
        """Give every model that the case waits for its answer, until none is wanted."""
        while waiting := wanted(self.state):
            want = waiting[0]
            value = {"disposition": disposition, "credit": "normal"}.get(want.point, "wrong_item")
            self.send(
                RecordAssessment(want.point, want.line, said(value), SYSTEM, at, want.portion)
            )

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def case(self) -> Case:
        assert not isinstance(self.state, Unborn)
        return self.state.case

    def line(self, number: int = 1) -> Line:
        line = self.case.line(number)
        assert line is not None
        return line

    @property
    def asked(self) -> list[str]:
        return [effect.kind for effect in self.effects if effect.kind != "assess"]
