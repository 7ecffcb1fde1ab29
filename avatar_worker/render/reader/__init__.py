"""Makes a head of a glTF file, whoever made it."""

from __future__ import annotations

from .findings import Findings
from .read import read_findings, read_head

__all__ = ["Findings", "read_findings", "read_head"]
