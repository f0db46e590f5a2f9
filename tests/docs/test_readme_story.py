"""README's story of R-1001, pasted into bash as it stands, against a running service."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands.demo_command import PEOPLE
from features.catalogue import FOLDS
from journal import accounts
from journal.database import engine_for
from journal.entries import Append
from journal.journal import Journal
from journal.outbox import defer_effect
from serving.facts_in import stream_of
from simulation.story import Story
from workflow.actor import SYSTEM

ROOT = Path(__file__).resolve().parents[2]
DEMO = "http://127.0.0.1:8000"


def story_script() -> str:
    """Every block of the story and of scoring, in the order printed."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    chapter = text[text.index("## The story of R-1001") : text.index("## Your own history")]
    return "\n".join(re.findall(r"```sh\n(.*?)```", chapter, re.DOTALL))


def prepare(url: str, folder: Path) -> None:
    """What ``make demo`` leaves for the story: its facts, and a key a role in ``.triage``."""
    engine = engine_for(url)
    now = datetime.now(UTC)
    keys = {}
    with engine.begin() as conn:
        for role, user in {**PEOPLE, "service": "connector"}.items():
            kind = "service" if role == "service" else "person"
            accounts.save_account(conn, user, user.capitalize(), [role], now, kind=kind)
            keys[role] = accounts.create_api_key(conn, user, "demo", now)
        facts = Story(now - timedelta(minutes=1)).facts()
        Journal(FOLDS, defer_effect).append(
            conn, [Append(stream_of(fact), (fact,), SYSTEM, now) for fact in facts]
        )
    engine.dispose()
    (folder / ".triage").mkdir()
    (folder / ".triage" / "demo-keys.json").write_text(json.dumps(keys))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(url: str, folder: Path) -> Iterator[int]:
    """``triage serve`` and ``triage worker`` on a database, as processes of their own."""
    port = free_port()
    env = {k: v for k, v in os.environ.items() if not k.startswith("TRIAGE_")}
    env |= {"TRIAGE_DATABASE_URL": url, "TRIAGE_STATE_DIR": str(folder / ".triage")}
    triage = [sys.executable, "-m", "commands.main"]
    commands = ([*triage, "serve", "--port", str(port)], [*triage, "worker"])
    running = [subprocess.Popen(words, env=env, cwd=ROOT) for words in commands]
    try:
        wait_ready(port, running)
        yield port
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(timeout=30)


def wait_ready(port: int, running: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert all(process.poll() is None for process in running), "serve or worker ended"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("the service did not become ready")


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("curl")), reason="README's story: install bash, curl"
)
def test_the_story_works_as_printed(database_url: str, tmp_path: Path) -> None:
    """From the request to closed with nothing but what README prints, also with no model at all:
    one refusal, one replayed answer, one reused key, and every document of the ERP."""
    prepare(database_url, tmp_path)
    with served(database_url, tmp_path) as port:
        script = story_script()
        assert script.count(DEMO) == 1, "the story names the address once"
        done = subprocess.run(
            ["bash", "-u", "-c", script.replace(DEMO, f"http://127.0.0.1:{port}")],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    said = done.stdout
    assert done.returncode == 0, said + done.stderr
    for words in (
        "409 over_return - Line 1: 11 asked",
        "idempotency-replayed: true",
        "422 idempotency_key_reused",
        "closed - 562.4 USD credited",
        "RMA-",
        "SC-",
        "CM-",
        "return_closed",
    ):
        assert words in said, f"{words!r} is missing:\n{said}\n{done.stderr}"
    assert '"items":[{"id":"a"' in said
    assert "Traceback" not in done.stderr
