"""A program that sends its spans to a collector: ``ENDPOINT DATABASE FOLDER TRACEPARENT EVENT
WEBHOOK``."""

import sys
from pathlib import Path

from serving.broker import take
from serving.settings import Settings
from serving.tracing import configure
from serving.wiring import wire
from tests.serving.house import Clock

if __name__ == "__main__":
    endpoint, database, folder, parent, event, webhook = sys.argv[1:]
    configure(endpoint)
    settings = Settings(state_dir=Path(folder), webhook_networks="127.0.0.0/8")
    services = wire(settings, database, clock=Clock())
    (item,) = take(services, event.encode(), {"traceparent": parent})
    services.performer.perform(f"{item['return_id']}/rma")
    services.courier.look()
    services.courier.carry(webhook)
