"""Heads by name: those that come with the avatar worker (CC0, see ``LICENSES.md``), and your own.

Who may name what: the settings and the command line name a head or a file anywhere; a dispatch,
which may be a stranger's, names heads alone, and a name never leads out of the two folders.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

HEADS: Final[tuple[str, ...]] = ("amy", "ben", "maya")
"""Names of the heads that come with Visavis."""
SUFFIXES: Final = (".glb", ".vrm", ".gltf")
"""Of head files; where one name has several, the first counts."""

_FOLDER: Final = Path(__file__).parent
_NAME: Final = re.compile(r"\w[\w .-]{0,63}")


class HeadError(ValueError):
    """A head file cannot be used; the text says which file and why."""


def find_head(name_or_path: str | Path, own: Path | None = None) -> Path:
    """Path of a head: one of :data:`HEADS`, one in the folder ``own``, or the path of a head file.

    Raises :class:`FileNotFoundError` where there is no such head; the text names those there are.
    """
    name = str(name_or_path)
    if name in HEADS:
        return _FOLDER / f"{name}.glb"
    if found := own_heads(own).get(name):
        return found
    path = Path(name_or_path).expanduser()
    if path.suffix.lower() in SUFFIXES and path.is_file():
        return path
    known = ", ".join((*HEADS, *own_heads(own)))
    raise FileNotFoundError(
        f"there is no head {name!r}: use one of {known}, or the path of a .glb or .vrm file"
    )


def own_heads(folder: Path | None) -> dict[str, Path]:
    """Names and files of the heads in a folder, sorted; links that lead out of it are none."""
    found: dict[str, Path] = {}
    if folder is None or not folder.is_dir():
        return found
    inside = folder.resolve()
    for suffix in SUFFIXES:
        for path in sorted(folder.glob("*")):
            fits = path.suffix.lower() == suffix and _NAME.fullmatch(path.stem)
            if fits and path.is_file() and path.resolve().is_relative_to(inside):
                found.setdefault(path.stem, path)
    return {name: found[name] for name in sorted(found) if name not in HEADS}
