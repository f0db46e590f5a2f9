"""What a person answers to a task, knowing what the world knows about the case."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulation.desk import TaskView
from simulation.intents import InspectionIntent
from simulation.world import World


@dataclass(frozen=True, slots=True)
class Answer:
    """One decision to try; see ``Desk.decide``."""

    decision: str
    value: str | None = None
    reason_code: str | None = None
    note: str = ""


APPROVE = Answer("approve")
ESCALATE = Answer("escalate", note="Above my limit.")


def answers_to(
    world: World, task: TaskView, inspected: Mapping[tuple[str, str], InspectionIntent]
) -> list[Answer]:
    """Answers in the order a person would try them: the house may refuse the first.

    ``inspected`` maps (return, portion) to what was inspected. Raises ``KeyError`` for a return
    the world does not know, ``ValueError`` for a point people are never asked about.
    """
    match task.point:
        case "reason":
            return [_reason(world, task)]
        case "authorisation":
            return _authorisation(world, task)
        case "receipt":
            return _surplus(world, task)
        case "disposition":
            return [_disposition(task, inspected)]
        case "release":
            return _release(task, inspected)
        case "refurbish":
            return _work(world, task)
        case "refurbish_check":
            return [APPROVE]
        case "credit":
            return _credit(world, task)
        case "claim":
            return [Answer("approve", note=f"DN-{task.return_id}")]
        case "write_off":
            return [APPROVE]
        case point:
            raise ValueError(f"nobody decides the point {point!r} of {task.task_id}")


def _chosen(task: TaskView, value: str, reason_code: str, note: str) -> Answer:
    """Approve where the proposal is what the person wants anyway, otherwise override."""
    if value == task.proposal:
        return Answer("approve", note=note)
    return Answer("override", value, reason_code, note)


def _reason(world: World, task: TaskView) -> Answer:
    truths = world.by_return[task.return_id].request.truth.lines
    labelled = truths[(task.line or 1) - 1].labelled
    return _chosen(task, labelled, "asked_customer", "As the customer says.")


def _authorisation(world: World, task: TaskView) -> list[Answer]:
    truth = world.by_return[task.return_id].request.truth
    reject = Answer("reject", None, "not_eligible", "Not covered by our terms.")
    if not truth.authorise:
        return [reject]
    if task.proposal is None and task.allowed:
        first = "authorise" if "authorise" in task.allowed else task.allowed[0]
        return [Answer("override", first, "agreed", "Agreed with the customer."), reject]
    return [Answer("approve", note="In line with our terms."), reject]


def _surplus(world: World, task: TaskView) -> list[Answer]:
    draw = world.streams.of("surplus", task.return_id, task.line)
    wanted = "accept" if draw.random() < 0.65 else draw.choice(("return_to_customer", "quarantine"))
    options = [wanted, "return_to_customer", "quarantine"]
    note = "Counted and looked at."
    return [
        _chosen(task, option, "counted", note) for option in options if option in task.allowed
    ] or [APPROVE]


def _disposition(task: TaskView, inspected: Mapping[tuple[str, str], InspectionIntent]) -> Answer:
    intent = inspected.get((task.return_id, task.portion or ""))
    if intent is None:
        return APPROVE
    choice = intent.truth.choose(task.allowed)
    return _chosen(task, choice, "expert_judgement", f"Found {intent.condition}.")


def _release(task: TaskView, inspected: Mapping[tuple[str, str], InspectionIntent]) -> list[Answer]:
    """What the expert would do with goods that may not stay on hold; nothing where no rule
    leaves anything: the task waits."""
    intent = inspected.get((task.return_id, task.portion or ""))
    if not task.allowed:
        return []
    choice = intent.truth.choose(task.allowed) if intent else task.allowed[0]
    return [Answer("override", choice, "expert_judgement", "Checked again and released.")]


def _work(world: World, task: TaskView) -> list[Answer]:
    """Three in four are made good; the rest is scrapped, or given back where it may not be."""
    draw = world.streams.of("workshop", task.return_id, task.portion)
    wanted = ["as_new"] if draw.random() < 0.75 else ["scrap", "stopped"]
    return [Answer("override", value, "workshop", "Worked on and tested.") for value in wanted]


def _credit(world: World, task: TaskView) -> list[Answer]:
    truth = world.by_return[task.return_id].request.truth
    if truth.deny_credit:
        code = "abuse_suspected" if truth.abuse else "customer_damage"
        return [Answer("reject", "deny", code, "Not our fault, no credit."), APPROVE]
    return [Answer("approve", note="Checked against the invoice.")]
