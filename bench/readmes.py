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
_WITH_TABLES: Final = """
    picomatch livekit-client eslint obug std-env fflate zod-validation-error tinybench machina
    csstype jose @rolldown/pluginutils baseline-browser-mapping keyv chalk jsesc debug ignore
    usehooks-ts eslint-plugin-jsx-a11y
"""
_ENDINGS: Final = {"text/markdown": "md", "text/x-rst": "rst"}


def readmes() -> Iterator[tuple[str, str]]:
    """A file's name that begins with an installed package's, and the package's README."""
    for package in sorted(distributions(), key=lambda package: package.name.lower()):
        text = package.metadata.get_payload() or ""  # type: ignore[attr-defined]
        if SHORTEST <= len(text) <= LONGEST and package.name != "visavis":
            # Where it does not say, it is reStructuredText (Core metadata specification).
            kind = str(package.metadata.json.get("description_content_type", "text/x-rst"))
            ending = _ENDINGS.get(kind.partition(";")[0].strip().lower(), "txt")
            yield f"{package.name}.{ending}", text


def node_readmes() -> Iterator[tuple[str, str]]:
    """A file's name and the README of those packages of the page that have a telling table; none
    where the page's packages are not installed."""
    for name in _WITH_TABLES.split():
        for file in (ROOT / "frontend/node_modules" / name).glob("[Rr][Ee][Aa][Dd][Mm][Ee].md"):
            yield f"{name.rpartition('/')[2]}.md", file.read_text(encoding="utf-8")


def own() -> Iterator[tuple[str, str]]:
    """A file's name for each of our own documents, beginning with "visavis", and its text."""
    for name in OWN:
        path = ROOT / name
        for file in sorted(path.glob("*.md")) if path.is_dir() else [path]:
            yield f"visavis-{file.stem.lower()}.md", file.read_text(encoding="utf-8")
