"""What an inspector saw besides the condition: barcode, dirt, pests."""

from dataclasses import replace

from workflow.events import Seen, Stated
from workflow.refused import Refused


def seen_of(told: Seen) -> Seen:
    """What was scanned was readable. Refused: ``not_allowed_value`` where both are denied."""
    if not told.scanned:
        return told
    if told.barcode is False:
        raise Refused(
            "not_allowed_value", f"{told.scanned!r} was scanned: the barcode is readable."
        )
    return replace(told, barcode=True)


def seen_facts(seen: Seen, stated: Stated) -> dict[str, object]:
    """As the inspector saw them; what was not looked at as the requester stated it."""
    names = ("barcode", "soiled", "infested")
    found = {name: getattr(seen, name) for name in names}
    said = {name: getattr(stated, name) for name in names}
    return {name: said[name] if found[name] is None else found[name] for name in names}


def made_good(seen: Seen) -> Seen:
    """What is as good as new was cleaned and labelled; pests are not a matter of work."""
    return replace(seen, barcode=True, soiled=False)
