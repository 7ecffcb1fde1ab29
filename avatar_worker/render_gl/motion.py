"""The vertices that weights move, first of all, so that they go to the card in one piece."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render.geometry import blend, rotation, turn_eye
from avatar_worker.render.head import Head
from visavis.protocol import ARKIT_NAMES

_GAZE: Final = np.array(
    [
        [ARKIT_NAMES.index(f"eyeLook{way}{side}") for way in ("In", "Out", "Up", "Down")]
        for side in ("Left", "Right")
    ]
)

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


class Motion:
    """A head's vertices in another order, and the first k of them as weights move them."""

    def __init__(self, head: Head) -> None:
        moving = np.unique(np.concatenate([head.morph_vertex, *head.eye_vertices]))
        still = np.setdiff1d(np.arange(len(head.base)), moving)
        self.order: Ints = np.concatenate([moving, still]).astype(np.int32)
        """(n,): the head's number of each vertex."""
        self.place = np.empty(len(self.order), np.int32)
        """(n,): where in that order each of the head's vertices is."""
        self.place[self.order] = np.arange(len(self.order), dtype=np.int32)
        self._head = head
        self._base = np.ascontiguousarray(head.base[moving])
        self._vertex = np.ascontiguousarray(self.place[head.morph_vertex], np.int32)
        self._eyes = [np.ascontiguousarray(self.place[eye], np.int32) for eye in head.eye_vertices]
        self._gaze_degrees = np.degrees(head.gaze_limits)
        self._shape = np.empty_like(self._base)

    def move(self, weights: Floats) -> Floats:
        """(k, 6) positions and normals; the same array every time."""
        head = self._head
        blend(self._base, head.morph_start, self._vertex, head.morph_delta, weights, self._shape)
        for side, looks in enumerate((weights[_GAZE] * self._gaze_degrees).tolist()):
            into, out, up, down = looks
            yaw, pitch = (out - into if side == 0 else into - out), up - down
            if yaw or pitch:
                turn = rotation(yaw, pitch, 0.0)
                turn_eye(self._base, self._eyes[side], head.eye_centres[side], turn, self._shape)
        return self._shape
