"""A seeded distributor on a fake clock, played through the real wiring.

Gets nothing from outside; gives happenings to a ``Desk``. Two layers: a pure world (``world.py``:
masters, trade, returns, ledger errors, texts) and the people who work through it (``play.py``).
Knows nothing of HTTP or SQL. Start reading at ``story.py`` (R-1001), then ``intents.py``.
"""
