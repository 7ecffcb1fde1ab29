"""Ways to wear hair, by the name that a person's :class:`Hair` gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .crop import make_crop
from .curls import make_curls
from .hair import Scalp
from .lob import make_lob
from .part import Part
from .person import Hair
from .surface import Surface

Style = Callable[[Hair, Part, Surface, Scalp], Part]
"""Makes the hair on a skin; the surface is that of skin and garment."""

STYLES: Final[dict[str, Style]] = {"lob": make_lob, "curls": make_curls, "crop": make_crop}
