"""What stands in the way of a brain, said to people."""

from __future__ import annotations


class BrainError(RuntimeError):
    """A brain cannot be used as it is configured; the text says which setting, and what to do."""
