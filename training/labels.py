"""What later facts say was right about earlier questions.

Labels come from people, and from nothing else: an answer that passed without a person is no
label, since a model that learned from its own unquestioned answers would only grow surer of them.
What people judge is then a selection. Each label is weighted by the inverse of its propensity,
the chance that a person would judge it, which was recorded when the lane was chosen: an audited
answer stands for all those like it that nobody saw.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.cases import line_key, portion_key
from features.credits import credit_key, note_line_key
from features.fold import Fact
from workflow.codes import ExceptionCode

MOST_WEIGHT = 10.0
"""No label stands for more than so many: a rare audit must not outshout everybody else."""

SUSPECT = "anomalous"
NORMAL = "normal"

ABOUT_CREDITS = frozenset(
    code.value
    for code in (
        ExceptionCode.CREDIT_WITHOUT_RECEIPT,
        ExceptionCode.CREDIT_VARIANCE,
        ExceptionCode.DUPLICATE_CREDIT,
        ExceptionCode.AMBIGUOUS_MATCH,
    )
)
"""Exceptions whose loss says something about the credit itself, not about a claim or a move."""


@dataclass(frozen=True, slots=True)
class Label:
    """``value`` is a disposition, ``anomalous``/``normal``, or ``loss``; ``weight`` in (0, 10]."""

    value: str
    weight: float = 1.0
    loss_minor: int | None = None


class Labels:
    """Learns facts in journal order; answers the newest label of a subject."""

    def __init__(self) -> None:
        self._by_model: dict[str, dict[str, Label]] = {
            "disposition": {},
            "credit_anomaly": {},
            "exception_rank": {},
        }
        self._raised: dict[str, Mapping[str, Any]] = {}
        self._credits_of_line: dict[str, list[str]] = {}
        self._lines_of_note: dict[str, list[str]] = {}
        self._denied_by_policy: set[str] = set()
        self._weights: dict[str, float] = {}

    def weight(self, point: str, subject: str) -> float:
        """The inverse propensity of a judgement at a decision point; 1 where none was recorded."""
        return self._weights.get(f"{point} {subject}", 1.0)

    def of(self, model: str, subject: str) -> Label | None:
        """The label known at the end of the replay, ``None`` where nobody said."""
        return self._by_model[model].get(subject)

    def learn(self, fact: Fact) -> None:
        """Takes one fact; types that teach no label pass by."""
        payload = fact.payload
        match fact.type:
            case "lane_chosen":
                self._choose(payload)
            case "disposition_confirmed":
                self._dispose(payload)
            case "credit_proposed":
                self._propose(payload)
            case "credit_matched":
                note = payload["credit_note_id"]
                key = note_line_key(note, payload["line"])
                self._lines_of_note.setdefault(note, []).append(key)
            case "credit_approved" | "credit_denied":
                self._decide(fact.type, payload)
            case "task_decided":
                self._task(payload)
            case "exception_raised":
                self._raised[payload["exception_id"]] = payload
            case "exception_resolved":
                self._resolve(payload)
            case _:
                pass

    def _choose(self, payload: Mapping[str, Any]) -> None:
        """The propensity of a judgement: its subject is a line, a portion, or a credit."""
        return_id, line, part = payload["return_id"], payload["line"], payload["portion"]
        match payload["point"]:
            case "disposition":
                subject = portion_key(return_id, part)
            case "credit":
                subject = credit_key(return_id, line, int(part))
            case _:
                subject = line_key(return_id, line)
        chance = payload["review_permille"] / 1000
        weight = min(1 / chance, MOST_WEIGHT) if chance > 0 else MOST_WEIGHT
        self._weights[f"{payload['point']} {subject}"] = weight

    def _dispose(self, payload: Mapping[str, Any]) -> None:
        if payload["how"] != "person":
            return
        shares: dict[str, float] = {}
        for part in payload["parts"]:
            share = shares.get(part["disposition"], 0.0)
            shares[part["disposition"]] = share + float(part["quantity"])
        chosen = max(sorted(shares), key=lambda name: shares[name])
        share = shares[chosen] / sum(shares.values())
        key = portion_key(payload["return_id"], payload["portion"])
        weight = self.weight("disposition", key)
        self._by_model["disposition"][key] = Label(chosen, weight * share)

    def _propose(self, payload: Mapping[str, Any]) -> None:
        line = line_key(payload["return_id"], payload["line"])
        key = credit_key(payload["return_id"], payload["line"], payload["sequence"])
        self._credits_of_line.setdefault(line, []).append(key)
        if payload["decision"] == "deny":
            self._denied_by_policy.add(key)

    def _decide(self, type_name: str, payload: Mapping[str, Any]) -> None:
        key = credit_key(payload["return_id"], payload["line"], payload["sequence"])
        if key in self._denied_by_policy:
            return  # the policy said no before anybody looked: nothing about suspicion
        by = payload["approved_by"] if type_name == "credit_approved" else payload["denied_by"]
        if by == "system":
            return
        value = SUSPECT if type_name == "credit_denied" else NORMAL
        self._suspect(key, Label(value, self.weight("credit", key)))

    def _task(self, payload: Mapping[str, Any]) -> None:
        sequence, line = payload.get("sequence"), payload.get("line")
        if payload["point"] != "credit" or sequence is None or line is None:
            return
        key = credit_key(payload["return_id"], line, sequence)
        if key in self._denied_by_policy:
            return
        if payload["decision"] in ("reject", "override"):
            self._suspect(key, Label(SUSPECT, self.weight("credit", key)))

    def _resolve(self, payload: Mapping[str, Any]) -> None:
        loss = int(payload["loss_minor"])
        self._by_model["exception_rank"][payload["exception_id"]] = Label("loss", 1.0, loss)
        raised = self._raised.get(payload["exception_id"])
        if raised is None or raised["code"] not in ABOUT_CREDITS:
            return
        for key in self._credits_meant(raised):
            self._suspect(key, Label(SUSPECT if loss > 0 else NORMAL))

    def _credits_meant(self, raised: Mapping[str, Any]) -> list[str]:
        """The credits an exception is about: of a case's line, or of a credit note."""
        return_id, line = raised.get("return_id"), raised.get("line")
        if return_id and line is not None:
            return self._credits_of_line.get(line_key(return_id, line), [])
        for document in (raised.get("document"), raised.get("matched_document")):
            note, _, number = str(document or "").partition("/")
            lines = self._lines_of_note.get(note, [])
            wanted = line if line is not None else (int(number) if number.isdigit() else None)
            if lines:
                exact = [] if wanted is None else [note_line_key(note, int(wanted))]
                return [key for key in exact if key in lines] or lines
        return []

    def _suspect(self, key: str, label: Label) -> None:
        """A suspicion that a person confirmed is not taken back by a later automatic approval."""
        labels = self._by_model["credit_anomaly"]
        known = labels.get(key)
        if known and known.value == SUSPECT and label.value == NORMAL:
            return
        labels[key] = label
