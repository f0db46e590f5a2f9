"""Room 2. Where it is written: one append-only, hash-chained log and everything kept beside it.

Gets events and effects from ``workflow``; gives recorded facts to ``features``, read models to
the desk, and jobs to the worker, all in one PostgreSQL transaction. Knows nothing of HTTP, of
models or of rules. Start reading at ``journal.py``.
"""
