"""The whole house over one database, a clock that tests move, and everybody's keys."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import orjson
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from journal import accounts, lookups
from journal.codec import encode
from journal.entries import Append
from journal.verify import verify
from journal.worker import run_worker, worker_app
from models.protocol import Model
from models.store import Store
from serving.app import create_app
from serving.chores import errands, recurring
from serving.settings import Settings
from serving.wiring import Services, wire
from simulation.story import PEOPLE, Story
from tests.serving.documented import hold_to_document
from tests.serving.small_models import shelf_of
from workflow.actor import SYSTEM, Actor
from workflow.facts import AutomationCleared

Json = dict[str, Any]
STORY = Story()
FEED = Actor("erp-feed", frozenset({"service"}), "service")
STAFF: Mapping[str, Actor] = {
    **PEOPLE,
    "feed": FEED,
    "finn2": Actor("fay.clerk", frozenset({"finance_clerk"})),
    "lead2": Actor("luis.lead", frozenset({"finance_lead"})),
    "quality2": Actor("quentin.quality", frozenset({"quality"})),
    "both": Actor("bo.both", frozenset({"customer_service", "returns_manager", "finance_clerk"})),
    "author": Actor("paula.policy", frozenset({"policy_author"})),
    "author2": Actor("pavel.policy", frozenset({"policy_author"})),
    "dora": Actor("dora.data", frozenset({"data_scientist", "model_approver"})),
    "mona": Actor("mona.models", frozenset({"model_approver"})),
    "admin": Actor("alma.admin", frozenset({"admin"})),
    "auditor": Actor("ada.auditor", frozenset({"auditor"})),
}
"""Everybody who has an account, by the part they play."""


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = STORY.requested_at

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class House:
    """Requests as anybody; effects performed on demand; what the database holds.

    Every JSON answer of 2xx is held against the API's document (``documented.py``).
    """

    services: Services
    app: FastAPI
    client: TestClient
    keys: dict[str, str]
    clock: Clock
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def headers(self, who: str, key: str | None = None, **more: str) -> dict[str, str]:
        made = {"Authorization": f"Bearer {self.keys[who]}"}
        if key != "":
            made["Idempotency-Key"] = key or f"key-{next(self._numbers)}"
        return made | {name.replace("_", "-"): value for name, value in more.items()}

    def post(
        self, path: str, body: object, who: str = "service", key: str | None = None, **more: str
    ) -> httpx.Response:
        """POST JSON; a fresh Idempotency-Key unless given, none where it is ``""``."""
        content = body if isinstance(body, bytes) else orjson.dumps(body, default=str)
        headers = {"Content-Type": "application/json"} | self.headers(who, key, **more)
        return cast(httpx.Response, self.client.post(path, content=content, headers=headers))

    def get(self, path: str, who: str = "service", **query: object) -> httpx.Response:
        found = self.client.get(path, params=cast(Any, query), headers=self.headers(who, ""))
        return cast(httpx.Response, found)

    def case(self, return_id: str = "R-1001") -> Json:
        found: Json = self.get(f"/v1/returns/{return_id}").json()
        return found

    def tell(self, *facts: object, who: str = "feed") -> httpx.Response:
        """Facts as a batch of CloudEvents."""
        events = [cloud_event(fact, f"e{next(self._numbers)}") for fact in facts]
        return self.post("/v1/events", events, who)

    def task(self, return_id: str, point: str) -> Json:
        """The one open task of a case at a decision point."""
        (task,) = [t for t in self.case(return_id)["tasks"] if t["point"] == point]
        return cast(Json, task)

    def decide(
        self, task: str, who: str, decision: str = "approve", **more: object
    ) -> httpx.Response:
        return self.post(f"/v1/queue/{task}/decision", {"decision": decision, **more}, who)

    def perform(self) -> list[str]:
        """Do every effect that waits, in order, until none is left; answers their keys."""
        done: list[str] = []
        while True:
            with self.services.engine.connect() as conn:
                waiting = [row["key"] for row in lookups.effects(conn, statuses=("pending",))]
            if not waiting:
                return done
            for key in waiting:
                self.services.performer.perform(key)
                done.append(key)

    def work(self) -> None:
        """The same by the real worker, until nothing is due."""
        app = worker_app(
            self.services.database_url,
            self.services.performer,
            recurring(self.services),
            errands(self.services),
        )
        run_worker(app, wait=False)

    def clear(self, point: str, model: str, threshold: float | None = 0.5, number: int = 1) -> None:
        """Let answers of version 7 pass from so sure on, as if evidence had guaranteed it."""
        with self.services.engine.begin() as conn:
            fact = AutomationCleared(
                f"{point}:{number}", point, model, "7", threshold, 150, 0.95, 100, 1, 100,
                "held_out", "For a test.", self.clock(),
            )  # fmt: skip
            append = Append(f"automation/{point}", (fact,), SYSTEM, self.clock())
            self.services.journal.append(conn, [append])

    def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        with self.services.engine.connect() as conn:
            return [tuple(row) for row in conn.execute(text(query), values)]

    def footprint(self) -> tuple[Any, ...]:
        """Everything that a refused request must leave alone."""
        return (
            self.rows("SELECT count(*), max(position) FROM event"),
            self.rows("SELECT sum(returned_quantity), sum(credited_minor) FROM invoice_line"),
            self.rows("SELECT count(*) FROM effect"),
            self.rows("SELECT count(*) FROM idempotency"),
            self.rows("SELECT count(*) FROM procrastinate_jobs"),
            self.rows("SELECT task_id, status, lease_holder FROM task ORDER BY task_id"),
        )

    def differences(self) -> list[str]:
        known = self.services.policies.known
        engine, folds = self.services.engine, self.services.journal.folds
        return [str(d) for d in verify(engine, folds, policies=known)]


def cloud_event(fact: object, event_id: str) -> Json:
    name, data = encode(fact)
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/erp/northgate",
        "type": f"returns-triage.{name}",
        "data": data,
    }


def build(
    database_url: str,
    folder: Path,
    clock: Clock | None = None,
    models: Mapping[str, Model] | None = None,
    draw: int = 999,
    **settings: Any,
) -> Services:
    """Services over a database, with their own bundle store, policies as shipped.

    ``models`` stand on the shelf whatever is promoted; ``draw`` is drawn for every answer.
    """
    chosen = Settings(state_dir=folder, shelf_refresh_seconds=3600, **settings)
    store = Store(folder / "bundles", folder / "shelf")
    shelf = shelf_of(models) if models is not None else None
    clock = clock or Clock()
    return wire(chosen, database_url, clock=clock, bundles=store, shelf=shelf, draw=lambda: draw)


def hire(services: Services) -> dict[str, str]:
    """An account and a key for everybody."""
    with services.engine.begin() as conn:
        for actor in STAFF.values():
            accounts.save_account(
                conn, actor.id, actor.id, actor.roles, services.clock(), kind=actor.kind
            )
        return {
            part: accounts.create_api_key(conn, actor.id, "test", services.clock())
            for part, actor in STAFF.items()
        }


def open_house(services: Services) -> House:
    """The app with everybody's keys; ``House.client`` is to be entered by the fixture."""
    app = create_app(services)
    client = TestClient(app, raise_server_exceptions=False)
    client.event_hooks = {"response": [hold_to_document]}
    clock = services.clock
    assert isinstance(clock, Clock)
    return House(services, app, client, hire(services), clock)


def request_body(return_id: str | None = "R-1001", quantity: object = 4, **more: object) -> Json:
    """The request of R-1001 as the API takes it."""
    intent = STORY.request()
    (line,) = intent.lines
    assert line.source is not None
    body: Json = {
        "customer": intent.customer_id,
        "currency": intent.currency,
        "reference": intent.reference,
        "lines": [
            {
                "sku": line.sku,
                "quantity": quantity,
                "uom": line.uom,
                "lot": line.lot,
                "source": {"invoice_id": line.source.invoice_id, "line": line.source.line},
                "reason_text": line.reason_text,
                "reason_code": "defective_on_arrival",
                "evidence": list(line.evidence),
            }
        ],
    }
    if return_id is not None:
        body["id"] = return_id
    return body | more
