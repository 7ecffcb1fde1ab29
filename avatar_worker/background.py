"""What can be behind the head: a colour, a gradient, a picture by name or by URL."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from avatar_worker.image import ImageError, decode_image
from avatar_worker.paint import fit_picture, paint_backdrop, paint_gradient
from safe_fetch import Fetched, FetchError, fetch
from settings import Settings

TRANSPARENT: Final = "transparent"
"""For files that can keep it; a live picture has no such thing."""
SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")
LARGEST_FILE: Final = 10_000_000
"""Bytes."""
_LISTED: Final = 20
_KEPT: Final = 2
"""Decoded pictures that one room keeps: usually 12 MB each, 26 at most."""

Bytes = NDArray[np.uint8]
Paint = Callable[[int, int], Bytes]
"""Width and height to RGBA (height, width, 4)."""


class BackgroundError(ValueError):
    """There is no such background; the text says what there could be."""


@dataclass(frozen=True)
class Backdrop:
    """A background that is ready to be painted in any size."""

    name: str
    """As anybody may read it: of a URL, what comes before its query."""
    paint: Paint


class Backgrounds:
    """Finds what a text names.

    ``#rrggbb``: a colour, softly lit. ``#rrggbb..#rrggbb``: a gradient, from the top down. A name:
    that picture (JPEG, PNG, WebP) of ``folder``. ``https://…`` or ``http://…``: what is fetched
    from there. Pictures fill the frame and are cut where it has another shape.
    """

    def __init__(self, folder: Path | None, fetch: Callable[[str], Awaitable[Fetched]]) -> None:
        """``fetch``: raises :class:`FetchError`; see :func:`safe_fetch.fetch`."""
        self._folder = folder
        self._fetch = fetch
        self._pictures: OrderedDict[str, Bytes] = OrderedDict()
        """By their content's SHA-256."""

    def check(self, text: str) -> None:
        """Raises :class:`BackgroundError` where ``text`` names nothing. Reads no picture."""
        if _colours(text) is None and not is_url(text):
            self._file(text)

    def check_own(self, text: str) -> None:
        """As :meth:`check` for whoever runs this machine: a file may lie anywhere on it."""
        if not _is_own_file(text):
            try:
                self.check(text)
            except BackgroundError as error:
                raise BackgroundError(f"{error}, or the path of a picture") from None

    async def open(self, text: str) -> Backdrop:
        """Find, fetch and decode. Raises :class:`BackgroundError`."""
        if backdrop := painted(text):
            return backdrop
        if is_url(text):
            return await self._open_url(text)
        return await self._open_file(self._file(text), text)

    async def open_own(self, text: str) -> Backdrop:
        """As :meth:`open` for whoever runs this machine: a file may lie anywhere on it."""
        self.check_own(text)
        if _is_own_file(text):
            return await self._open_file(Path(text), shown_name(text))
        return await self.open(text)

    async def _open_file(self, path: Path, name: str) -> Backdrop:
        return await self._decode(await asyncio.to_thread(_read, path, name), name)

    async def _open_url(self, url: str) -> Backdrop:
        try:
            fetched = await self._fetch(url)
        except FetchError as error:
            raise BackgroundError(f"the background could not be fetched: {error}") from None
        return await self._decode(fetched.content, public_name(url))

    async def _decode(self, content: bytes, name: str) -> Backdrop:
        key = await asyncio.to_thread(_digest, content)
        picture = self._pictures.get(key)
        if picture is None:
            try:
                picture = await asyncio.to_thread(decode_image, content)
            except ImageError as error:
                raise BackgroundError(f"the background {name} {error}") from None
            self._pictures[key] = picture
        self._pictures.move_to_end(key)
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        return picture_backdrop(picture, name)

    def _file(self, name: str) -> Path:
        names = self.names()
        if self._folder is None or name not in names:
            raise BackgroundError(_no_such(name, names))
        return self._folder / name

    def names(self) -> list[str]:
        """Of the pictures in the folder, those that lie in it and are not only linked from it."""
        if self._folder is None:
            return []
        try:
            inside = sorted(self._folder.iterdir())
        except OSError:
            return []
        return [path.name for path in inside if _is_picture(path)]


def open_backgrounds(settings: Settings) -> Backgrounds:
    """Those that the settings allow."""
    return Backgrounds(
        settings.avatar_backgrounds, functools.partial(fetch, allow_private=settings.fetch_private)
    )


def painted(text: str) -> Backdrop | None:
    """The backdrop of a colour or a gradient; None for anything else."""
    match _colours(text):
        case (colour,):
            return Backdrop(text, lambda width, height: paint_backdrop(width, height, colour))
        case (top, bottom):
            return Backdrop(text, lambda width, height: paint_gradient(width, height, top, bottom))
    return None


def picture_backdrop(picture: Bytes, name: str) -> Backdrop:
    return Backdrop(name, lambda width, height: fit_picture(picture, width, height))


def is_url(text: str) -> bool:
    return text.lower().startswith(("https://", "http://"))


def public_name(text: str) -> str:
    """A URL without its query, which may be a key."""
    if not is_url(text):
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return "a URL"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def shown_name(text: str) -> str:
    """What everybody may read of a background: of a path, the file's name."""
    if is_url(text) or _colours(text) is not None:
        return public_name(text)
    return Path(text).name


def _colours(text: str) -> tuple[str, ...] | None:
    colour = r"#[0-9a-fA-F]{6}"
    if re.fullmatch(rf"{colour}(\.\.{colour})?", text):
        return tuple(text.split(".."))
    return None


def _is_own_file(text: str) -> bool:
    return not is_url(text) and _colours(text) is None and Path(text).expanduser().is_file()


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink()


def _read(path: Path, name: str) -> bytes:
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BackgroundError(f"the background {name} cannot be read: {error.strerror}") from None
    if len(content) > LARGEST_FILE:
        raise BackgroundError(f"the background {name} is larger than {LARGEST_FILE / 1e6:g} MB")
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _no_such(text: str, names: list[str]) -> str:
    kinds = "#rrggbb, a gradient #rrggbb..#rrggbb, an https:// URL"
    if text == TRANSPARENT:
        return f"a live picture cannot be transparent: use {kinds} or a picture's name"
    if names:
        more = ", …" if len(names) > _LISTED else ""
        kinds += f", or one of {', '.join(names[:_LISTED])}{more}"
    return f"there is no background {text[:80]!r}: use {kinds}"
