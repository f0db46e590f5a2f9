"""At which height a question about money opens: at the lowest role whose limit reaches it.

The role that a rule names is asked for its word, and its word is never skipped: it is said by the
role itself or by one that stands in for it. Where neither may approve so much, the question has
two keys: first the word, then the money.
"""

from workflow.approvals import LIMITED, STANDS_IN_FOR, upwards
from workflow.events import TaskOpened
from workflow.limit_documents import document_of
from workflow.run import PolicyBook
from workflow.state import Case

TWO_KEYS = ("authorisation", "disposition", "credit")
"""Points at which one role's yes can be put to another role; a release asks for people itself."""


def opens_at(policies: PolicyBook, case: Case, opened: TaskOpened) -> tuple[str, str | None]:
    """Who is asked, and whose is the other key, if two are needed; the task names the role that a
    rule did. Where nobody's limit reaches the amount, that one is asked and can pass it on."""
    named = opened.role
    if opened.point not in LIMITED:
        return named, None
    line = case.line(opened.line) if opened.line is not None else None
    reason = line.reason if line else None
    item_class = line.requested.facts.item_class if line else None
    document = document_of(case, opened, policies)
    asked = (document, opened.currency, opened.amount_minor, reason, item_class)
    reaching = next((r for r in upwards(named) if policies.covers(r, *asked)), None)
    if reaching is None or reaching == named:
        return named, None
    if named in STANDS_IN_FOR.get(reaching, frozenset()):
        return reaching, None
    return named, reaching if opened.point in TWO_KEYS else None
