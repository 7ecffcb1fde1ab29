"""Whether a head of your own runs, and how well: ``python -m avatar_worker head check FILE``."""

from __future__ import annotations

from .check import main

__all__ = ["main"]
