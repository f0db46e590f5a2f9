"""The port on Tryton 8.2, reached over JSON-RPC with our own client; nothing of it is imported.

Start reading at ``adapter.py``: what is asked becomes papers (``papers.py``), each written once
(``stepping.py``) under keys that are ours (``keys.py``). Its words stay in this folder.
"""
