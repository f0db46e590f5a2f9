"""The system of record behind one port: ``port.py``, a fake, and the reference ERP.

Start reading at ``port.py``; what a document does to stock and ledger is ``booking.py``.
"""
