"""Documents that every checkout has: our own, and the READMEs of what it is built on."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
OWN: Final = ("README.md", "docs", "training/lipsync/REPORT.md", "avatar_worker/heads/LICENSES.md")
SHORTEST: Final = 1500
"""Characters of a README that says something."""
LONGEST: Final = 65_000
"""A longer one is mostly its history."""


def readmes() -> Iterator[tuple[str, str]]:
    """Name of an installed package, and its README."""
    for package in sorted(distributions(), key=lambda package: package.name.lower()):
        text = package.metadata.get_payload() or ""  # type: ignore[attr-defined]
        if SHORTEST <= len(text) <= LONGEST and package.name != "visavis":
            yield package.name, text


def own() -> Iterator[tuple[str, str]]:
    """A name for each of our own documents, beginning with "visavis", and its text."""
    for name in OWN:
        path = ROOT / name
        for file in sorted(path.glob("*.md")) if path.is_dir() else [path]:
            yield f"visavis-{file.stem.lower()}", file.read_text(encoding="utf-8")
