"""Room 3. Gets facts from ``journal``, gives rows to ``models``.

Knows nothing of HTTP, SQL or scikit-learn. Start reading at ``fold.py``.
"""
