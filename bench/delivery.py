"""Each credit exactly once in a real ERP, over a wire that loses, repeats, cuts and delays.

``python -m bench.delivery --credits 1000`` posts so many credits by several workers, each performed
again until it is answered, and counts what the ERP holds in the end. Needs ``make erp-setup``.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from integrations.erp.port import Unavailable
from integrations.erp.tryton.adapter import TrytonErp
from integrations.erp.tryton.rpc import Rpc
from integrations.perform import perform
from journal import embedded
from journal.database import engine_for, migrate
from simulation.erp_lab import lab
from simulation.faulty_wire import Wire, WireFault, faulty_wire

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
MOST_TRIES = 200
PATIENCE_SECONDS = 1.0
"""The wire answers a lost call only when the system is done with it, so little can come late."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was asked and what the ERP holds. ``wrong`` counts credits that are there more or
    fewer than once, or with another amount; ``strays`` drafts that were made twice."""

    credits: int
    workers: int
    tries: int
    faults: dict[str, int]
    wrong: int
    strays: int
    total_minor: int
    posted_minor: int
    seconds: float


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


def deliver(engine: Engine, direct: Rpc, wire: Wire, credits: int, workers: int) -> Delivered:
    """Post credits over the wire and count them past it.

    Each credit is given to two workers, as a queue that delivers at least once does.
    """
    started, tries = time.monotonic(), Counter[int]()
    session = Rpc(wire.url, direct.database, direct.login, direct.password)
    erp = TrytonErp(engine, session, patience_seconds=PATIENCE_SECONDS)

    def one(number: int) -> None:
        dice = random.Random(number)
        for attempt in range(MOST_TRIES):
            tries[number] += 1
            try:
                told = payload(number)
                perform("erp.credit_memo", f"RD-{number}/1/credit/1", f"RD-{number}", told, erp, AT)
            except Unavailable:
                time.sleep(min(1.0, 0.05 * 2 ** min(attempt, 5)) * dice.random())
            else:
                return
        raise AssertionError(f"credit {number} was not answered in {MOST_TRIES} tries")

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, [number for number in range(credits) for _ in range(2)]))
    session.close()
    posted, strays = _held(direct)
    asked = {f"RD-{n}/1/credit/1": 1_00 + n + 20 for n in range(credits)}
    wrong = sum(posted.get(key, []) != [amount] for key, amount in asked.items())
    return Delivered(
        credits, workers, tries.total(), {str(k): n for k, n in sorted(wire.met.items())}, wrong,
        strays, sum(asked.values()), sum(map(sum, posted.values())),
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run against a server of the lab; the last line is one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--credits", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rate", type=float, default=0.03, help="share of calls a fault")
    parser.add_argument("--seed", type=int, default=8123)
    chosen = parser.parse_args(arguments)
    rates = dict.fromkeys(WireFault, chosen.rate)
    with (
        embedded.temporary() as url,
        lab.serving(lab.build()) as running,
        faulty_wire(running.url, rates, chosen.seed) as wire,
    ):
        migrate(url)
        engine = engine_for(url, pool_size=2 * chosen.workers)
        login, password = running.users["service"]
        direct = Rpc(running.url, running.database, login, password)
        found = deliver(engine, direct, wire, chosen.credits, chosen.workers)
        engine.dispose()
        direct.close()
    print(json.dumps(asdict(found)))
    if found.wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
