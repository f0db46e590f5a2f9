"""What somebody wants to become of inspected goods, and who is asked to agree."""

from workflow.actor import Actor
from workflow.asking import dispositions_left
from workflow.assessment import Assessment
from workflow.events import DispositionPart, DispositionProposed, TaskOpened, Verdict
from workflow.goods_limits import asked_for
from workflow.lanes import stake
from workflow.policy_table import Left
from workflow.run import Run
from workflow.state import Portion
from workflow.tasks import open_task


def proposal_of(run: Run, portion: Portion, said: Assessment) -> DispositionProposed:
    """What a rule asks for, else what the model chose, else the only option that the rules left,
    for all of a portion; without parts where nobody proposes anything."""
    left = dispositions_left(run.case, portion, run.policies, run.at)
    choice, how, by = left.proposed, "rule", "system"
    if choice is None and said.value in left.allowed:
        choice, how, by = said.value, "model", f"model:{said.model.name}@{said.model.version}"
    elif choice is None and len(left.allowed) == 1:
        choice = left.allowed[0]
    parts = (DispositionPart(choice, portion.inspected.quantity),) if choice else ()
    return _proposed(run, portion, parts, how, by, left, left.asking.id if left.asking else "")


def open_disposition_task(
    run: Run,
    portion: Portion,
    allowed: tuple[str, ...],
    verdict: Verdict,
    role: str,
    blind: bool = False,
    said_yes: Actor | None = None,
) -> None:
    """Ask a person about a portion; the proposal, if any and not ``blind``, is its own.

    Two must agree where the lane or the limits say so; ``said_yes`` is the first of them.
    """
    current = run.case.portion(portion.id) or portion
    line = run.case.line(portion.line)
    amount = stake(run.case, line, "disposition", portion.id) if line else 0
    dual = dict(verdict.values).get("lane") == "dual_control" or said_yes is not None
    proposal = None if blind else current.proposal
    open_task(
        run,
        "disposition",
        role,
        verdict,
        amount,
        line=portion.line,
        portion=portion.id,
        proposal="+".join(p.disposition for p in proposal.parts) if proposal else None,
        allowed=allowed,
        approvals_needed=2 if dual else asked_for(run, portion, "disposition", amount).people,
        blind=blind,
        approved_by=(said_yes.id,) if said_yes else (),
        approved_for=(said_yes.for_whom,) if said_yes and said_yes.for_whom else (),
    )


def propose_anew(
    run: Run,
    portion: Portion,
    parts: tuple[DispositionPart, ...],
    asked: TaskOpened,
    by: Actor,
) -> None:
    """One of two people wants something else: that is what the other is asked to agree to."""
    propose_by_hand(run, portion, parts, "person", by.id)
    allowed = dispositions_left(run.case, portion, run.policies, run.at).allowed
    open_disposition_task(run, portion, allowed, asked.verdict, asked.role, said_yes=by)


def propose_by_hand(
    run: Run, portion: Portion, parts: tuple[DispositionPart, ...], how: str, by: str
) -> None:
    left = dispositions_left(run.case, portion, run.policies, run.at)
    run.emit(_proposed(run, portion, parts, how, by, left))


def _proposed(
    run: Run,
    portion: Portion,
    parts: tuple[DispositionPart, ...],
    how: str,
    by: str,
    left: Left,
    rule: str = "",
) -> DispositionProposed:
    where = (run.case.return_id, portion.line, portion.id)
    return DispositionProposed(*where, parts, how, by, left.allowed, left.masked, rule)
