"""The heads that come with the avatar worker: glTF 2.0 binaries, CC0 (see ``LICENSES.md``)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

HEADS: Final[tuple[str, ...]] = ("amy", "ben", "maya")
"""Names that :func:`find_head` knows."""

_FOLDER: Final = Path(__file__).parent


def find_head(name_or_path: str | Path) -> Path:
    """Path of a head: one of :data:`HEADS`, or a path that ends in ``.glb``.

    Raises :class:`FileNotFoundError` where there is no such head; the text names those there are.
    """
    if str(name_or_path) in HEADS:
        return _FOLDER / f"{name_or_path}.glb"
    path = Path(name_or_path).expanduser()
    if path.suffix.lower() == ".glb" and path.is_file():
        return path
    known = ", ".join(HEADS)
    raise FileNotFoundError(
        f"there is no head {str(name_or_path)!r}: use one of {known}, or the path of a .glb file"
    )
