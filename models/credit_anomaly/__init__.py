"""Which credits are strange, and why: unsupervised from the first day, taught by labels later.

Gets rows of the feature set ``credit_anomaly``. Start reading at ``detector.py``.
"""
