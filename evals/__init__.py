"""Scenarios of a conversation, run through LiveKit's test harness: ``python -m evals``."""
