"""Room 7. Did the world do what we asked? Ledgers and files in, matches and typed exceptions out.

Gets ledger lines from ``integrations``, writes facts to ``journal``, asks ``models`` with the
rows of ``features``. Matching is pure; only ``known.py``, ``online_retail.py``, ``canonical.py``
and ``reconcile.py`` touch a database. Start reading at ``online_retail.py`` (a file of invoices)
or ``reconcile.py`` (our journal against the ERP).
"""
