"""The AsyncAPI document of the broker in use, without the words that open it."""

from typing import Any

from serving.openapi import CLOUD_EVENT
from serving.wiring import Services


def document_of(services: Services) -> dict[str, Any] | None:
    """The document; ``None`` where no broker is set. Users and passwords are left out."""
    if services.settings.broker_url is None:
        return None
    from integrations.broker.wires import document
    from serving.broker import build

    found = document(build(services)[0], CLOUD_EVENT)
    for server in found.get("servers", {}).values():
        server["host"] = server["host"].rpartition("@")[2]
    return found
