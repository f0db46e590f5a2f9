"""The receiver printed in the how-to takes what we send, and nothing else."""

import re
import threading
from datetime import UTC, datetime, timedelta
from http.server import HTTPServer
from pathlib import Path

import pytest

from integrations.webhooks import sending, signing
from integrations.webhooks.address import networks, target

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "receive-webhooks.md"


def test_the_receiver_of_the_how_to_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed messages are taken, also while two secrets sign; forged and old ones are refused, and
    a repetition changes nothing."""
    secret = signing.new_secret()
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    space: dict[str, object] = {"__name__": "receiver"}
    exec(compile(program, str(PAGE), "exec"), space)
    receiver, now = space["Receiver"], datetime.now(UTC)
    receiver.log_message = lambda *_: None  # type: ignore[attr-defined]
    with HTTPServer(("127.0.0.1", 0), receiver) as server:  # type: ignore[arg-type]
        running = threading.Thread(target=server.serve_forever, args=(0.01,))
        running.start()
        to = target(f"http://127.0.0.1:{server.server_port}/", networks("127.0.0.0/8"))

        def send(name: str, keys: list[str], at: datetime, body: bytes = b'{"n": 1}') -> int | None:
            return sending.post(to, signing.headers(keys, name, at, body), body).status

        try:
            assert send("evt_1", [secret], now) == 204
            assert send("evt_2", [signing.new_secret(), secret], now) == 204
            assert send("evt_3", [signing.new_secret()], now) == 401
            assert send("evt_4", [secret], now - timedelta(minutes=6)) == 401
            assert send("evt_1", [secret], now, b'{"n": 2}') == 204
        finally:
            server.shutdown()
            running.join()
    assert space["seen"] == {"evt_1": {"n": 1}, "evt_2": {"n": 1}}
