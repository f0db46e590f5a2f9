"""The triage desk: server-rendered pages that work without JavaScript. Start at ``desk.py``."""
