"""Benchmarks: ``python -m bench.NAME``; the last line of output is one JSON document."""
