"""What is kept of an EDI interchange beside what its sets became."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class InterchangeTaken:
    """Stream ``edi/{sender}/{control}``: an X12 interchange was taken to its end.

    ``digest`` is of its text; ``sets`` are (kind, control number, what became of it);
    ``acknowledgement`` is the 997 that answered it.
    """

    sender: str
    receiver: str
    control: str
    digest: str
    sets: tuple[tuple[str, str, str], ...]
    acknowledgement: str
    taken_at: datetime
