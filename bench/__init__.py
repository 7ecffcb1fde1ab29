"""Benchmarks against a running system: ``python -m bench NAME``."""

from visavis.telemetry import turn_off

turn_off()
