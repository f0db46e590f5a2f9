"""What an inspector sees besides the condition goes before what was stated."""

import pytest

from workflow.events import Seen, Stated
from workflow.refused import Refused
from workflow.seen import made_good, seen_facts, seen_of


def test_what_was_scanned_was_readable() -> None:
    """A code that was read says so by itself; denying it in the same breath is refused."""
    assert seen_of(Seen(scanned="4012345678901")).barcode is True
    assert seen_of(Seen(soiled=True)) == Seen(soiled=True)
    with pytest.raises(Refused, match="the barcode is readable"):
        seen_of(Seen(barcode=False, scanned="4012345678901"))


def test_what_was_not_looked_at_is_as_it_was_stated() -> None:
    """What the inspector saw counts, also where the requester said otherwise."""
    stated = Stated(barcode=True, soiled=True, infested=None)
    assert seen_facts(Seen(), stated) == {"barcode": True, "soiled": True, "infested": None}
    found = Seen(barcode=False, soiled=False, infested=True)
    assert seen_facts(found, stated) == {"barcode": False, "soiled": False, "infested": True}


def test_work_cleans_and_labels_but_kills_no_pests() -> None:
    """So what came out of the workshop is judged by how it left it."""
    after = made_good(Seen(barcode=False, soiled=True, infested=True))
    assert after == Seen(barcode=True, soiled=False, infested=True)
