"""Room 6, webhooks. Gets events of the public feed, posts them signed to whoever subscribed.

Knows nothing of the database and of who subscribed. Start reading at ``signing.py``.
"""
