"""One paper of the ERP from nothing to its final state, however often it is tried.

The ERP has no keys of its own: a paper carries ours as its reference and is found by it. Creating
makes a draft only, and a draft moves nothing and owes nothing. Each step after it is taken from a
state that was read, under the stamp read with it, and what the state is afterwards decides, never
the answer or the text of an error. So a step is taken once, and a draft made twice is dropped.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from integrations.erp.port import Rejected, Unavailable, UnknownOutcome
from integrations.erp.tryton.rpc import NotAllowed, Overtaken, Rpc, Warned

Row = Mapping[str, Any]

MOST_TRIES = 6
FIRST_PAUSE_SECONDS = 0.05
ACCEPTED = frozenset(
    {
        "done",  # goods without an order of the ERP: goods nobody announced, and moves in the house
        "invoice_taxes",  # the tax given back is what was invoiced, not what the item says
        "check_move_quantity",  # more came back than was announced
        "check_quantity_product",
        "check_quantity_lot",
    }
)
"""Warnings that policy answers with yes, by what follows the hash in their names. Any other is for
a person."""


OF_STRAYS = frozenset({"invoice_similar"})
"""Warnings about a draft of ours beside the paper: it is dropped, and the step taken again."""


class Step(NamedTuple):
    """A transition and the states in which it lies behind."""

    button: str
    behind: frozenset[str]
    short: str | None = None
    """What it means that the state did not change, for a step that may quietly do nothing."""
    entry: str | None = None
    """The field with the journal entry that the step makes and posts. On SQLite the system was seen
    to post a note and leave its entry a draft; then the entry is posted by itself."""

    def unposted(self, row: Row) -> Row | None:
        """The entry, with its ``id`` and stamp, that a step taken left as a draft."""
        if self.entry is None or row["state"] not in self.behind:
            return None
        made: Row | None = row[f"{self.entry}."]
        return made if made and made["state"] == "draft" else None

    def lies_behind(self, row: Row) -> bool:
        """Whether the record, as it was read, has no more need of the step."""
        return row["state"] in self.behind and self.unposted(row) is None


@dataclass(frozen=True, slots=True)
class Paper:
    """What to create and the steps that make it final. ``named_in`` is the field with our key.

    ``grown_in``: the system makes this one itself, of the paper before it, which names it in that
    field. It gets our key, and ``values`` are those of each of its moves.
    """

    model: str
    values: Mapping[str, Any]
    steps: tuple[Step, ...]
    named_in: str = "reference"
    number_in: str = "number"
    grown_in: str | None = None


class Written(NamedTuple):
    model: str
    id: int
    number: str


@dataclass(frozen=True, slots=True)
class Stepper:
    """Writes papers. ``mine`` raises where another worker took the paper over."""

    rpc: Rpc
    company: int
    mine: Callable[[], None]
    pause: Callable[[float], None] = time.sleep
    dice: random.Random = field(default_factory=random.Random)

    def write(self, paper: Paper, key: str, before: Written | None = None) -> Written:
        """The paper in its final state: found, made, or taken further. ``before`` is the paper of
        the same request that was written before it.

        Raises ``Unavailable`` (try again), ``UnknownOutcome`` (an answer was lost; only a draft
        can be there that was not before) or ``Rejected``.
        """
        if paper.grown_in and before:
            found = self._grown(paper, key, before)
        else:
            found = self.find(paper, key) or self._create(paper, key)
        row = self._read(paper, key, found)
        for step in paper.steps:
            row = self._take(paper, key, found, step, row)
        if not paper.grown_in:
            self.find(paper, key)  # a create that the network delivered twice left a draft
        return Written(paper.model, found, str(row[paper.number_in]))

    def find(self, paper: Paper, key: str, mine: int = 0) -> int | None:
        """The paper under the key that is furthest along, ``mine`` where it is one of several;
        drafts beside it are dropped."""
        wanted = [
            [paper.named_in, "=", key], ["company", "=", self.company], ["state", "!=", "cancelled"]
        ]  # fmt: skip
        rows = self.rpc.read(
            f"model.{paper.model}.search_read", wanted, 0, 20, [["id", "ASC"]], ["state"]
        )
        if not rows:
            return None
        best: int = max(
            rows, key=lambda row: (_progress(paper, row["state"]), row["id"] == mine, -row["id"])
        )["id"]
        strays = [row["id"] for row in rows if row["id"] != best and row["state"] == "draft"]
        for stray in strays:
            self._drop(paper, stray)
        return best

    def _grown(self, paper: Paper, key: str, before: Written) -> int:
        """What the system made of the paper before, with our key and what we know of its moves."""
        fields = [f"{paper.grown_in}.{name}" for name in ("state", "moves", paper.named_in)]
        parent = self.rpc.read(f"model.{before.model}.read", [before.id], fields)[0]
        made: list[Row] = parent[f"{paper.grown_in}."]
        if not made:
            raise Unavailable(f"The ERP has made no {paper.model} of {before.number} yet.")
        alive = [row for row in made if row["state"] != "cancelled"]
        if not alive:
            raise Rejected(
                "refused_by_system",
                f"What the ERP made of {before.number} was cancelled: have it made again there.",
            )
        row = alive[0]
        if row[paper.named_in] != key:
            self.mine()
            moves = [["write", row["moves"], dict(paper.values)]] if paper.values else []
            self._fill_in(paper, row["id"], {paper.named_in: key, "moves": moves})
        found: int = row["id"]
        return found

    def _fill_in(self, paper: Paper, record: int, values: Mapping[str, Any]) -> None:
        try:
            self.rpc.write(
                f"model.{paper.model}.write", [record], values, context={"company": self.company}
            )
        except NotAllowed as no:
            raise Rejected("refused_by_system", f"{paper.model} {record}: {no}") from no
        except Overtaken as busy:
            raise Unavailable(str(busy)) from busy

    def _create(self, paper: Paper, key: str) -> int:
        self.mine()
        values = {"company": self.company, paper.named_in: key, **paper.values}
        try:
            made: list[int] = self.rpc.write(
                f"model.{paper.model}.create", [values], context={"company": self.company}
            )
        except NotAllowed as no:
            raise Rejected("refused_by_system", f"{key}: {no}") from no
        except Overtaken as busy:
            raise Unavailable(str(busy)) from busy
        return made[0]

    def _drop(self, paper: Paper, stray: int) -> None:
        """A draft made twice goes, or is cancelled where the system's users delete none.

        Where nobody knows whether it went, the caller comes again, and what is left goes then.
        """
        for button in ("delete", "cancel"):
            try:
                self.rpc.write(f"model.{paper.model}.{button}", [stray])
            except NotAllowed:
                continue
            except Overtaken as busy:
                raise Unavailable(str(busy)) from busy
            return

    def _take(self, paper: Paper, key: str, record: int, step: Step, row: Row) -> Row:
        """The record when the step lies behind it. ``row`` is how it was last read."""
        swept = False
        for attempt in range(1, MOST_TRIES + 1):
            if step.lies_behind(row):
                return row
            self.mine()
            before, why = row, self._press(paper, record, step, row)
            row = self._read(paper, key, record)
            if step.lies_behind(row):
                return row
            if step.unposted(row) and not step.unposted(before):
                continue  # whatever was said, it was not about the entry
            if isinstance(why, Warned) and why.about in OF_STRAYS and not swept:
                swept = self.find(paper, key, record) == record
            elif isinstance(why, NotAllowed | Warned):
                self._give_up(paper, record, step, why)
            self._wait(attempt)
        if isinstance(why, UnknownOutcome):
            raise why
        raise Unavailable(f"{step.button} of {paper.model} {record} was not done: {why}") from why

    def _press(self, paper: Paper, record: int, step: Step, row: Row) -> Exception | None:
        """Take the step, or post the entry it left; what stood in its way, if anything."""
        if left := step.unposted(row):
            return self._try("account.move", left["id"], "post", left["_timestamp"])
        why = self._try(paper.model, record, step.button, row["_timestamp"])
        return why or (NotAllowed(step.short) if step.short else None)

    def _try(self, model: str, record: int, button: str, stamp: str) -> Exception | None:
        """Press a button once; what stood in its way. Answers allowed warnings."""
        for _ in range(MOST_TRIES):
            try:
                self.rpc.write(
                    f"model.{model}.{button}", [record],
                    context={"company": self.company,
                             "_timestamp": {f"{model},{record}": stamp}},
                )  # fmt: skip
            except Warned as warned:
                if warned.about not in ACCEPTED:
                    return warned
                self._answer(warned)
            except (NotAllowed, Overtaken, Unavailable, UnknownOutcome) as why:
                return why
            else:
                return None
        return Unavailable("The ERP asks the same again and again.")

    def _answer(self, warned: Warned) -> None:
        self.rpc.write("model.res.user.warning.skip", warned.name, False)

    def _give_up(self, paper: Paper, record: int, step: Step, why: Exception) -> None:
        """A business "no" that the state confirms. Goods that are not there leave no paper open
        but what the system made itself, which waits for them."""
        if step.short:
            if not paper.grown_in:
                self._cancel(paper, record)
            raise Rejected("insufficient_stock", f"{step.short} ({why})")
        raise Rejected(
            "refused_by_system", f"{step.button} of {paper.model} {record}: {why}"
        ) from why

    def _cancel(self, paper: Paper, record: int) -> None:
        try:
            self.rpc.write(f"model.{paper.model}.cancel", [record])
        except (NotAllowed, Overtaken) as kept:
            raise Unavailable(f"{paper.model} {record} could not be cancelled: {kept}") from kept

    def _read(self, paper: Paper, key: str, record: int) -> Row:
        """The record, while it is ours: a system may give the id of a deleted one to another."""
        made = [step.entry for step in paper.steps if step.entry]
        entries = [f"{name}.{what}" for name in made for what in ("state", "_timestamp")]
        fields = ["state", "_timestamp", paper.number_in, paper.named_in, *entries]
        try:
            rows: list[Row] = self.rpc.read(f"model.{paper.model}.read", [record], fields)
        except NotAllowed as gone:
            raise Unavailable(f"{paper.model} {record} of {key} is gone: {gone}") from gone
        if not rows or rows[0][paper.named_in] != key:
            raise Unavailable(f"{paper.model} {record} is not the paper of {key} any more.")
        return rows[0]

    def _wait(self, attempt: int) -> None:
        """Longer each time, and not in step with others."""
        self.pause(FIRST_PAUSE_SECONDS * 2**attempt * (0.5 + self.dice.random()))


def _progress(paper: Paper, state: str) -> int:
    """How many of the paper's steps lie behind in a state."""
    return sum(state in step.behind for step in paper.steps)
