"""The conversation: which brains it uses, what it says first, and the worker that runs it."""
