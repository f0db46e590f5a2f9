"""A program of its own that takes facts from a broker: ``URL DATABASE FOLDER [hang]``.

Prints what became of each message. With ``hang`` it stands still after the commit of the first and
never acknowledges it: whoever started it ends it there.
"""

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from integrations.broker.wires import broker_of
from serving.broker import take
from serving.settings import Settings
from serving.wiring import wire

ACK_WAIT_SECONDS = 2.0


async def main(url: str, database: str, folder: str, hang: bool) -> None:
    services = wire(Settings(state_dir=Path(folder)), database)

    def told(body: bytes, headers: Mapping[str, str]) -> None:
        for item in take(services, body, headers):
            print("took:", item["status"], flush=True)
        if hang:
            time.sleep(600)

    broker, _ = broker_of(url, told, pause=0.1, ack_wait=ACK_WAIT_SECONDS)
    await broker.start()
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:] == ["hang"]))
