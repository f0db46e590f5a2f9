"""The console script ``triage``: one small module a group of commands.

Imports every room, and each only when its command runs; imported by none. Start at ``main.py``.
"""
