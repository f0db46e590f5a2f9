"""ANSI X12 in: returns wanted (180) and adjustments (812), and the acknowledgement (997) of both.

Knows nothing of HTTP or SQL. Start reading at ``x12.py``; ``returns_180.py`` and
``adjustments_812.py`` say what each element becomes here, and what is lost.
"""
