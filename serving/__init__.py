"""Room 5. The one FastAPI app: scoring, workflow and the triage desk.

A route reads a shape, sends a command, presents a result. Start reading at ``app.py``;
``wiring.py`` is the one place where everything is put together.
"""
