"""The health of every integration, gathered: as JSON, and as gauges at each scrape."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Engine

from insights.integration import Link, Parked, Tries, links, seconds_since
from journal import health, systems
from journal.feed_position import BROKER
from journal.journal import Journal
from serving.dropped import waiting
from serving.present import time
from serving.settings import Settings

Clock = Callable[[], datetime]
Json = dict[str, object]


class Health:
    """Looks when it is asked; nothing is kept between two looks."""

    def __init__(self, engine: Engine, journal: Journal, settings: Settings, clock: Clock) -> None:
        self._engine, self._journal = engine, journal
        self._settings, self.clock = settings, clock

    def links(self) -> list[Link]:
        """Effects by system, webhooks, facts by source; the broker and the folder for files where
        they are set."""
        now = self.clock()
        with self._engine.connect() as conn:
            down = {name: row["opened_at"] for name, row in systems.down(conn).items()}
            asked, sent, told = (f(conn, now) for f in (health.effects, health.hooks, health.facts))
            found = [
                *links("effects", asked.waiting, asked.tries, asked.parked, down),
                *links("webhooks", sent.waiting, sent.tries, sent.parked),
                *links("facts", told.waiting, told.tries, told.parked),
            ]
            if self._settings.broker_url is not None:
                found.append(self._feed(conn))
        if self._settings.drop_dir is not None and self._settings.drop_dir.is_dir():
            found.append(files(self._settings.drop_dir))
        return found

    def _feed(self, conn: Connection) -> Link:
        """The last success of the broker is when the last event that it has was recorded."""
        row = health.feed(conn, BROKER, self._journal.settled(conn))
        return Link("broker", "feed", row["many"], row["oldest"], row["last"])


def files(folder: Path) -> Link:
    """Files dropped and not taken yet (``serving.dropped``); those rejected wait for a person."""
    there = [_time(path) for path in waiting(folder)]
    rejected = folder / "rejected"
    bad = sorted(_time(path) for path in rejected.glob("*.csv")) if rejected.is_dir() else []
    done = folder / "done"
    return Link(
        "files",
        "drop",
        len(there),
        min(there, default=None),
        _time(done) if done.is_dir() else None,  # a file that is moved in touches its folder
        parked=[Parked("rejected", len(bad), bad[0])] if bad else [],
    )


def _time(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def link_json(link: Link, now: datetime) -> Json:
    """One way as it is told; ages in whole seconds, money in minor units by currency."""
    return {
        "kind": link.kind,
        "system": link.system,
        "waiting": link.waiting,
        "oldest_waiting_seconds": seconds_since(link.oldest, now),
        "last_success": link.last_success and time(link.last_success),
        "down_since": link.down_since and time(link.down_since),
        "last_hour": _tries_json(link.last_hour),
        "last_day": _tries_json(link.last_day),
        "parked": [
            {
                "cause": one.cause,
                "count": one.count,
                "oldest_seconds": seconds_since(one.oldest, now),
                "money": [
                    {"currency": currency, "minor": minor} for currency, minor in one.money.items()
                ],
            }
            for one in link.parked
        ],
    }


def _tries_json(tries: Tries) -> Json:
    return {
        "attempts": tries.attempts,
        "failures": tries.failures,
        "error_share": tries.error_share,
    }


class Gauges(Collector):
    """The same figures for Prometheus, looked up when it asks."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def describe(self) -> list[Metric]:
        """Nothing beforehand: registering does not read the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        found, now = self._health.links(), self._health.clock()
        for name, says, value in _OF_LINK:
            family = GaugeMetricFamily(f"triage_integration_{name}", says, labels=_WHERE)
            for link in found:
                if (figure := value(link, now)) is not None:
                    family.add_metric([link.kind, link.system], figure)
            yield family
        yield from _tries(found)
        yield from _parked(found, now)


_WHERE = ["kind", "system"]
_OF_LINK: list[tuple[str, str, Callable[[Link, datetime], float | None]]] = [
    ("waiting", "Messages that wait.", lambda one, now: one.waiting),
    ("oldest_waiting_seconds", "Age of the longest waiting; 0 where none waits.",
     lambda one, now: seconds_since(one.oldest, now) or 0),
    ("last_success_timestamp_seconds", "When something last went through.",
     lambda one, now: one.last_success.timestamp() if one.last_success else None),
    ("down", "1 while nobody asks the system, as it does not answer.",
     lambda one, now: int(one.down_since is not None)),
]  # fmt: skip


def _tries(found: list[Link]) -> Iterator[Metric]:
    names = [*_WHERE, "window"]
    tried = GaugeMetricFamily("triage_integration_attempts", "Tried in the window.", labels=names)
    failed = GaugeMetricFamily("triage_integration_failures", "Of these, failed.", labels=names)
    for link in found:
        for window, tries in (("hour", link.last_hour), ("day", link.last_day)):
            tried.add_metric([link.kind, link.system, window], tries.attempts)
            failed.add_metric([link.kind, link.system, window], tries.failures)
    return iter((tried, failed))


def _parked(found: list[Link], now: datetime) -> Iterator[Metric]:
    names, prefix = [*_WHERE, "cause"], "triage_integration_parked"
    many = GaugeMetricFamily(prefix, "Parked, by cause.", labels=names)
    age = GaugeMetricFamily(f"{prefix}_oldest_seconds", "Age of the oldest.", labels=names)
    money = GaugeMetricFamily(f"{prefix}_minor", "Their money.", labels=[*names, "currency"])
    for link in found:
        for one in link.parked:
            where = [link.kind, link.system, one.cause]
            many.add_metric(where, one.count)
            age.add_metric(where, seconds_since(one.oldest, now) or 0)
            for currency, minor in one.money.items():
                money.add_metric([*where, currency], minor)
    return iter((many, age, money))
