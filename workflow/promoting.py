"""Which version of a model answers: approved by another than proposed it, declined, taken back.

A model's ledger is the stream ``model/{name}``; what happened there, oldest first, is ``history``
here. Whether the bundle that was judged can still answer is asked by the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.actor import Actor
from workflow.approvals import require_any_role, require_role
from workflow.facts import (
    ChallengerWithdrawn,
    ChampionRolledBack,
    PromotionApproved,
    PromotionDeclined,
    PromotionProposed,
)
from workflow.refused import Refused

CHAMPION, CHALLENGER = "champion", "challenger"
APPROVER = "model_approver"
MODELS = ("reason", "disposition", "credit_anomaly", "exception_rank")

Decision = PromotionApproved | PromotionDeclined
PromotionFact = PromotionProposed | Decision | ChampionRolledBack | ChallengerWithdrawn


@dataclass(frozen=True, slots=True)
class Carried:
    """A version that carries an alias by the ledger, and the proposal by which it came to it."""

    version: str
    bundle_digest: str
    proposal_id: str

    def is_of(
        self, fact: "PromotionProposed | PromotionApproved | ChampionRolledBack | Carried"
    ) -> bool:
        """Whether a fact names this very version and bundle."""
        return (self.version, self.bundle_digest) == (fact.version, fact.bundle_digest)


def model_of(proposal_id: str) -> str:
    """The model that a proposal is about. Refused: ``unknown_proposal``."""
    model = proposal_id.rpartition("/")[0]
    if model not in MODELS:
        raise Refused("unknown_proposal", f"There is no proposal {proposal_id[:60]}.")
    return model


def stream_of(model: str) -> str:
    """The stream of a model's ledger. Refused: ``unknown_model``."""
    if model not in MODELS:
        raise Refused("unknown_model", f"{model[:60]} is none of {', '.join(MODELS)}.")
    return f"model/{model}"


def check_news(
    history: Sequence[PromotionFact], model: str, version: str, alias: str, bundle_digest: str
) -> None:
    """Whether proposing this very bundle for an alias asks something that is not asked already.

    One that was declined, or rolled back from, may be proposed again. Refused:
    ``already_proposed`` (the message and ``details['proposal']`` name the open one),
    ``already_decided`` (it carries the alias, or is the champion it would be held against).
    """
    closed = {fact.proposal_id for fact in history if isinstance(fact, Decision)}
    wanted = (version, alias, bundle_digest)
    for fact in history:
        if not isinstance(fact, PromotionProposed) or fact.proposal_id in closed:
            continue
        if (fact.version, fact.alias, fact.bundle_digest) == wanted:
            raise Refused(
                "already_proposed",
                f"{fact.proposed_by} proposed {model} {version} as {alias} in {fact.proposal_id},"
                " which nobody has decided yet.",
                proposal=fact.proposal_id,
            )
    for carried in dict.fromkeys((alias, CHAMPION)):  # a champion is no challenger of its own
        line = succession(history, carried)
        if line and (line[-1].version, line[-1].bundle_digest) == (version, bundle_digest):
            raise Refused("already_decided", f"{model} {version} is {carried} already.")


def approved(
    history: Sequence[PromotionFact], proposal_id: str, by: Actor, bootstrap: bool = False
) -> PromotionApproved:
    """The fact that a proposed version carries its alias from here on.

    ``bootstrap`` lets a service approve, once, before a model has had any champion. Refused:
    ``unknown_proposal``, ``already_decided`` (also where this very bundle carries the alias
    already), ``proposer_is_approver``, ``wrong_role`` (a person who is model approver approves),
    ``bundle_changed`` (nobody kept what was judged), ``stale_proposal`` (its gates held it against
    another champion).
    """
    proposed = _open(history, proposal_id)
    if proposed.proposed_by == by.id:
        raise Refused(
            "proposer_is_approver", f"{by.id} proposed {proposal_id} and may not approve it."
        )
    _check_approver(history, proposed, by, bootstrap)
    if not proposed.bundle_digest:
        raise Refused(
            "bundle_changed",
            f"{proposal_id} does not say which bundle was judged: propose {proposed.name}"
            f" {proposed.version} again.",
        )
    line = succession(history, proposed.alias)
    if line and line[-1].is_of(proposed):
        raise Refused(
            "already_decided",
            f"{proposed.name} {proposed.version} is {proposed.alias} already: decline"
            f" {proposal_id}.",
        )
    _check_champion(history, proposed)
    return PromotionApproved(
        proposal_id,
        proposed.name,
        proposed.version,
        by.id,
        proposed.alias,
        proposed.bundle_digest,
        bootstrap,
    )


