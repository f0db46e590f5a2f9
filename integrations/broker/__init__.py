"""A message broker in between: facts come in by it, the public feed goes out by it.

Knows nothing of HTTP or SQL. ``messages.py`` needs the standard library only; ``wires.py`` needs
FastStream (the extra ``broker``) and is imported only where a broker is set. Start reading at
``messages.py``.
"""
