"""Logs for machines: one JSON object a line on stderr, traces as text, never a frame's locals.

Locals of a failing frame hold keys, passwords and customers' words; they stay out of logs.
"""

import sys
from logging import CRITICAL, NOTSET

import structlog


def configure(quiet: bool = False) -> None:
    """Set the process's logging; doing it again changes nothing. ``quiet``: no fault is logged."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(CRITICAL if quiet else NOTSET),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # stderr as it is then
    )
