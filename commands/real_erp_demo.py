"""``triage demo --erp tryton``: R-1001 over HTTP, its credit note and ledger in a real ERP.

Both sides begin new each time and end with Ctrl-C: the prepared ERP is a copy, and what our
database knows of it would be wrong for the next one. No history, no models: people decide.
"""

import json
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from commands.demo_command import add_people, serve_until_stopped
from commands.setup import fail, settings

if TYPE_CHECKING:
    from serving.wiring import Services
    from simulation.erp_lab.lab import Running

PATIENCE_SECONDS = 180
CASE = "/v1/returns/R-1001"


def run(port: int) -> None:
    """Start the ERP and the house, play R-1001 through both, show the totals, and serve."""
    from simulation.erp_lab import lab

    started = time.monotonic()
    if lab.find() is None:
        typer.echo("Building the ERP and its database (two minutes) ...")
    try:
        prepared = lab.build()
        typer.echo("Starting the ERP and the database ...")
        with lab.serving(prepared) as erp, _house(erp) as (wired, url):
            serve_until_stopped(
                url,
                port,
                started,
                lambda: _play(wired, port, erp.process.pid),
                "the next one begins new",
            )
    except lab.LabError as error:
        fail(str(error))


@contextmanager
def _house(erp: "Running") -> Iterator[tuple["Services", str]]:
    """A new database with people and the story's facts, wired to the running ERP."""
    from journal import embedded
    from journal.database import migrate
    from journal.entries import Append
    from serving.facts_in import stream_of
    from serving.wiring import wire
    from simulation.story import Story
    from workflow.actor import SYSTEM

    login, password = erp.users["service"]
    with tempfile.TemporaryDirectory(prefix="triage-demo-") as folder, embedded.temporary() as url:
        # The server and the worker are processes of their own and are told by the environment.
        os.environ |= {
            "TRIAGE_STATE_DIR": folder,
            "TRIAGE_ERP": "tryton",
            "TRIAGE_ERP_URL": erp.url,
            "TRIAGE_ERP_DATABASE": erp.database,
            "TRIAGE_ERP_LOGIN": login,
            "TRIAGE_ERP_PASSWORD": password,
        }
        migrate(url)
        wired = wire(settings(), url)
        add_people(wired)
        now = wired.clock()
        facts = Story(now - timedelta(minutes=1)).facts()
        with wired.engine.begin() as conn:
            told = [Append(stream_of(fact), (fact,), SYSTEM, now) for fact in facts]
            wired.journal.append(conn, told)
        try:
            yield wired, url
        finally:
            wired.engine.dispose()


@dataclass(frozen=True, slots=True)
class _Desk:
    """Requests to the running house as any role."""

    base: str
    keys: Mapping[str, str]

    def ask(self, path: str, role: str, body: object = None) -> Any:
        """The answer as JSON; a refusal ends the demo with its sentence."""
        headers = {"Authorization": f"Bearer {self.keys[role]}", "Content-Type": "application/json"}
        if body is not None:
            headers["Idempotency-Key"] = f"demo-{path}-{role}-{hash(str(body))}"
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.base + path, data, headers)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            fail(f"{path}: {refused.code} {refused.read().decode()[:300]}")

    def settle(self) -> Any:
        """The case when the ERP has done everything that was asked so far."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            case = self.ask(CASE, "returns_manager")
            status = {effect["status"] for effect in case["effects"]}
            if status <= {"done"}:
                return case
            if "parked" in status or time.monotonic() > end:
                fail(f"The ERP has not done everything; see {self.base}{CASE}.")
            time.sleep(0.3)


def _play(wired: "Services", port: int, erp_process: int) -> None:
    keys = json.loads(Path(wired.settings.state_dir, "demo-keys.json").read_text())
    desk = _Desk(f"http://127.0.0.1:{port}", keys)
    typer.echo("Playing R-1001 through the API and into the ERP ...")
    for path, role, body in _steps():
        desk.ask(path, role, body)
        desk.settle()
    _decide(desk, "disposition", "quality")
    _decide(desk, "credit", "finance_clerk")
    _show(wired, desk)
    typer.echo(f"To see it away: kill -STOP {erp_process}; and back: kill -CONT {erp_process}")


def _steps() -> Iterator[tuple[str, str, object]]:
    """Asked, received, inspected: what people say, in order."""
    from simulation.story import CUSTOMER_ID, INVOICE_ID, LOT, RETURN_ID, SKU, TEXT, Story

    story = Story(datetime.now(UTC))
    line = {
        "sku": SKU, "quantity": 4, "uom": "EA", "lot": LOT, "reason_text": TEXT,
        "reason_code": "defective_on_arrival", "source": {"invoice_id": INVOICE_ID, "line": 1},
    }  # fmt: skip
    asked = {"id": RETURN_ID, "customer": CUSTOMER_ID, "currency": "USD", "lines": [line]}
    yield "/v1/returns", "customer_service", asked
    got = {"line": 1, "sku": SKU, "quantity": 4, "lot": LOT}
    yield (
        f"{CASE}/receipts",
        "warehouse",
        {"receipt_id": "RC-1001", "warehouse": "W-IND-1", "lines": [got], "final": True},
    )
    for seen in story.inspections():
        said = {"line": 1, "quantity": str(seen.quantity), "condition": seen.condition}
        yield f"{CASE}/inspections", "inspector", said | {"lot": LOT, "note": seen.note}


def _decide(desk: _Desk, point: str, role: str) -> None:
    """Leaking pumps go back to the vendor, the sealed one on the shelf; credits are approved."""
    chosen = {"1.1": "return_to_vendor", "1.2": "restock"}
    for task in [one for one in desk.settle()["tasks"] if one["point"] == point]:
        said: dict[str, object] = {"decision": "approve"}
        if point == "disposition":
            said = {
                "decision": "override", "value": chosen[task["portion"]], "reason_code": "seen",
                "note": "As inspected.",
            }  # fmt: skip
        desk.ask(f"/v1/queue/{task['task']}/decision", role, said)
    desk.settle()


def _show(wired: "Services", desk: _Desk) -> None:
    """The documents in the ERP, and every account here and there."""
    from integrations.erp.tryton.adapter import TrytonErp
    from reconciliation.erp_side import Remote

    side = wired.erp_side
    if not isinstance(side, Remote) or not isinstance(side.erp, TrytonErp):
        raise AssertionError("the demo is wired to the real ERP")
    shown = desk.ask(f"{CASE}/postings", "finance_clerk")
    typer.echo("\nIn the ERP:")
    for document in shown["documents"]:
        typer.echo(f"  {document['document']:<14} {document['kind']:<20} {document['key']}")
    typer.echo(f"\n  {'account':<28} {'here':>12} {'in the ERP':>12}")
    for account in shown["accounts"]:
        here = account["expected_minor"]
        there = side.erp.balances(account["account"]).get("R-1001", 0)
        equal = "" if here == there else "  DIFFERENT"
        typer.echo(f"  {account['account']:<28} {here / 100:>12.2f} {there / 100:>12.2f}{equal}")
    typer.echo(f"\nThe ERP itself answers at {side.erp.rpc.url}, database {side.erp.rpc.database}.")
