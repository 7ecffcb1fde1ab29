"""The conversation: which brains it uses, what it says first, and the worker that runs it."""

from visavis.telemetry import turn_off

turn_off()
