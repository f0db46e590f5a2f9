"""An open task as a reviewer sees it: who may decide, the options, and what speaks for each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serving.pages import sentences
from serving.pages.sentences import option
from serving.pages.task_facts import facts
from serving.present import assessment_json, task_json
from serving.wiring import Services
from workflow.actor import Actor
from workflow.approvals import LIMITED, check_limit, decider
from workflow.asking import dispositions_left
from workflow.deciding import agreed_minor
from workflow.escalating import passes_to
from workflow.policy import Policies
from workflow.refused import Refused
from workflow.state import Born, Credit, Line, Portion, Task

MOST_RADIOS = 8
"""More options than this are put into a list below the likeliest."""


@dataclass(frozen=True, slots=True)
class TaskLooks:
    """Everything a task is looked at with. ``kept`` is a form that was sent and refused."""

    services: Services
    state: Born
    body: Mapping[str, object]
    actor: Actor
    now: datetime
    kept: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]


def task_view(looks: TaskLooks, task: Task) -> dict[str, Any]:
    """The task with its model's answer, evidence, options, lease, and whether the viewer may."""
    opened, case = task.opened, looks.state.case
    line = case.line(opened.line) if opened.line is not None else None
    portion = case.portion(opened.portion) if opened.portion else None
    credit = _credit(line, opened.sequence) if opened.point == "credit" else None
    said = {
        "reason": line.reason_assessment if line else None,
        "disposition": portion.assessment if portion else None,
        "credit": credit.assessment if credit else None,
    }.get(opened.point)
    answer: Any = assessment_json(said)
    acting, why_not = _acting(task, looks)
    lease = _lease(task, looks)
    body: dict[str, Any] = dict(task_json(task))
    return body | {
        "said": answer,
        "facts": facts(looks.state.case, task, line, portion, credit),
        "text": line.requested.reason_text if line and opened.point != "receipt" else "",
        "text_said": answer if opened.point == "reason" else None,
        "options": _options(task, answer),
        "others": _others(task, answer),
        "removed": _removed(portion, looks) if opened.point in ("disposition", "release") else [],
        "proposed": option(opened.proposal, opened.point),
        "asked_for": _asked_for(portion, looks) if opened.point == "disposition" else "",
        "net_minor": agreed_minor(task, credit) if credit else opened.amount_minor,
        "in_advance": credit is not None and credit.proposed.kind == "advance",
        "whole": credit is not None and _whole(credit),
        "escalates_to": passes_to(opened),
        "due": sentences.until(opened.due_at, looks.now),
        "overdue": opened.due_at < looks.now,
        "reason_codes": (
            sentences.WRITE_OFFS if opened.point == "claim" else sentences.REASON_CODES
        ),
        "lease": lease,
        "may": why_not is None and (lease is None or lease["mine"]),
        "why_not": why_not,
        "for_whom": acting.for_whom,
        "over_limit": _over_limit(task, looks, acting) if why_not is None else None,
        "kept": defaultdict(str, looks.kept if looks.kept.get("task") == opened.task_id else {}),
    }


def _credit(line: Line | None, sequence: int | None) -> Credit | None:
    return next((c for c in line.credits if c.sequence == sequence), None) if line else None


def _whole(credit: Credit) -> bool:
    """Goods in advance are approved or denied; there is no other amount."""
    return credit.proposed.kind == "advance" and credit.proposed.decision == "replace"


def _acting(task: Task, looks: TaskLooks) -> tuple[Actor, str | None]:
    """The viewer in the name they may decide in; with why not, where they may not."""
    policies = _policies(looks)
    try:
        return decider(looks.state.case, task, looks.actor, policies), None
    except Refused as no:
        return looks.actor, {
            "wrong_role": f"This waits for {sentences.role(task.opened.role)}.",
            "own_request": (
                "You asked for it: somebody else decides."
                if looks.actor.id == task.opened.asked_by
                else "You asked for this return: somebody else decides."
            ),
            "own_inspection": "You inspected these goods: somebody else decides.",
            "already_decided": "You said yes already: a second person must agree.",
            "same_authority": "The first yes was given in the same name: another must agree.",
        }.get(no.code, no.message)


def _over_limit(task: Task, looks: TaskLooks, acting: Actor) -> str | None:
    """What to know before a yes that the limit of the name acted in would not carry."""
    opened = task.opened
    if opened.point not in LIMITED:
        return None
    policies = _policies(looks)
    try:
        check_limit(looks.state.case, task, acting, policies, opened.amount_minor)
    except Refused:
        return "This amount is above your approval limit: you can refuse it or pass it on."
    return None


def _lease(task: Task, looks: TaskLooks) -> dict[str, Any] | None:
    row = next((r for r in looks.rows if r["task_id"] == task.opened.task_id), None)
    if row is None or not row["lease_holder"] or row["lease_until"] <= looks.now:
        return None
    return {
        "holder": row["lease_holder"],
        "until": row["lease_until"],
        "mine": row["lease_holder"] == looks.actor.id,
    }


def _options(task: Task, said: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The values a reviewer may choose by one click, the proposed first, then the likeliest."""
    opened = task.opened
    if opened.point == "credit":
        return []
    chances = {c["value"]: c["probability"] for c in (said or {}).get("candidates", ())}
    values = sorted(opened.allowed, key=lambda v: -chances.get(v, 0.0))
    if opened.proposal in values:
        values.remove(opened.proposal)
        values.insert(0, opened.proposal)
    elif opened.proposal:
        values.insert(0, opened.proposal)  # a split that an inspector proposed
    if len(values) > MOST_RADIOS:
        values = [v for v in values if v in chances or v == opened.proposal][: MOST_RADIOS - 3]
    return [
        {
            "choice": "approve" if value == opened.proposal else f"override:{value}",
            "label": option(value, opened.point).replace("+", " and "),
            "proposed": value == opened.proposal,
            "chance": chances.get(value),
        }
        for value in values
    ]


def _others(task: Task, said: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """The values that found no place among ``_options``, by name."""
    if task.opened.point == "credit":
        return []
    shown = {o["choice"].removeprefix("override:") for o in _options(task, said)}
    left = [v for v in task.opened.allowed if v not in shown and v != task.opened.proposal]
    return [{"value": v, "label": option(v, task.opened.point)} for v in sorted(left)]


def _asked_for(portion: Portion | None, looks: TaskLooks) -> str:
    """Why a rule asks for what is proposed, in its own words; empty where none does."""
    proposal = portion.proposal if portion else None
    if proposal is None or not proposal.rule:
        return ""
    return _policies(looks)["disposition"].because(proposal.rule) or proposal.rule


def _removed(portion: Portion | None, looks: TaskLooks) -> list[dict[str, str]]:
    """Options that rules took away: each rule once, in its own words."""
    if portion is None:
        return []
    policies = _policies(looks)
    asked = portion.proposal or portion.assessment
    told = asked.masked if asked else ()
    if portion.parts:  # on hold: what the rules of now remove
        told = dispositions_left(looks.state.case, portion, policies, looks.now).masked
    gone: dict[str, list[str]] = {}
    for masked in told:
        gone.setdefault(masked.rule, []).append(option(masked.value))
    because = policies["disposition"].because
    return [
        {"rule": rule, "labels": sentences.listed(labels), "because": because(rule)}
        for rule, labels in gone.items()
    ]


def _policies(looks: TaskLooks) -> Policies:
    return looks.services.policies.of_case(looks.state, looks.now)