def declined(
    history: Sequence[PromotionFact], proposal_id: str, by: Actor, because: str
) -> PromotionDeclined:
    """The fact that a proposal comes to nothing: a model approver says no, or who made it takes
    it back.

    Refused: ``unknown_proposal``, ``already_decided``, ``wrong_role``, ``reason_required``.
    """
    proposed = _open(history, proposal_id)
    if proposed.proposed_by != by.id:
        _check_person(by, f"Declining {proposal_id}")
    if not because.strip():
        raise Refused("reason_required", f"Say why {proposal_id} is declined.")
    return PromotionDeclined(proposal_id, proposed.name, proposed.version, by.id, because.strip())


def rolled_back(
    history: Sequence[PromotionFact], model: str, by: Actor, because: str = ""
) -> ChampionRolledBack:
    """The fact that the champion before the present one is champion again; repeated, the one
    before.

    One model approver is enough: two people let that version in before, and whoever sees a
    model do harm must not wait for a colleague. Refused: ``wrong_role``, ``nothing_before``.
    """
    _check_person(by, f"Rolling back {model}")
    line = succession(history)
    if len(line) < 2:
        raise Refused("nothing_before", f"{model} has had no champion before the present one.")
    now, before = line[-1], line[-2]
    return ChampionRolledBack(
        before.proposal_id, model, before.version, by.id, before.bundle_digest, now.version, because
    )


def withdrawn(
    history: Sequence[PromotionFact], model: str, by: Actor, because: str = ""
) -> ChallengerWithdrawn:
    """The fact that a challenger's time in shadow ends. Whoever may propose or approve one may
    end it.

    Refused: ``wrong_role``, ``nothing_before`` (there is no challenger).
    """
    require_any_role(by, ("data_scientist", APPROVER), f"Withdrawing from {model}")
    line = succession(history, CHALLENGER)
    if not line:
        raise Refused("nothing_before", f"{model} has no challenger.")
    return ChallengerWithdrawn(model, line[-1].version, by.id, because)


def succession(history: Sequence[PromotionFact], alias: str = CHAMPION) -> list[Carried]:
    """Versions that carried an alias, the present one last; what was rolled back is gone.

    One that was approved again while it was in place stands there once: a way back leads to
    another version.
    """
    line: list[Carried] = []
    for fact in history:
        if isinstance(fact, PromotionApproved) and fact.alias == alias:
            if not line or not line[-1].is_of(fact):
                line.append(Carried(fact.version, fact.bundle_digest, fact.proposal_id))
        elif isinstance(fact, ChampionRolledBack) and alias == CHAMPION:
            if not line[-1].is_of(fact):
                line.pop()
        elif isinstance(fact, ChallengerWithdrawn) and alias == CHALLENGER:
            line.clear()
    return line


def _open(history: Sequence[PromotionFact], proposal_id: str) -> PromotionProposed:
    found: PromotionProposed | None = None
    for fact in history:
        if isinstance(fact, ChallengerWithdrawn) or fact.proposal_id != proposal_id:
            continue
        if isinstance(fact, Decision):
            how = "approved" if isinstance(fact, PromotionApproved) else "declined"
            raise Refused("already_decided", f"{proposal_id} was {how} before.")
        if isinstance(fact, PromotionProposed):
            found = fact
    if found is None:
        raise Refused("unknown_proposal", f"There is no proposal {proposal_id[:60]}.")
    return found


def _check_champion(history: Sequence[PromotionFact], proposed: PromotionProposed) -> None:
    """Gates tell whether a version is better than the champion of then: it must still be."""
    if proposed.alias != CHAMPION:
        return
    now, then = (
        line[-1] if (line := succession(past)) else None
        for past in (history, history[: history.index(proposed)])
    )
    if now is None or (then is not None and then.is_of(now)):
        return
    judged = f"against version {then.version}" if then else "before there was a champion"
    raise Refused(
        "stale_proposal",
        f"{proposed.proposal_id} was judged {judged}, and {proposed.name} {now.version} is champion"
        f" now: decline it, and propose {proposed.version} again.",
    )


def _check_approver(
    history: Sequence[PromotionFact], proposed: PromotionProposed, by: Actor, bootstrap: bool
) -> None:
    doing = f"Approving {proposed.proposal_id}"
    if not bootstrap:
        _check_person(by, doing)
        return
    require_role(by, APPROVER, doing)
    if any(isinstance(fact, PromotionApproved) for fact in history):
        raise Refused(
            "already_decided",
            f"{proposed.name} has had a champion: a model approver must decide from now on.",
        )


def _check_person(by: Actor, doing: str) -> None:
    """A person who is model approver."""
    require_role(by, APPROVER, doing)
    if by.kind != "person":
        raise Refused("wrong_role", f"{doing} needs a person; {by.id} is a {by.kind}.")
