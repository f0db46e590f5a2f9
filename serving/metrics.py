"""What ``/metrics`` shows: requests, answers, effects and the depth of queues."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """One registry a process; queue depths, and what ``others`` collect, are read at scrape."""

    def __init__(self, depths: Callable[[], dict[str, dict[str, int]]], *others: Collector) -> None:
        self._depths = depths
        self.registry = CollectorRegistry()
        for other in others:
            self.registry.register(other)
        self._requests = Histogram(
            "triage_http_request_seconds",
            "Time to answer, by route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._scored = Counter(
            "triage_scored_items",
            "Items scored, by endpoint.",
            ["endpoint"],
            registry=self.registry,
        )
        self._gauges = {
            "tasks": Gauge(
                "triage_open_tasks", "Open tasks, by role.", ["role"], registry=self.registry
            ),
            "effects": Gauge(
                "triage_effects", "Effects not done, by status.", ["status"], registry=self.registry
            ),
            "exceptions": Gauge(
                "triage_open_exceptions",
                "Open exceptions, by code.",
                ["code"],
                registry=self.registry,
            ),
        }

    def scored(self, endpoint: str, items: int) -> None:
        self._scored.labels(endpoint).inc(items)

    def observe(self, method: str, route: str, status: int, started: float) -> None:
        method = method if method in METHODS else "other"  # clients choose it: keep labels few
        self._requests.labels(method, route, str(status)).observe(time.perf_counter() - started)

    def text(self) -> bytes:
        """The exposition format, with depths as of now."""
        for name, depths in self._depths().items():
            gauge = self._gauges[name]
            gauge.clear()
            for label, depth in depths.items():
                gauge.labels(label).set(depth)
        return generate_latest(self.registry)
