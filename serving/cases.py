"""The one way a command reaches a case: read, decide, append, all in the caller's transaction."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from journal.entries import Append, LedgerViolation, Recorded
from journal.journal import Journal
from serving.policy_shelf import PolicyShelf
from workflow.actor import SYSTEM
from workflow.commands import Command, RequestReturn
from workflow.decide import decided
from workflow.effects import Effect, effects_of
from workflow.events import CaseEvent
from workflow.evolve import evolve, fold
from workflow.policy import Policies
from workflow.refused import Refused
from workflow.state import State, Unborn


@dataclass(frozen=True, slots=True)
class Handled:
    """What a command led to: the state after it, its stream version, and what was recorded."""

    state: State
    version: int
    recorded: tuple[Recorded, ...]


class Cases:
    """Sends commands to cases. Holds no state of its own; safe to share between threads."""

    def __init__(self, journal: Journal, policies: PolicyShelf) -> None:
        self.journal = journal
        self._policies = policies

    def history(self, conn: Connection, return_id: str) -> list[Recorded]:
        """Every recorded event of a case, in order; empty where there is none."""
        return self.journal.read_stream(conn, f"case/{return_id}")

    def state(self, conn: Connection, return_id: str) -> tuple[State, int]:
        """The folded state of a case and its version. ``Unborn`` and 0 where there is none."""
        history = self.history(conn, return_id)
        return fold(entry.event for entry in history), len(history)

    def policies(self, state: State, command: Command) -> Policies:
        """What a case in this state is judged by when a command reaches it."""
        unit = command.business_unit if isinstance(command, RequestReturn) else ""
        return self._policies.of_case(state, command.at, unit)

    def handle(
        self,
        conn: Connection,
        return_id: str,
        command: Command,
        expected_version: int | None = None,
    ) -> Handled:
        """Decide and append; nothing is written where the answer is no.

        The journal names the commander on what they did, and the system on what the rules did
        next: a model's answer is the model's, the credit that a policy then approves is not.

        Errors: ``Refused`` (business no, or ``stale_version`` where ``expected_version`` is not
        the case's own), ``journal.entries.Conflict`` (somebody was faster: repeat).
        """
        state, version = self.state(conn, return_id)
        if expected_version is not None and expected_version != version:
            raise Refused(
                "stale_version",
                f"{return_id} is at version {version}, not {expected_version}.",
                version=version,
            )
        decision = decided(state, command, self.policies(state, command))
        appends, expected = [], version
        for events, actor in ((decision.own, command.actor), (decision.followed, SYSTEM)):
            if events:
                state, effects = follow(state, events)
                appends.append(
                    Append(f"case/{return_id}", events, actor, command.at, expected, effects)
                )
                expected += len(events)
        if not appends:
            return Handled(state, version, ())
        try:
            recorded = self.journal.append(conn, appends)
        except LedgerViolation as violation:
            raise Refused(violation.code, violation.message) from violation
        return Handled(state, expected, tuple(recorded))


def follow(state: State, events: Iterable[CaseEvent]) -> tuple[State, tuple[Effect, ...]]:
    """The state after events, and every effect that they ask of the world, once each."""
    effects: dict[str, Effect] = {}
    for event in events:
        state = evolve(state, event)
        if isinstance(state, Unborn):
            raise AssertionError(f"{type(event).__name__} left the case unborn")
        effects.update({effect.key: effect for effect in effects_of(state.case, event)})
    return state, tuple(effects.values())
