"""Writes ``docs/reference/limits.md`` from the code: ``python -m serving.limits_page``."""

from pathlib import Path

from integrations.broker import messages
from integrations.erp import reference
from integrations.webhooks import address, sending
from journal import attempts, database, deliveries, outbox, systems, webhooks, worker
from serving import backpressure, doors, facts_in, performer, repairs, scoring
from serving.routes import inbound
from serving.settings import Settings

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "limits.md"

_HEAD = """\
# Limits

Written from the code by `python -m serving.limits_page`; a test keeps it current.

Everything that comes from outside has a bound, and a bound that is met is said, never passed over
in silence. Values that are settings name their variable; the others are constants of the program.
"""

Row = tuple[str, object, str]


def rows() -> dict[str, list[Row]]:
    """What is limited, to how much, and what happens there; by chapter."""
    own, erp = Settings.model_fields, systems.Limits()
    return {
        "What comes in": [
            ("a request body, bytes (`TRIAGE_MAX_BODY_BYTES`)", own["max_body_bytes"].default,
             "413 `body_too_large`, before it is read"),
            ("a file of evidence, bytes (`TRIAGE_MAX_FILE_BYTES`)", own["max_file_bytes"].default,
             "413"),
            ("a reason text, characters (`TRIAGE_MAX_TEXT_CHARS`)", own["max_text_chars"].default,
             "413 `text_too_long`"),
            ("items of one scoring request", scoring.MOST_ITEMS, "422"),
            ("pushes of one full explanation", scoring.MOST_PUSHES,
             "the weaker ones are one push, `others`, which says how many they are"),
            ("events of one batch", inbound.MOST_EVENTS, "422"),
            ("messages of a broker under way in one program", messages.MOST_UNDER_WAY,
             "the others wait there, for any program"),
            ("lines of one document", facts_in.MOST_LINES, "the document's own problem"),
            ("effects waiting for other systems", backpressure.MOST_WAITING_EFFECTS,
             "new returns, by whatever way, are answered 503 `overloaded` with `Retry-After` (a"
             " broker keeps them); all else goes on"),
        ],
        "Doors": [
            (f"requests under way in one process, {name}: {doors.WHAT[name]}"
             " (`TRIAGE_DOOR_LIMITS`)", most,
             "one more is answered 503 `overloaded` with `Retry-After`; other doors go on")
            for name, most in doors.AT_ONCE.items()
        ]
        + [
            ("database connections of one process (`TRIAGE_POOL_SIZE`, and"
             f" {database.MORE_CONNECTIONS} more while there is much to do)",
             own["pool_size"].default + database.MORE_CONNECTIONS,
             f"the others wait, after {database.CONNECTION_SECONDS} s they are answered 503"
             " `overloaded` with `Retry-After`"),
        ],
        "What goes out to a system": [
            ("effects at once, over all workers (`TRIAGE_SYSTEM_LIMITS`)", erp.at_once,
             "the others wait; no attempt is used up"),
            ("effects begun a minute (`TRIAGE_SYSTEM_LIMITS`)", erp.a_minute, "the others wait"),
            ("documents of one transaction of the reference ERP", reference.MOST_POSTS,
             "more are an error of the caller"),
            ("unanswered effects in a row", systems.OPENS_AFTER,
             "the system is down: one probes, nobody else asks"),
            ("seconds between probes", int(systems.PROBES.most_seconds), "at most"),
            ("minutes of an outage", int(performer.ALARM_AFTER.total_seconds() // 60),
             "an alarm for admins"),
            ("attempts of an effect", outbox.MAX_ATTEMPTS, "it is parked for a person"),
            ("seconds between attempts", int(outbox.WAITS.most_seconds), "at most"),
            ("attempts kept of an effect", attempts.MOST_KEPT, "the oldest give way"),
            ("days attempts are kept", attempts.KEPT_DAYS, "then forgotten"),
            ("effects one request retries", repairs.MOST_AT_ONCE, "ask again for the rest"),
            ("seconds without a sign of life", worker.STALLED_SECONDS,
             "a worker's jobs are taken up by others"),
        ],
        "What goes out to subscribers": [
            ("webhooks", webhooks.MOST_WEBHOOKS, "409 `too_many_webhooks`"),
            ("characters of a URL", address.MOST_URL_CHARS, "422 `unfit_address`"),
            ("messages waiting for one receiver", deliveries.MOST_WAITING,
             "its feed stands still, unread; nothing is lost"),
            ("messages under way to one receiver", deliveries.MOST_AT_ONCE, "the others wait"),
            ("seconds for an answer", sending.TIMEOUT_SECONDS, "the attempt failed"),
            ("bytes kept of an answer", sending.MOST_ANSWER_BYTES, "the rest is not read"),
            ("failures in a row", deliveries.FAILURES_TO_PAUSE,
             "the receiver is paused: one message probes"),
            ("attempts of a message", deliveries.MOST_ATTEMPTS,
             "given up if others were taken, else the receiver is disabled"),
            ("days of replay", webhooks.REPLAY_DAYS, "422 `too_old`"),
            ("hours that two secrets overlap", webhooks.MOST_OVERLAP_HOURS, "422"),
        ],
    }  # fmt: skip


def markdown() -> str:
    """The whole page, ending in a newline."""
    text = _HEAD
    for chapter, limits in rows().items():
        text += f"\n## {chapter}\n\n| what | limit | there |\n|---|---|---|\n"
        text += "".join(f"| {what} | {_number(most)} | {then} |\n" for what, most, then in limits)
    return text


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    PAGE.write_text(markdown(), encoding="utf-8")
    print(PAGE)
