"""A case judged again: every verdict is asked once more of the text that gave it.

The text is the one that the verdict names by its digest, whatever came into force since. Where a
verdict noted no text (which options the rules removed), it is that of the moment.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from workflow.policy import Policies, Policy
from workflow.policy_questions import ASKED, Asked, Said, Story, questions

JUDGED = tuple(name for name in ASKED if name != "approval_limits")
"""The policies whose verdicts a case records. What the approval limits say of a model's answer is
part of the lane that the rollout chose."""


@dataclass(frozen=True, slots=True)
class Rejudged:
    """``now`` is what the text ``ref`` says today to the facts of then; ``None`` where nobody
    kept that text."""

    asked: Asked
    ref: str
    now: Said | None

    @property
    def differs(self) -> bool:
        """Another rule or another answer. A text that is gone is no difference, but no proof."""
        said, now = self.asked.said, self.now
        return now is not None and not (now.same(said) and now.rule == said.rule)


def rejudged(known: Policies, story: Story) -> Iterator[Rejudged]:
    """Every verdict of a case, in order, with what its own text says again."""
    for asked in questions(known, JUDGED, story):
        ref, policy = _text(known, asked)
        yield Rejudged(asked, ref, asked.again(policy) if policy else None)


def _text(known: Policies, asked: Asked) -> tuple[str, Policy | None]:
    noted = asked.ref or ""
    if noted.partition("@")[0].partition("/")[0] == asked.policy:
        return noted, known.by_ref(noted)
    policy = asked.then()[asked.policy]
    return policy.ref, policy
