"""A program that sends its spans to a collector: ``ENDPOINT DATABASE FOLDER TRACEPARENT EVENT``."""

import sys
from pathlib import Path

from serving.broker import take
from serving.settings import Settings
from serving.tracing import configure
from serving.wiring import wire
from tests.serving.house import Clock

if __name__ == "__main__":
    endpoint, database, folder, parent, event = sys.argv[1:]
    configure(endpoint)
    services = wire(Settings(state_dir=Path(folder)), database, clock=Clock())
    (item,) = take(services, event.encode(), {"traceparent": parent})
    services.performer.perform(f"{item['return_id']}/rma")
