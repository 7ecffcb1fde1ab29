"""Pictures between the thread that draws and the one that shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""I420, (height * 3 // 2, width)."""


class Pictures:
    """What is drawn and not shown yet, by slot; and memory to draw upon, used again and again.

    Not thread-safe: the player's condition is to be held.
    """

    def __init__(self) -> None:
        self._drawn: dict[int, Picture | None] = {}
        self._blank: list[Picture] = []

    def keep(self, serial: int, picture: Picture | None) -> None:
        """``None``: that slot's picture is the one before it."""
        self._drawn[serial] = picture

    def knows(self, serial: int) -> bool:
        """What :meth:`take` answers of that slot is final."""
        return serial in self._drawn

    def take(self, serial: int) -> Picture | None:
        """The picture of a slot, if it is drawn and another than the one before it; pictures of
        earlier slots are void."""
        self._drop([earlier for earlier in self._drawn if earlier < serial])
        return self._drawn.pop(serial, None)

    def drop(self, after: int = -1) -> None:
        """Those of slots ``after`` one, or all, are void."""
        self._drop([later for later in self._drawn if later > after])

    def give_back(self, picture: Picture) -> None:
        """It was shown, or never will be; its memory may be drawn upon."""
        self._blank.append(picture)

    def blank(self, shape: tuple[int, int]) -> Picture:
        """Memory of an unknown content; that of another shape is let go."""
        self._blank = [blank for blank in self._blank if blank.shape == shape]
        return self._blank.pop() if self._blank else np.empty(shape, np.uint8)

    def _drop(self, serials: list[int]) -> None:
        for serial in serials:
            if (picture := self._drawn.pop(serial)) is not None:
                self._blank.append(picture)
