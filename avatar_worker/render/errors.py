"""What can be wrong with a head."""

from __future__ import annotations


class HeadError(ValueError):
    """A head file cannot be used; the text says which file and why."""
