"""Drives a real, headless Chromium over its DevTools protocol; nothing but a socket is needed."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0",
)  # fmt: skip
START_SECONDS = 20
LOAD_SECONDS = 10


def program() -> str | None:
    """The browser's program, or ``None`` where there is none; ``CHROMIUM`` may name it."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """One page of the browser. Errors of the page's own (console, CSP) are kept in ``said``."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._asked = socket, 0
        self.said: list[str] = []
        self._loads = 0
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its result; ``RuntimeError`` where the browser refuses it."""
        self._asked += 1
        self._socket.send(json.dumps({"id": self._asked, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=LOAD_SECONDS))
            if message.get("id") == self._asked:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Page.loadEventFired":
            self._loads += 1
        elif message.get("method") == "Log.entryAdded":
            self.said.append(message["params"]["entry"]["text"])

    def _await_load(self, before: int) -> None:
        until = time.monotonic() + LOAD_SECONDS
        while self._loads == before:
            self._note(json.loads(self._socket.recv(timeout=until - time.monotonic())))

    def open(self, url: str) -> None:
        """Go to a page and wait until it is there."""
        before = self._loads
        self.call("Page.navigate", url=url)
        self._await_load(before)

    def value(self, expression: str) -> Any:
        """What a piece of JavaScript, run by us and not by the page, comes to."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in done:
            raise RuntimeError(f"{expression}: {done['exceptionDetails']['exception']}")
        return done["result"].get("value")

    def text(self) -> str:
        """All the text that can be read on the page."""
        return str(self.value("document.body.innerText"))

    def press(self, selector: str) -> None:
        """Click with a real mouse event, without waiting."""
        found = json.dumps(selector)
        box = self.value(
            f"(() => {{ const e = document.querySelector({found});"
            " e.scrollIntoView({block: 'center', behavior: 'instant'});"
            " const r = e.getBoundingClientRect();"
            " return {x: r.x + r.width / 2, y: r.y + r.height / 2}; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **box)

    def follow(self, selector: str) -> None:
        """Click what leads to another page, and wait until that is there."""
        before = self._loads
        self.press(selector)
        self._await_load(before)

    def type(self, selector: str, text: str) -> None:
        """Type into a field, as keys."""
        self.press(selector)
        self.call("Input.insertText", text=text)

    def choose(self, selector: str, value: str) -> None:
        """Choose an option of a list by its value."""
        self.value(f"document.querySelector({json.dumps(selector)}).value = {json.dumps(value)}")

    def size(self, width: int, height: int = 900) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    def picture(self, path: Path) -> None:
        """The whole page as a PNG."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))


@contextmanager
def browser(path: str) -> Iterator[Tab]:
    """A browser of our own with a profile of its own, gone at the end."""
    profile = Path(tempfile.mkdtemp(prefix="returns-triage-chromium-"))
    command = [path, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = _port(profile / "DevToolsActivePort", process)
        with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=5) as answer:
            targets = json.load(answer)
        url = next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page")
        with connect(url, max_size=None, proxy=None) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        process.wait(timeout=10)
        shutil.rmtree(profile, ignore_errors=True)


def _port(path: Path, process: "subprocess.Popen[bytes]") -> int:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if path.exists() and (lines := path.read_text().splitlines()):
            return int(lines[0])
        if process.poll() is not None:
            raise RuntimeError(f"Chromium ended at once with {process.returncode}.")
        time.sleep(0.05)
    raise RuntimeError(f"Chromium did not start within {START_SECONDS} s.")
