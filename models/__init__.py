"""Room 4. Gets rows from ``features``, gives assessments to whoever asks.

Knows nothing of HTTP, SQL, MLflow or torch. Start reading at ``protocol.py``.
"""
