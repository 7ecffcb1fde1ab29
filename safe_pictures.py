"""What comes first with a picture that anybody may have made, before Pillow decodes it.

All of it is quick for what it may be given: sizes are to be checked before.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from PIL import Image

MAX_JPEG_SCANS: Final = 100
"""A progressive JPEG may describe every pixel anew in each scan; honest ones have about ten. Pillow
has no bound: a few megabytes would keep a core busy for hours."""
_MARKER: Final = re.compile(rb"\xff([\xc0-\xcf\xd8-\xfe])")
"""But not those that stand in the midst of pixels, nor those below: libjpeg reads no length of them
(``jpeg_resync_to_restart``), so what would be skipped here is scans there."""
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA


def has_too_many_scans(data: bytes) -> bool:
    """A JPEG with more than :data:`MAX_JPEG_SCANS`; what follows its end, such as a phone's film of
    the same moment, or its preview, does not count. False for all other files."""
    if not data.startswith(b"\xff\xd8"):
        return False
    scans, place = 0, 2
    while (marker := _MARKER.search(data, place)) is not None and scans <= MAX_JPEG_SCANS:
        kind, place = marker[1][0], marker.end()
        if kind == _EOI:
            break
        if kind != _SOI:
            place += int.from_bytes(data[place : place + 2], "big")
            scans += kind == _SOS
    return scans > MAX_JPEG_SCANS


def in_smooth_mode(picture: Image.Image) -> Image.Image:
    """As Pillow can shrink it by more than leaving pixels out, and without what has 16 bits (``I``,
    ``I;16``) turning white, for it clips them."""
    if picture.mode.startswith("I"):
        grey = picture.point(lambda value: value * (1 / 256)).convert("L")
        clear = grey.info.pop("transparency", None)
        if clear is not None:
            grey.putalpha(Image.fromarray(np.asarray(picture) != clear).convert("L"))
        return grey
    if picture.mode == "1" and "transparency" not in picture.info:
        return picture.convert("L")
    return picture.convert("RGBA") if picture.mode in ("1", "P", "PA") else picture
