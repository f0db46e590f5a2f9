"""Each credit exactly once in a real ERP, over a wire that loses, repeats, cuts and delays.

``python -m bench.delivery --credits 1000`` posts so many credits by several workers, each performed
again until it is answered, and counts what the ERP holds in the end. Every twentieth is that of a
whole return, from its announcement to the supplier's credit (``--whole``). ``--store postgresql``
puts the ERP on PostgreSQL instead of SQLite; ``--kill 20`` has real cases performed by ``triage
worker`` processes and kills twenty of them on the way. Needs ``make erp-setup``.
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
from typing import Any

from sqlalchemy import Engine

from bench.delivery_cases import AT, Effect, amiss, both_sides, credit, held, whole_case
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

MOST_TRIES = 200
NAMED = 10
PATIENCE_SECONDS = 1.0
"""The wire answers a lost call only when the system is done with it, so little can come late."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was asked and what the ERP holds. ``wrong`` counts credits that are there more or
    fewer than once, or with another amount; ``amiss`` effects of which a paper is; ``strays``
    drafts that were made twice, and ``left`` the first of them. ``ledger``: account -> what the
    effects should come to and what the ERP's books say, minor units; ``differing``: the first cases
    of which they say something else. ``kills`` are workers killed, ``cut_short`` effects under way
    just then."""

    credits: int
    effects: int
    workers: int
    tries: int
    faults: dict[str, int]
    wrong: int
    amiss: int
    strays: int
    total_minor: int
    posted_minor: int
    ledger: dict[str, tuple[int, int]]
    differing: tuple[str, ...]
    left: tuple[str, ...]
    seconds: float
    kills: int = 0
    cut_short: int = 0

    @property
    def right(self) -> bool:
        """Each credit and every other paper once, and the books equal, case by case."""
        return not (self.wrong or self.amiss or self.differing)


Books = dict[str, dict[str, tuple[int, int]]]
"""Account -> case -> what it should come to by our posting rules, and in the ERP's entries."""


def books(erp: TrytonErp, effects: Sequence[Mapping[str, Any]]) -> Books:
    """Our books and theirs, of the cases that the effects are of."""
    by_case: dict[str, list[Mapping[str, Any]]] = {}
    for effect in effects:
        by_case.setdefault(effect["return_id"], []).append(effect)
    ours = {
        case: {one.account: one.expected_minor for one in balances(postings(asked))}
        for case, asked in by_case.items()
    }
    found: Books = {}
    for account in ACCOUNTS:
        there = erp.balances(account)
        found[account] = {case: (ours[case].get(account, 0), there.get(case, 0)) for case in ours}
    return found


def ledger(found: Books) -> dict[str, tuple[int, int]]:
    """Account -> both sides of all cases together; accounts that nothing touched are left out."""
    sums = {
        account: (sum(ours for ours, _ in of.values()), sum(theirs for _, theirs in of.values()))
        for account, of in found.items()
    }
    return {account: pair for account, pair in sums.items() if any(pair)}


def deliver(
    engine: Engine,
    direct: Rpc,
    wire: Wire,
    credits: int,
    workers: int,
    minutes: float = 600,
    whole: int = 0,
) -> Delivered:
    """Post credits over the wire and count them past it; no case is begun after so many minutes.

    Every case is given to two workers, as a queue that delivers at least once does. Every
    ``whole``-th is a whole return, where it is above zero.
    """
    started, tries, begun = time.monotonic(), Counter[str](), dict[int, list[Effect]]()
    session = Rpc(wire.url, direct.database, direct.login, direct.password)
    erp = TrytonErp(engine, session, patience_seconds=PATIENCE_SECONDS)

    def one(number: int) -> None:
        if number not in begun and time.monotonic() - started > 60 * minutes:
            return
        begun[number] = whole_case(number) if whole and number % whole == 0 else [credit(number)]
        for effect in begun[number]:
            tries[effect.key] += insist(erp, effect, random.Random(effect.key))

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, [number for number in range(credits) for _ in range(2)]))
    session.close()
    effects = [effect.row() for asked in begun.values() for effect in asked]
    return counted(engine, direct, wire, effects, workers, tries.total(), started)


def insist(erp: TrytonErp, effect: Effect, dice: random.Random) -> int:
    """Perform an effect again until it is answered; how often that was."""
    for attempt in range(MOST_TRIES):
        try:
            perform(effect.kind, effect.key, effect.return_id, effect.payload, erp, AT)
        except Unavailable:
            time.sleep(min(1.0, 0.05 * 2 ** min(attempt, 5)) * dice.random())
        else:
            return attempt + 1
    raise AssertionError(f"{effect.key} was not answered in {MOST_TRIES} tries")


def counted(
    engine: Engine,
    direct: Rpc,
    wire: Wire,
    effects: Sequence[Mapping[str, Any]],
    workers: int,
    tries: int,
    started: float,
) -> Delivered:
    """What the ERP holds of effects, read past the wire."""
    seconds = round(time.monotonic() - started, 1)
    asked = {row["key"]: total(row) for row in effects if row["kind"] == "erp.credit_memo"}
    both, found = books(TrytonErp(engine, direct), effects), held(direct)
    differing = sorted({n for of in both.values() for n, (a, b) in of.items() if a != b})
    wrong = sum(found.credits.get(key, []) != [amount] for key, amount in asked.items())
    posted = sum(sum(amounts) for key, amounts in found.credits.items() if key in asked)
    for case in differing[:NAMED]:
        print(json.dumps(both_sides(engine, direct, case), default=str))
    return Delivered(
        len(asked), len(effects), workers, tries,
        {str(fault): n for fault, n in sorted(wire.met.items())}, wrong, amiss(found, effects),
        len(found.drafts), sum(asked.values()), posted, ledger(both), tuple(differing[:NAMED]),
        found.drafts[:NAMED], seconds,
    )  # fmt: skip


def total(row: Mapping[str, Any]) -> int:
    """What a credit of the outbox comes to, with its tax, in minor units."""
    amount: int = row["payload"]["net_minor"] + row["payload"]["tax_minor"]
    return amount


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
    parser.add_argument("--whole", type=int, default=20, help="every so manieth is a whole return")
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
            found = deliver(
                engine, direct, wire, chosen.credits, chosen.workers, chosen.minutes, chosen.whole
            )
        engine.dispose()
        direct.close()
    print(json.dumps(asdict(found)))
    if not found.right:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
