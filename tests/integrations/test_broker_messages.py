"""Messages of a broker as CloudEvents, and nothing of it where no broker is set."""

import subprocess
import sys

import pytest

from integrations.broker.messages import MOST_BYTES, Unreadable, events_of, subject_of

EVENT = b'{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":1}}'


def test_structured_batched_and_binary_messages_are_events() -> None:
    """NATS and AMQP name the attributes in headers of their own."""
    assert events_of(EVENT, {})[0]["id"] == "1"
    assert len(events_of(b"[%s,%s]" % (EVENT, EVENT), {})) == 2
    for prefix in ("ce-", "cloudEvents:", "cloudEvents_"):
        head = {f"{prefix}id": "2", f"{prefix}type": "t", "Content-Type": "application/json"}
        (event,) = events_of(b'{"a":1}', head)
        assert event == {"id": "2", "type": "t", "data": {"a": 1}}
    assert subject_of("returns-triage.invoice_recorded") == "triage.feed.invoice_recorded"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[1]", b"1", b"\xff", b" " * (MOST_BYTES + 1)])
def test_other_messages_are_said_to_be_unreadable(body: bytes) -> None:
    """Never a crash: what they hold is kept by whoever asked."""
    with pytest.raises(Unreadable):
        events_of(body, {})


def test_a_server_without_a_broker_imports_none() -> None:
    """FastStream is paid for by those who set a broker."""
    code = "import sys, serving.app, serving.chores; sys.exit('faststream' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
