"""The system of record behind one port: ``port.py``, a fake, the reference ERP, and a real one.

Start reading at ``port.py``; what a document does to stock and ledger is ``booking.py``.
"""
