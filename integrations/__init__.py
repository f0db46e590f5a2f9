"""Room 6. Effects out, events in: takes effects from ``workflow``, tells other systems.

Knows one port per system, and nothing of HTTP routes or models. Start reading at
``perform.py``, then ``erp/port.py``.
"""
