"""DBOS scores a reason and asks for a return: once, however often it is interrupted.

RETURNS_URL=http://127.0.0.1:8000 RETURNS_KEY=... python dbos_return.py order-77 body.json
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx
from dbos import DBOS, DBOSConfig, SetWorkflowID

Json = dict[str, Any]
PASSING = {"unavailable", "idempotency_key_in_progress"}
"""Codes that another try may change, beside 429 and 503; every other problem is final."""


class Problem(Exception):
    """What the API answered instead: status, code and detail of its problem document."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(status, code, detail)
        self.status, self.code, self.detail = status, code, detail


def post(path: str, body: Json, **headers: str) -> Json:
    """The answer to a POST. The key is read here, so that the engine never stores it."""
    key = {"Authorization": f"Bearer {os.environ['RETURNS_KEY']}"}
    url = os.environ["RETURNS_URL"] + path
    answer = httpx.post(url, json=body, headers=key | headers, timeout=10)
    said: Json = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
    if answer.is_error:
        raise Problem(answer.status_code, said.get("code", "unknown"), said.get("detail", ""))
    return said


def passing(error: BaseException) -> bool:
    """Whether another try may help: no connection, busy, or the first try is still at work."""
    if isinstance(error, Problem):
        return error.status in (429, 503) or error.code in PASSING
    return isinstance(error, httpx.TransportError)


@DBOS.step(
    retries_allowed=True, max_attempts=8, interval_seconds=0.2, backoff_rate=2, should_retry=passing
)
def score(text: str) -> Json:
    """What the model says of the customer's words."""
    item: Json = post("/v1/score/return-reason", {"items": [{"text": text}]})["items"][0]
    return item


@DBOS.step(
    retries_allowed=True, max_attempts=8, interval_seconds=0.2, backoff_rate=2, should_retry=passing
)
def ask(key: str, body: Json) -> Json:
    """Ask for the return; the same key gets the first answer again."""
    return post("/v1/returns", body, **{"Idempotency-Key": key})


@DBOS.workflow()
def return_wanted(body: Json) -> Json:
    """The return and what became of it, and whether a person should read the words first."""
    workflow_id = DBOS.workflow_id
    assert workflow_id is not None
    said = score(body["lines"][0]["reason_text"])
    case = ask(workflow_id, body)
    return {"return": case["id"], "status": case["status"], "unsure": said.get("value") is None}


def run(workflow_id: str, body: Json) -> Json:
    """Run it, or get what it answered before."""
    with SetWorkflowID(workflow_id):
        return return_wanted(body)


if __name__ == "__main__":
    config: DBOSConfig = {"name": "returns", "system_database_url": "sqlite:///returns.sqlite"}
    DBOS(config=config)
    DBOS.launch()
    print(run(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))))
    DBOS.destroy()
