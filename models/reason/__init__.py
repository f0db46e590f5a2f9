"""Why goods come back, from what the customer wrote: two views of a text, one linear head.

Gets ``row["text"]``; knows nothing of torch or scikit-learn. Start reading at ``model.py``.
"""
