"""The made-up ERP of a mapping, reached without a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

from commands import made_up_erp
from integrations.erp.mapped_wire import Answer

Json = dict[str, Any]


@dataclass
class Stub(made_up_erp.Stub):
    """As a ``Transport`` it sends to itself; ``lost`` in ``fails`` loses the answer to a write."""

    def send(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str],
        body: Json | None,
    ) -> Answer:  # fmt: skip
        lost = bool(self.fails) and self.fails[0] == "lost" and method == "POST"
        if lost:
            self.fails.pop(0)
        got = TestClient(self.app).request(
            method, path, params=dict(query), headers=dict(headers), json=body
        )
        if lost:
            raise TimeoutError("no answer")
        return Answer(got.status_code, dict(got.headers), got.json() if got.content else None)
