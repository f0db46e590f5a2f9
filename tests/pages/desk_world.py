"""A desk with people, customers and cases in every situation, on a real database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from integrations.erp.reference import ReferenceErp
from journal import accounts, lookups, tables
from journal.entries import Append
from models.prior import Prior
from models.protocol import Model
from serving.acting import act
from serving.assessor import Assessor
from serving.automation import MODEL_OF
from serving.facts_in import stream_of
from serving.performer import EffectPerformer
from serving.requesting import build_request
from serving.settings import Settings
from serving.shapes import ReturnShape
from serving.shelf import OnShelf, Shelf
from serving.wiring import Services, utc_now, wire
from simulation.story import Story
from workflow.actor import SYSTEM, Actor
from workflow.assessment import Assessment, Explanation, ModelRef, Push
from workflow.commands import Command, DecideTask, InspectLine, ReceiptLine, ReceiveGoods
from workflow.facts import (
    AutomationCleared,
    ExceptionAssessed,
    ExceptionRaised,
    InvoiceLine,
    InvoiceRecorded,
    LotRegistered,
    ProductListed,
    PromotionApproved,
    PromotionProposed,
    RecallOpened,
)
from workflow.promoting import MODELS

PASSWORD = "a long enough password"
PEOPLE = {
    "asha": "customer_service",
    "femi": "warehouse",
    "jonas": "inspector",
    "nadia": "quality",
    "quentin": "returns_manager",
    "tessa": "finance_clerk",
    "xenia": "finance_lead",
    "yuri": "finance_lead",
    "otto": "auditor",
    "milo": "model_approver",
}


def person(user: str) -> Actor:
    return Actor(user, frozenset({PEOPLE[user]}))


@dataclass
class DeskWorld:
    """Wired services, and short words for what people do. Time is ``now`` and moves by hand."""

    services: Services
    now: datetime
    invoices: int = 0
    _keys: dict[str, str] = field(default_factory=dict)

    def tell(self, *facts: object) -> None:
        with self.services.engine.begin() as conn:
            appends = [Append(_stream(fact), (fact,), SYSTEM, self.now) for fact in facts]
            self.services.journal.append(conn, appends)

    def send(self, return_id: str, command: Command) -> None:
        services = self.services
        with services.engine.begin() as conn:
            act(services.cases, services.assessor, conn, return_id, command)

    def sell(
        self, sku: str, quantity: int, net_minor: int, customer: str = "C-1001", days: int = 9
    ) -> str:
        """An invoice of one line, delivered so many days ago; answers its number."""
        self.invoices += 1
        number = f"INV-{2000 + self.invoices}"
        at = self.now - timedelta(days=days)
        line = InvoiceLine(
            1, sku, None, Decimal(quantity), "EA", Decimal(net_minor) / 100 / quantity,
            net_minor, net_minor * 8 // 100, sku,
        )  # fmt: skip
        self.tell(
            InvoiceRecorded(
                number, customer, "industrial", "USD", at, at, (line,), None, "CR-1001", "W-IND-1"
            )
        )
        return number

    def ask(self, return_id: str, lines: Sequence[Mapping[str, Any]], by: str = "asha") -> None:
        services = self.services
        shape = ReturnShape.model_validate(
            {"id": return_id, "customer": "C-1001", "lines": list(lines)}
        )
        with services.engine.begin() as conn:
            command = build_request(conn, shape, return_id, person(by), self.now, 20_000)
            act(services.cases, services.assessor, conn, return_id, command)

    def receive(self, return_id: str, sku: str, quantity: int, lot: str | None = None) -> None:
        line = ReceiptLine(1, sku, Decimal(quantity), lot)
        command = ReceiveGoods(
            f"RC-{return_id}", "W-IND-1", (line,), person("femi"), self.now, True
        )
        self.send(return_id, command)

    def inspect(
        self, return_id: str, quantity: int, condition: str, note: str = "", recall: bool = False
    ) -> None:
        command = InspectLine(
            1, Decimal(quantity), condition, person("jonas"), self.now, note=note,
            recall_open=recall,
        )  # fmt: skip
        self.send(return_id, command)

    def decide(self, user: str, task_id: str, decision: str, value: str | None = None) -> None:
        row = self.task(task_id)
        code, note = (
            ("policy_exception", "Agreed by phone.") if decision != "approve" else (None, "")
        )
        draw = self.services.draw()
        command = DecideTask(task_id, decision, person(user), self.now, value, code, note, draw)
        self.send(str(row["return_id"]), command)

    def task(self, task_id: str) -> Mapping[str, Any]:
        with self.services.engine.connect() as conn:
            query = select(tables.task).where(tables.task.c.task_id == task_id)
            return dict(conn.execute(query).mappings().one())

    def open_tasks(self, return_id: str, point: str) -> list[str]:
        """Every open task of a case at a decision point."""
        with self.services.engine.connect() as conn:
            rows = lookups.case_rows(conn, return_id)
        tasks = rows["tasks"] if rows else ()
        return [t["task_id"] for t in tasks if (t["point"], t["status"]) == (point, "open")]

    def open_task(self, return_id: str, point: str | None = None) -> str:
        """The number of the open task of a return; of a point, where there are several."""
        with self.services.engine.connect() as conn:
            query = select(tables.task.c.task_id).where(
                tables.task.c.return_id == return_id, tables.task.c.status == "open"
            )
            if point:
                query = query.where(tables.task.c.point == point)
            return str(conn.execute(query).scalars().one())

    def perform(self, return_id: str) -> None:
        """What the worker does: every effect of a return, until none waits."""
        while keys := [e["key"] for e in self._effects(return_id) if e["status"] == "pending"]:
            for key in keys:
                self.services.performer.perform(key)

    def _effects(self, return_id: str) -> Sequence[Mapping[str, Any]]:
        with self.services.engine.connect() as conn:
            return [dict(row) for row in lookups.effects(conn, return_id=return_id)]

    def park(self, return_id: str, kind: str, error: str) -> None:
        key = next(e["key"] for e in self._effects(return_id) if e["kind"] == kind)
        self.services.performer.park(key, error)


def _stream(fact: object) -> str:
    match fact:
        case ExceptionRaised() | ExceptionAssessed():
            return f"exception/{fact.exception_id}"
        case PromotionProposed() | PromotionApproved():
            return f"model/{fact.name}"
        case AutomationCleared():
            return f"automation/{fact.point}"
        case _:
            return stream_of(fact)


def make_desk(
    database_url: str,
    state: Path,
    models: Mapping[str, Model],
    draw: Callable[[], int] = lambda: 999,
    **settings: Any,
) -> DeskWorld:
    """Services over a migrated database with these models on the shelf, and the people.

    ``draw`` says which answers are audited: none, unless it gives small numbers.
    """
    chosen = Settings(state_dir=state, **settings)
    services = wire(chosen, database_url, draw=draw)
    shelf = Shelf(lambda: (), _nowhere, {name: _held(name, models.get(name)) for name in MODELS})
    assessor = Assessor(services.cases, services.journal, shelf, services.policies, services.draw)
    desk = DeskWorld(services, utc_now())

    def clock() -> datetime:
        return desk.now

    engine = services.engine
    performer = EffectPerformer(engine, services.cases, assessor, ReferenceErp(engine), clock)
    desk.services = replace(
        services, shelf=shelf, assessor=assessor, performer=performer, clock=clock
    )
    with engine.begin() as conn:
        _people(conn, desk.now)
    desk.tell(*Story(desk.now - timedelta(hours=4)).facts())
    for point, model in MODEL_OF.items():
        desk.tell(_cleared(point, model, desk.now))
    return desk


def _cleared(point: str, model: str, at: datetime) -> AutomationCleared:
    """From which sureness on the fakes may act."""
    threshold = {"reason": 0.8, "disposition": 0.9, "credit": 0.5}[point]
    because = "Of answers so sure at most 5 % are wrong, from 400 judged cases."
    return AutomationCleared(
        f"{point}:1", point, model, "3", threshold, 50, 0.95, 300, 6, 400, "held_out", because, at
    )


def _nowhere(digest: str) -> Path:
    raise AssertionError(f"nothing is promoted, but {digest} was fetched")


def _held(name: str, model: Model | None) -> OnShelf:
    if model is None:
        return OnShelf(Prior(name), ModelRef(name, "0", None, ""))
    return OnShelf(model, ModelRef(name, model.card.version, "champion", ""))


_hashes: dict[str, str] = {}


def _people(conn: Connection, at: datetime) -> None:
    """Everybody has the same password, hashed once a run: hashing is slow on purpose."""
    table = tables.account
    for user, role in PEOPLE.items():
        password = None if _hashes else PASSWORD
        accounts.save_account(conn, user, user.capitalize(), [role], at, password=password)
        if password:
            query = select(table.c.password_hash).where(table.c.account_id == user)
            _hashes[PASSWORD] = str(conn.execute(query).scalar_one())
    conn.execute(table.update().values(password_hash=_hashes[PASSWORD]))


def line(invoice: str, quantity: int, text: str, sku: str = "PMP-1001", **more: Any) -> Any:
    """A line of a request from the first line of an invoice."""
    source = {"invoice_id": invoice, "line": 1}
    return {"sku": sku, "quantity": quantity, "source": source, "reason_text": text} | more


def story_inspected(desk: DeskWorld) -> None:
    """R-1001 up to the question what to do with three leaking pumps; the fourth is done."""
    story = Story(desk.now - timedelta(hours=4))
    wanted = story.request().lines[0]
    desk.ask(
        "R-1001",
        [line("INV-1001", 4, wanted.reason_text, lot="L2217", evidence=["photo-1.jpg"])],
    )
    desk.receive("R-1001", "PMP-1001", 4, "L2217")
    desk.inspect("R-1001", 3, "defective", "Leaks at shaft seal")
    desk.inspect("R-1001", 1, "sealed", "Factory seal intact")
    for task in desk.open_tasks("R-1001", "credit"):  # a model settled the reason: above its limit
        desk.decide("tessa", task, "approve")


LONG = (
    "Good morning, we are sending this back after talking to your driver on Tuesday, who saw the"
    " pallet and took photographs. Two of the housings leak at the flange as soon as pressure is"
    " on, the third was crushed in one corner, so that we cannot even mount it; the fitter tried"
    " for most of an afternoon. <script>alert('hello')</script> We have ordered from you since"
    " 1998 and never had a batch like this. The order number is 4711-B, the delivery note got wet."
) * 4
SEALS: dict[str, Any] = {"sku": "SEA-1001", "evidence": ["photo-7.jpg"]}
GERMAN = "Guten Tag, das Dichtungsset passt nicht und wurde falsch geliefert. Bitte abholen lassen."


def every_situation(desk: DeskWorld) -> None:
    """One case of every kind a page has to show."""
    story_inspected(desk)
    _masters(desk)
    seals = desk.sell("SEA-1001", 40, 580_00)
    desk.ask(
        "R-1002",
        [
            line(desk.sell("PMP-1001", 3, 421_80), 3, LONG),
            line(seals, 12, GERMAN, "SEA-1001"),
        ],
    )
    desk.ask("R-1003", [line(desk.sell("PMP-1001", 40, 5_624_00), 40, "we bought too many")])
    desk.ask(
        "R-1004",
        [line(desk.sell("GLOVE-1", 50, 300_00), 5, "we took too many of them", "GLOVE-1")],
    )
    desk.ask(
        "R-1011",
        [line(desk.sell("HOSE-1", 5, 90_00), 5, "we took too many of them", "HOSE-1")],
    )
    _credits(desk)
    _goods(desk)
    findings(desk)


def _masters(desk: DeskWorld) -> None:
    desk.tell(
        ProductListed(
            "GLOVE-1", "Nitrile gloves, box of 100, not returnable", "safety", "industrial", "EA",
            0, "S-1001", "USD", 3_10, returnable="never", stocked=False,
        ),
        ProductListed(
            "HOSE-1", "Hose, cut to length", "cut_to_length", "industrial", "M", 0, "S-1001",
            "USD", 9_10, stocked=False,
        ),
        LotRegistered("PMP-1001", "L9999", "S-1001", None, None),
    )  # fmt: skip


def _credits(desk: DeskWorld) -> None:
    """A highly unusual credit under dual control, one closed, one whose memo is parked."""
    desk.ask(
        "R-1005", [line(desk.sell("PMP-1001", 12, 1_687_20), 12, "all leak at the first fill")]
    )
    desk.receive("R-1005", "PMP-1001", 12)
    desk.inspect("R-1005", 12, "defective", "All twelve leak")
    desk.decide("nadia", desk.open_task("R-1005"), "approve")
    desk.decide("xenia", desk.open_task("R-1005"), "approve")
    for number in ("R-1006", "R-1007"):
        desk.ask(number, [line(desk.sell("SEA-1001", 4, 58_00), 4, "carton crushed", **SEALS)])
        desk.perform(number)
        desk.receive(number, "SEA-1001", 4)
        desk.inspect(number, 4, "sealed", "Carton crushed, kits fine")
        if number == "R-1006":
            desk.perform(number)
    desk.park("R-1007", "erp.credit_memo", "period_closed: October 2026 is closed in the ERP.")


def _goods(desk: DeskWorld) -> None:
    """A recalled lot, goods nobody announced, and one waiting at the dock."""
    desk.ask("R-1008", [line(desk.sell("PMP-1001", 2, 281_20), 2, "housing leaks")])
    desk.receive("R-1008", "PMP-1001", 2)
    desk.tell(RecallOpened("RCL-1", "PMP-1001", (), "S-1001", "Castings crack", desk.now))
    desk.inspect("R-1008", 2, "damaged", "Casting cracked at the flange", recall=True)
    desk.ask("R-1009", [line(desk.sell("SEA-1001", 6, 87_00), 3, "too many", "SEA-1001")])
    desk.receive("R-1009", "SEA-1001", 5)
    desk.ask("R-1010", [line(desk.sell("SEA-1001", 6, 87_00), 6, "carton crushed", **SEALS)])


def findings(desk: DeskWorld) -> None:
    """Exceptions with and without a rank, and the promotion of a model."""
    now = desk.now
    found = [
        ("X-1", "R11", 421_80, "Credited twice in the ERP: CM-88 and CM-91 for the same portion."),
        ("X-2", "R10", 12_40, "The ERP credited USD 45.60, we approved USD 58.00."),
        ("X-3", "R13", 273_00, "The supplier's claim window ends in 3 days; nothing was claimed."),
    ]
    for number, (name, code, exposure, says) in enumerate(found):
        raised = ExceptionRaised(
            name, code, "industrial", "USD", exposure, exposure, f"{name} subject",
            now - timedelta(days=3 * number + 1), says, "R-1006", 1, "C-1001", "S-1001",
            "SEA-1001", f"CM-{88 + number}",
        )  # fmt: skip
        desk.tell(raised)
        if number == 2:
            continue
        pushes = (
            Push("exception_exposure_minor", exposure, 0.9 - number),
            Push("exception_code_loss_rate_365d_permille", 640, 0.5),
            Push("exception_age_days", 3, -0.2),
        )
        total = sum(p.push for p in pushes) + 0.1
        why = Explanation("tree_shap", "expected_loss", 0.1, total, 0.0, pushes)
        ref = ModelRef("exception_rank", "2", "champion", "")
        level, score = ("critical", 0.93) if number == 0 else ("low", 0.14)
        desk.tell(ExceptionAssessed(name, Assessment(ref, level, score, None, explanation=why)))
    metrics = (("accuracy", 0.913),)
    desk.tell(
        PromotionProposed("P-1", "disposition", "3", "dana", metrics, "Better on chilled goods"),
        PromotionApproved("P-1", "disposition", "3", "milo", "champion", "sha256:00"),
    )
