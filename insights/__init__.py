"""Around the walk: what the journal tells people outside, as records and logs in known formats.

Gets entries from ``journal`` in the order of their positions, gives rows and documents to
``commands``. Writes nothing. ``traceability.py`` keeps the records that food and drug law asks
for, ``spreadsheet.py`` and ``epcis.py`` say them as CSV and EPCIS 2.0, ``ocel.py`` the whole
journal for process mining and ``audit.py`` for auditors; ``recovery.py`` says what suppliers pay of
what is claimed. Start reading at ``traceability.py``.
"""
