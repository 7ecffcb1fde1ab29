"""Benchmarks against a running system: ``python -m bench NAME``."""
