"""A real ERP to try against: Tryton in a process and virtual environment of its own.

Start reading at ``lab.py``. ``build_tryton.py`` is the one file here under another licence
(``docs/decisions``): it runs inside that environment and nothing of ours imports it.
"""
