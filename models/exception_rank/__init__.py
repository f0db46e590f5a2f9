"""Which reconciliation exception to look at first: by what its like turned out to cost.

Gets rows of the feature set ``exception_rank``. Start reading at ``model.py``.
"""
