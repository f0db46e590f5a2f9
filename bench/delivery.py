"""Each credit exactly once in a real ERP, over a wire that loses, repeats, cuts and delays.

``python -m bench.delivery --credits 1000`` posts so many credits by several workers, each performed
again until it is answered, and counts what the ERP holds in the end. ``--store postgresql`` puts
the ERP on PostgreSQL instead of SQLite; ``--kill 20`` has real cases performed by ``triage worker``
processes and kills twenty of them on the way. Needs ``make erp-setup``.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from integrations.erp.accounts import ACCOUNTS
from integrations.erp.port import Unavailable
from integrations.erp.postings import balances, postings
from integrations.erp.tryton.adapter import TrytonErp
from integrations.erp.tryton.rpc import Rpc
from integrations.perform import perform
from journal import embedded
from journal.database import engine_for, migrate
from simulation.erp_lab import lab, on_postgresql
from simulation.faulty_wire import Wire, WireFault, faulty_wire

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
MOST_TRIES = 200
PATIENCE_SECONDS = 1.0
"""The wire answers a lost call only when the system is done with it, so little can come late."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was asked and what the ERP holds. ``wrong`` counts credits that are there more or
    fewer than once, or with another amount; ``strays`` drafts that were made twice. ``ledger``:
    account -> what the credits should come to and what the ERP's books say, minor units. ``kills``
    are workers killed, ``cut_short`` effects under way just then."""

    credits: int
    workers: int
    tries: int
    faults: dict[str, int]
    wrong: int
    strays: int
    total_minor: int
    posted_minor: int
    ledger: dict[str, tuple[int, int]]
    seconds: float
    kills: int = 0
    cut_short: int = 0

    @property
    def right(self) -> bool:
        """Each credit once, and the books equal, account by account."""
        return not self.wrong and all(ours == theirs for ours, theirs in self.ledger.values())


def payload(number: int) -> dict[str, object]:
    """A credit of its own amount for a case of its own."""
    return {
        "return_id": f"RD-{number}",
        "line": 1,
        "sequence": 1,
        "customer_id": "C-1",
        "sku": "SKU-1",
        "invoice_id": "INV-1",
        "invoice_line": 1,
        "net_minor": 1_00 + number,
        "tax_minor": 20,
        "currency": "USD",
        "decision": "full",
        "reason": None,
    }


def _key(number: int) -> str:
    return f"RD-{number}/1/credit/1"


def _effect(number: int) -> dict[str, Any]:
    """The credit as a row of the outbox."""
    return {
        "key": _key(number), "kind": "erp.credit_memo", "return_id": f"RD-{number}",
        "payload": payload(number), "status": "done", "reference": None,
    }  # fmt: skip


def ledger(erp: TrytonErp, effects: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Account -> what effects come to by our posting rules and in the ERP's posted entries."""
    by_case: dict[str, list[Mapping[str, Any]]] = {}
    for effect in effects:
        by_case.setdefault(effect["return_id"], []).append(effect)
    ours = Counter[str]()
    for asked in by_case.values():
        ours.update({one.account: one.expected_minor for one in balances(postings(asked))})
    found = {}
    for account in ACCOUNTS:
        there = erp.balances(account).items()
        found[account] = (ours[account], sum(n for case, n in there if case in by_case))
    return {account: pair for account, pair in found.items() if any(pair)}


def deliver(
    engine: Engine, direct: Rpc, wire: Wire, credits: int, workers: int, minutes: float = 600
) -> Delivered:
    """Post credits over the wire and count them past it; none is begun after so many minutes.

    Each credit is given to two workers, as a queue that delivers at least once does.
    """
    started, tries = time.monotonic(), Counter[int]()
    session = Rpc(wire.url, direct.database, direct.login, direct.password)
    erp = TrytonErp(engine, session, patience_seconds=PATIENCE_SECONDS)

    def one(number: int) -> None:
        if number not in tries and time.monotonic() - started > 60 * minutes:
            return
        dice = random.Random(number)
        for attempt in range(MOST_TRIES):
            tries[number] += 1
            try:
                perform("erp.credit_memo", _key(number), f"RD-{number}", payload(number), erp, AT)
            except Unavailable:
                time.sleep(min(1.0, 0.05 * 2 ** min(attempt, 5)) * dice.random())
            else:
                return
        raise AssertionError(f"credit {number} was not answered in {MOST_TRIES} tries")

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, [number for number in range(credits) for _ in range(2)]))
    session.close()
    effects = [_effect(number) for number in tries]
    asked = {_key(number): 1_00 + number + 20 for number in tries}
    return counted(engine, direct, wire, asked, effects, workers, tries.total(), started)


def counted(
    engine: Engine,
    direct: Rpc,
    wire: Wire,
    asked: Mapping[str, int],
    effects: Sequence[Mapping[str, Any]],
    workers: int,
    tries: int,
    started: float,
) -> Delivered:
    """What the ERP holds of credits asked under keys (-> their totals), read past the wire."""
    books = ledger(TrytonErp(engine, direct), effects)
    posted, strays = _held(direct)
    wrong = sum(posted.get(key, []) != [amount] for key, amount in asked.items())
    return Delivered(
        len(asked), workers, tries, {str(k): n for k, n in sorted(wire.met.items())}, wrong,
        strays, sum(asked.values()), sum(map(sum, posted.values())), books,
        round(time.monotonic() - started, 1),
    )  # fmt: skip


def _held(direct: Rpc) -> tuple[dict[str, list[int]], int]:
    """Key -> totals of its posted credit notes in minor units; how many drafts there are."""
    rows: list[dict[str, Any]] = direct.read(
        "model.account.invoice.search_read", [["reference", "like", "RD-%"]], 0, None, None,
        ["reference", "state", "total_amount"],
    )  # fmt: skip
    posted: dict[str, list[int]] = {}
    for row in rows:
        if row["state"] in ("posted", "paid"):
            posted.setdefault(row["reference"], []).append(-int(row["total_amount"] * 100))
    return posted, sum(row["state"] == "draft" for row in rows)


@contextmanager
def _erp(store: str, server: str) -> Iterator[lab.Running]:
    """The ERP on SQLite, or on a database beside ours."""
    if store == "sqlite":
        with lab.serving(lab.build()) as running:
            yield running
    else:
        with on_postgresql.serving(on_postgresql.build(), server) as running:
            yield running


def main(arguments: Sequence[str] | None = None) -> None:
    """Run against a server of the lab; the last line is one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--credits", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=600, help="begin none after them")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--kill", type=int, default=0, help="so many worker processes killed")
    parser.add_argument("--rate", type=float, default=0.03, help="share of calls a fault")
    parser.add_argument("--seed", type=int, default=8123)
    chosen = parser.parse_args(arguments)
    rates = dict.fromkeys(WireFault, chosen.rate)
    with (
        embedded.temporary(in_memory=True) as url,
        _erp(chosen.store, url) as running,
        faulty_wire(running.url, rates, chosen.seed) as wire,
    ):
        migrate(url)
        engine = engine_for(url, pool_size=2 * chosen.workers)
        login, password = running.users["service"]
        direct = Rpc(running.url, running.database, login, password)
        if chosen.kill:
            from bench.delivery_killed import deliver_killed

            found = deliver_killed(
                url, engine, direct, wire, chosen.credits, chosen.workers, chosen.kill, chosen.seed
            )
        else:
            found = deliver(engine, direct, wire, chosen.credits, chosen.workers, chosen.minutes)
        engine.dispose()
        direct.close()
    print(json.dumps(asdict(found)))
    if not found.right:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
