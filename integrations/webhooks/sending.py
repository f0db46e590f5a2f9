"""One POST to a receiver: no redirect is followed, and no more is read than a person would."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult

import httpx

from integrations.webhooks.address import Target

TIMEOUT_SECONDS = 15
MOST_ANSWER_BYTES = 2000
"""So much of an answer's body is kept for whoever looks for the fault."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt. ``status`` is ``None`` where nothing was answered, and ``error``
    says why; ``body`` is cut off; ``wait_seconds`` is what the receiver asked for."""

    status: int | None
    body: str = ""
    error: str | None = None
    wait_seconds: int | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Post(Protocol):
    """Sends one message; ``post`` is one."""

    def __call__(self, to: Target, headers: Mapping[str, str], body: bytes) -> Answer: ...


def post(to: Target, headers: Mapping[str, str], body: bytes) -> Answer:
    """Send to the address that was judged, under the host's own name and certificate."""
    named = {**headers, "Host": to.url.netloc.rpartition("@")[2]}
    host = f"[{to.address}]" if ":" in to.address else to.address
    url = _at(to.url, f"{host}:{to.port}")
    try:
        with (
            httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client,
            client.stream(
                "POST", url, content=body, headers=named, extensions={"sni_hostname": to.host}
            ) as answer,
        ):
            text = _beginning(answer)
            return Answer(answer.status_code, text, None, _wait(answer))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Answer(None, "", f"{type(error).__name__}: {error}"[:500])


def _at(url: SplitResult, netloc: str) -> str:
    return url._replace(netloc=netloc).geturl()


def _beginning(answer: httpx.Response) -> str:
    """The first bytes of a body as text; a receiver that drips is left after the time limit."""
    read, until = b"", time.monotonic() + TIMEOUT_SECONDS
    for chunk in answer.iter_raw(chunk_size=MOST_ANSWER_BYTES):
        read += chunk
        if len(read) >= MOST_ANSWER_BYTES or time.monotonic() > until:
            break
    return read[:MOST_ANSWER_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")


def _wait(answer: httpx.Response) -> int | None:
    """Seconds that a Retry-After header asks for; dates are not read."""
    given = answer.headers.get("retry-after", "")
    return int(given) if given.isdigit() and len(given) < 7 else None
