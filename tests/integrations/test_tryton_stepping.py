"""Papers are written once, whatever is lost on the way: against a system of one model in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.erp.port import Rejected, Unavailable, UnknownOutcome
from integrations.erp.tryton.rpc import NotAllowed, Overtaken, Rpc, Warned
from integrations.erp.tryton.stepping import Paper, Step, Stepper, Written

NOTE = Paper("note", {"total": 1}, (Step("check", frozenset({"checked", "posted"})),
                                    Step("post", frozenset({"posted"}))))  # fmt: skip
SHORT = Paper("note", {}, (Step("nothing", frozenset({"assigned"}), "There are no such goods"),))
AFTER = {"check": ("draft", "checked"), "post": ("checked", "posted")}


@dataclass
class OneModel:
    """Records with a state and a stamp. ``faults`` is asked before and after each write."""

    faults: Callable[[str, str], Exception | None] = lambda method, when: None
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    posted: int = 0
    skipped: list[str] = field(default_factory=list)
    _stamp: int = 0

    def read(self, method: str, *params: Any, context: Any = None) -> Any:
        if method.endswith(".search_read"):
            (_, _, key), _, _ = params[0]
            return [
                row for row in self.records.values()
                if row["reference"] == key and row["state"] != "cancelled"
            ]  # fmt: skip
        return [dict(self.records[params[0][0]])]

    def write(self, method: str, *params: Any, context: Any = None) -> Any:
        if method.endswith("warning.skip"):
            self.skipped.append(params[0])
            return None
        if (before := self.faults(method, "before")) is not None:
            raise before
        answer = self._write(method.rpartition(".")[2], params[0], context or {})
        if (after := self.faults(method, "after")) is not None:
            raise after
        return answer

    def _write(self, name: str, told: Any, context: Any) -> Any:
        self._stamp += 1
        if name == "create":
            made = len(self.records) + 1
            row = {"id": made, "state": "draft", "number": f"N{made}", **told[0]}
            self.records[made] = {**row, "_timestamp": str(self._stamp)}
            return [made]
        row = self.records[told[0]]
        guard = context.get("_timestamp", {}).get(f"note,{row['id']}")
        if guard not in (None, row["_timestamp"]):
            raise Overtaken("modified")
        if name == "nothing":
            return None
        if name in ("cancel", "delete"):
            row["state"] = "cancelled"
            return None
        was, now = AFTER[name]
        if row["state"] != was:
            raise NotAllowed("You can not call it")
        row.update(state=now, _timestamp=str(self._stamp))
        self.posted += name == "post"
        return None


def stepper(system: OneModel, mine: Callable[[], None] = lambda: None) -> Stepper:
    return Stepper(cast(Rpc, system), 1, mine, pause=lambda seconds: None)


def once(method_end: str, when: str, error: Exception) -> Callable[[str, str], Exception | None]:
    """That error at the first such call, and none after it."""
    left = [error]

    def fault(method: str, now: str) -> Exception | None:
        return left.pop() if left and method.endswith(method_end) and now == when else None

    return fault


def test_written_once() -> None:
    """Writing a paper twice under its key answers with the first and changes nothing."""
    system = OneModel()
    first = stepper(system).write(NOTE, "k")
    assert first == Written("note", 1, "N1") == stepper(system).write(NOTE, "k")
    assert (len(system.records), system.posted) == (1, 1)


def test_lost_answer_of_create_is_found() -> None:
    """A create whose answer was lost is found by its reference the next time."""
    system = OneModel(once("create", "after", UnknownOutcome("lost")))
    with pytest.raises(UnknownOutcome):
        stepper(system).write(NOTE, "k")
    assert system.posted == 0
    assert stepper(system).write(NOTE, "k") == Written("note", 1, "N1")
    assert (len(system.records), system.posted) == (1, 1)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "error", [UnknownOutcome("lost"), Unavailable("503"), Overtaken("modified")]
)
def test_state_decides_after_a_lost_step(when: str, error: Exception) -> None:
    """A step without an answer is looked at again, and taken only where it was not."""
    system = OneModel(once("post", when, error))
    assert stepper(system).write(NOTE, "k").number == "N1"
    assert system.posted == 1


def test_busy_for_long_is_unavailable() -> None:
    """A system that stays overloaded leaves the paper as it is for another time."""
    system = OneModel(lambda method, when: Unavailable("503") if method.endswith("post") else None)
    with pytest.raises(Unavailable, match="post of note 1 was not done"):
        stepper(system).write(NOTE, "k")
    assert system.records[1]["state"] == "checked"


def test_no_for_good_is_rejected() -> None:
    """A business no that the state confirms is a rejection with the system's reason."""
    system = OneModel(
        lambda method, when: NotAllowed("period closed") if method.endswith("post") else None
    )
    with pytest.raises(Rejected, match="period closed") as rejected:
        stepper(system).write(NOTE, "k")
    assert rejected.value.code == "refused_by_system"


def test_known_question_is_answered() -> None:
    """A warning on the list is answered by its name and the step repeated."""
    system = OneModel(once("post", "before", Warned("ab12.invoice_taxes", "Steuern?")))
    stepper(system).write(NOTE, "k")
    assert (system.skipped, system.posted) == (["ab12.invoice_taxes"], 1)


def test_unknown_question_is_for_a_person() -> None:
    """Any other warning stops the paper and is not answered."""
    system = OneModel(once("post", "before", Warned("ab12.credit_limit", "Limit?")))
    with pytest.raises(Rejected, match="credit_limit"):
        stepper(system).write(NOTE, "k")
    assert (system.skipped, system.posted) == ([], 0)


