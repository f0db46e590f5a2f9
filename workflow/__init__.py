"""Room 1. Event in, decision out: pure, no clock, no I/O, no floats for money.

Knows nothing of HTTP, SQL or models. Start reading at ``decide.py``.
"""
