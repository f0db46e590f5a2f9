"""Every verdict of the log asked again of the text that gave it; for ``verify.py``."""

from collections.abc import Iterator

from journal.codec import UnknownEvent
from journal.entries import Recorded
from journal.projections_cases import PREFIX
from workflow.policy import Policies
from workflow.policy_questions import Said
from workflow.replaying import Rejudged, rejudged

Finding = tuple[str, str, str]


class Verdicts:
    """Takes the log stream by stream. Verdicts whose text nobody kept are passed over: ``triage
    replay`` names them. Nothing is asked where ``known`` is ``None``."""

    def __init__(self, known: Policies | None) -> None:
        self._known = known
        self._stream = ""
        self._told: list[Recorded] = []

    def add(self, entry: Recorded) -> Iterator[Finding]:
        """One more entry, in the order of streams and versions."""
        if entry.stream != self._stream:
            yield from self.finish()
            self._stream = entry.stream
        if self._known is not None and entry.stream.startswith(PREFIX):
            self._told.append(entry)

    def finish(self) -> Iterator[Finding]:
        """The verdicts of the stream that has ended."""
        told, self._told = self._told, []
        if not told or self._known is None:
            return
        try:
            story = [(entry.event, entry.recorded_at) for entry in told]
            again = list(rejudged(self._known, story))
        except (LookupError, AssertionError, ValueError, UnknownEvent):
            return  # a damaged case; it is told as such
        for one in again:
            if one.differs and one.now is not None:
                yield (
                    "verdict",
                    _subject(one),
                    f"said {_says(one.asked.said)}, says {_says(one.now)}",
                )


def _subject(one: Rejudged) -> str:
    places = (one.asked.return_id, one.asked.line, one.asked.part)
    return f"{'/'.join(str(place) for place in places if place is not None)} by {one.ref}"


def _says(said: Said) -> str:
    net = "" if said.net_minor is None else f" {said.net_minor}"
    return f"{said.rule}: {said.outcome}{net}"
