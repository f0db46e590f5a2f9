"""What would an expert do with these goods: every disposition with a calibrated probability.

Gets rows of the feature set ``disposition``. Start reading at ``model.py``.
"""
