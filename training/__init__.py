"""How models are made: journal, rows, split, fit, calibrate, judge, register, promote.

Gets facts from ``journal``, rows from ``features``, gives bundles to ``models`` and a promotion
ledger to ``journal``. Needs the extra ``training``; nothing that serves imports it. Start
reading at ``rows.py``, then ``train.py``.
"""