def test_quiet_step_without_effect() -> None:
    """A step that does nothing because goods are missing cancels the paper and says so."""
    system = OneModel()
    with pytest.raises(Rejected, match="no such goods") as rejected:
        stepper(system).write(SHORT, "k")
    assert rejected.value.code == "insufficient_stock"
    assert system.records[1]["state"] == "cancelled"


def test_stray_drafts_are_dropped() -> None:
    """Of several papers under a key the one furthest along counts; drafts beside it go."""
    system = OneModel()
    for state in ("draft", "checked", "draft"):
        system.write("model.note.create", [{"reference": "k"}])
        system.records[len(system.records)]["state"] = state
    assert stepper(system).write(NOTE, "k") == Written("note", 2, "N2")
    assert [row["state"] for row in system.records.values()] == ["cancelled", "posted", "cancelled"]


def test_lost_drop_is_tried_again() -> None:
    """A stray draft whose deletion was lost on the way is dropped when the paper is asked again."""
    system = OneModel(once("delete", "before", UnknownOutcome("lost")))
    for _ in range(2):
        system.write("model.note.create", [{"reference": "k"}])
    with pytest.raises(UnknownOutcome):
        stepper(system).write(NOTE, "k")
    assert stepper(system).write(NOTE, "k") == Written("note", 1, "N1")
    assert [row["state"] for row in system.records.values()] == ["posted", "cancelled"]


def test_stray_that_nobody_may_delete() -> None:
    """Where the system lets its users delete no such paper, as a shipment, it is cancelled."""
    system = OneModel(
        lambda method, when: NotAllowed("no right") if method.endswith("delete") else None
    )
    for _ in range(2):
        system.write("model.note.create", [{"reference": "k"}])
    assert stepper(system).write(NOTE, "k") == Written("note", 1, "N1")
    assert [row["state"] for row in system.records.values()] == ["posted", "cancelled"]


def test_id_given_to_another() -> None:
    """A draft that was deleted on the way, and whose id another's paper got, is not taken further:
    the next try makes one of its own."""
    system, calls = OneModel(), iter([False, True])

    def mine() -> None:
        if next(calls, False):  # before the second step
            system.records[1] |= {"reference": "another", "_timestamp": "new"}

    with pytest.raises(Unavailable, match="not the paper of k any more"):
        stepper(system, mine).write(NOTE, "k")
    assert (system.records[1]["state"], system.posted) == ("draft", 0)
    assert stepper(system).write(NOTE, "k") == Written("note", 2, "N2")


class HalfPosting(OneModel):
    """Posts a note and leaves its entry a draft, which must be posted by itself."""

    def write(self, method: str, *params: Any, context: Any = None) -> Any:
        if method == "model.account.move.post":
            self.records[1]["move."]["state"] = "posted"
            return None
        made = super().write(method, *params, context=context)
        self.records[1]["move."] = {"id": 7, "state": "draft", "_timestamp": "1"}
        return made


def test_note_is_posted_only_with_its_entry() -> None:
    """An entry that the system left behind is posted, and the note is not posted twice."""
    system = HalfPosting()
    paper = Paper("note", {}, (*NOTE.steps[:1], Step("post", frozenset({"posted"}), entry="move")))
    assert stepper(system).write(paper, "k") == Written("note", 1, "N1")
    assert (system.records[1]["move."]["state"], system.posted) == ("posted", 1)


def test_fenced_worker_takes_no_step() -> None:
    """A worker whose key was taken over stops before the next step."""
    system, calls = OneModel(), iter([None, Unavailable("taken over")])

    def mine() -> None:
        if (over := next(calls)) is not None:
            raise over

    with pytest.raises(Unavailable, match="taken over"):
        stepper(system, mine).write(NOTE, "k")
    assert (len(system.records), system.posted) == (1, 0)


faults = st.sampled_from([None, None, UnknownOutcome("lost"), Unavailable("503"), Overtaken("x")])


@settings(max_examples=60)
@given(st.lists(faults, max_size=30))
def test_posted_once_under_any_faults(plan: list[Exception | None]) -> None:
    """Whatever is lost, refused or repeated: retried until it is answered, one paper is posted."""
    left = list(plan)
    system = OneModel(lambda method, when: left.pop(0) if left else None)
    for _ in range(len(plan) + 1):
        try:
            assert stepper(system).write(NOTE, "k").number == "N1"
        except (Unavailable, UnknownOutcome):
            continue
        break
    assert system.posted == 1
    alive = [row for row in system.records.values() if row["state"] != "cancelled"]
    assert [row["state"] for row in alive] == ["posted"]


@dataclass
class Jealous(OneModel):
    """Warns of another draft with the same reference, as of a supplier's credit notes, and gets
    every create twice."""

    def _write(self, name: str, told: Any, context: Any) -> Any:
        alive = [row for row in self.records.values() if row["state"] != "cancelled"]
        if name == "post" and len(alive) > 1:
            raise Warned("ab12.invoice_similar", "Again?")
        if name == "create":
            super()._write(name, told, context)
        return super()._write(name, told, context)


@settings(max_examples=60)
@given(st.lists(faults, max_size=30))
def test_no_twin_is_left_under_any_faults(plan: list[Exception | None]) -> None:
    """Where every create arrives twice and the system warns of the twin, whatever is lost, refused
    or repeated besides: one paper is posted, no draft is left, and no person is asked."""
    left = list(plan)
    system = Jealous(lambda method, when: left.pop(0) if left else None)
    for _ in range(len(plan) + 1):
        try:
            stepper(system).write(NOTE, "k")
        except (Unavailable, UnknownOutcome):
            continue
        break
    alive = [row for row in system.records.values() if row["state"] != "cancelled"]
    assert [row["state"] for row in alive] == ["posted"] and system.posted == 1
