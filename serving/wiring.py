"""The composition root: every part is built here, once, from settings; tests build another."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fastapi import Request
from sqlalchemy import Engine

from features.catalogue import FOLDS, SETS
from features.questions import about_exception, ask
from features.sets import Wanted as MemoryKey
from integrations.erp.port import ErpPort
from journal import lookups, outbox, worklists
from journal.database import engine_for
from journal.entries import Memory
from journal.journal import Journal
from models.store import Store
from reconciliation.erp_side import ErpSide
from serving.assessor import Assessor, Draw, situation
from serving.automation import recompute
from serving.backpressure import Door
from serving.blind import hidden
from serving.cases import Cases
from serving.erp import chosen_erp, erp_side_of
from serving.errors import Invalid
from serving.evidence import EvidenceStore
from serving.http import retrying
from serving.integration import Gauges, Health
from serving.metrics import Metrics
from serving.performer import EffectPerformer
from serving.policy_shelf import PolicyShelf
from serving.scoring import Lookup, Mask, Ruled, disposition_rules
from serving.settings import Settings
from serving.shelf import Champion, Shelf
from serving.webhooks import Courier
from workflow import crosswalk, policy
from workflow.asking import dispositions_left
from workflow.assessment import Row
from workflow.crosswalk import Crosswalk
from workflow.facts import AutomationCleared
from workflow.refused import Refused
from workflow.wanted import Wanted

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def fair_draw() -> int:
    """A number from 0 to 999 that nobody can foresee."""
    return secrets.randbelow(1000)


@dataclass
class Services:
    """Everything a route, a worker or a command needs."""

    settings: Settings
    database_url: str
    engine: Engine
    journal: Journal
    policies: PolicyShelf
    cases: Cases
    shelf: Shelf
    assessor: Assessor
    performer: EffectPerformer
    metrics: Metrics
    evidence: EvidenceStore
    disposition_rules: Mask
    crosswalk: Crosswalk
    erp: ErpPort
    erp_side: ErpSide
    health: Health
    courier: Courier
    door: Door
    clock: Clock
    draw: Draw

    def clear_automation(self) -> list[AutomationCleared]:
        """Recompute how sure answers must be to pass without a person; what changed."""
        return retrying(
            self.engine,
            lambda conn: recompute(conn, self.journal, self.shelf, self.policies, self.clock()),
        )

    def refresh(self) -> None:
        """Take up what was promoted and published since the last look."""
        self.policies.keep(self.clock())
        self.policies.refresh()
        self.shelf.refresh()

    @contextmanager
    def lookups(self, endpoint: str) -> Iterator[Lookup | None]:
        """How an item that names a case or an exception becomes a row; opened only if used."""
        if endpoint == "return-reason":
            yield None
            return
        yield lambda item: self._look_up(endpoint, item)

    def _look_up(self, endpoint: str, item: Mapping[str, object]) -> tuple[Row, Mask | None]:
        if endpoint == "reconciliation-exceptions":
            return self._exception_row(_text(item, "exception_id")), None
        return_id, number = _text(item, "return_id"), item.get("line")
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise Invalid("invalid_item", "line is a line number of the return, from 1.")
        with self.engine.connect() as conn:
            state = situation(self.cases.state(conn, return_id)[0], return_id)
            line = state.case.line(number)
            if line is None:
                raise Refused("unknown_line", f"{return_id} has no line {number}.")
            if any(subject[1] == number for subject in hidden(state.case)):
                raise Refused("wrong_state", f"Line {number} is being judged without a model.")
            point = "credit" if endpoint == "credit-anomaly" else "disposition"
            now = self.clock()
            row, _ = self.assessor.row(conn, state, Wanted(point, number), now)
        if endpoint == "credit-anomaly":
            return row, None
        if not line.portions:
            return row, self.disposition_rules  # not inspected yet: the rules see what is known
        policies = self.policies.of_case(state, now)
        left = dispositions_left(state.case, line.portions[-1], policies, now)
        ruled = Ruled(left, policies["disposition"].ref)
        return row, lambda _: ruled

    def _exception_row(self, exception_id: str) -> Row:
        with self.engine.connect() as conn:
            if worklists.exception(conn, exception_id) is None:
                raise Refused("unknown_exception", f"There is no exception {exception_id}.")

            def read(keys: object) -> Mapping[MemoryKey, Memory]:
                return self.journal.memories(conn, keys)[0]  # type: ignore[arg-type]

            feature_set = SETS["exception_rank"]
            return ask(feature_set, about_exception(exception_id, self.clock()), read)[1]


def _text(item: Mapping[str, object], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise Invalid("invalid_item", f"Give facts, or {name}.")
    return value


def wire(
    settings: Settings,
    database_url: str,
    *,
    clock: Clock = utc_now,
    erp: Callable[[Engine], ErpPort] | None = None,
    bundles: Store | None = None,
    shelf: Shelf | None = None,
    draw: Draw = fair_draw,
) -> Services:
    """Build everything for one process; ``erp`` instead of the one that the settings choose.

    Errors: ``workflow.policy.Mismatch`` where the policies have faults;
    ``workflow.crosswalk.Incomplete`` where the crosswalk has; ``ErpNotNamed`` and
    ``IncompleteMap`` where the ERP's settings have.
    """
    make_erp = erp or chosen_erp(settings)
    engine = engine_for(database_url, pool_size=settings.pool_size)
    system = make_erp(engine)
    policies = PolicyShelf(engine, policy.load(Path(settings.policies_dir)))
    journal = Journal(FOLDS, outbox.defer_effect)
    cases = Cases(journal, policies)
    shelf = shelf or _shelf(engine, bundles, settings)
    assessor = Assessor(cases, journal, shelf, policies, draw)

    health = Health(engine, journal, settings, clock)

    def depths() -> dict[str, dict[str, int]]:
        with engine.connect() as conn:
            return worklists.depths(conn)

    return Services(
        settings=settings,
        database_url=database_url,
        engine=engine,
        journal=journal,
        policies=policies,
        cases=cases,
        shelf=shelf,
        assessor=assessor,
        performer=EffectPerformer(engine, cases, assessor, system, clock, settings.system_limits),
        metrics=Metrics(depths, Gauges(health)),
        health=health,
        evidence=EvidenceStore(settings.evidence_store),
        disposition_rules=disposition_rules(policies, clock),
        erp=system,
        erp_side=erp_side_of(settings, system),
        crosswalk=crosswalk.load(Path(settings.policies_dir) / "crosswalk.toml"),
        courier=Courier(engine, journal, settings, clock),
        door=Door(),
        clock=clock,
        draw=draw,
    )


def _shelf(engine: Engine, bundles: Store | None, settings: Settings) -> Shelf:
    """The models that the ledger says are promoted, from the store of bundles."""
    store = bundles or Store(settings.bundle_store, settings.state_dir / "shelf")

    def champions() -> list[Champion]:
        with engine.connect() as conn:
            return [
                Champion(
                    row["name"],
                    row["version"],
                    row["bundle_digest"],
                    row["alias"],
                    row["in_ledger"],
                )
                for row in lookups.champions(conn)
            ]

    return Shelf(champions, store.fetch)


def services_of(request: Request) -> Services:
    """The services of the app that answers this request."""
    services: Services = request.app.state.services
    return services
