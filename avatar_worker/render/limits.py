"""How far heads are turned, and how much a file may ask for.

A head file is somebody else's: what it asks for is counted before it is given, so that reading one
ends in bounded time and memory, whatever it says.
"""

from __future__ import annotations

from typing import Final

from avatar_worker.face.pose import HeadPose

MAX_YAW: Final = 25.0
MAX_PITCH: Final = 15.0
MAX_ROLL: Final = 20.0
"""Degrees to either side for which a head is made; beyond, it is drawn whole: that is slower."""

MAX_FILE_BYTES: Final = 256 * 1024**2
MAX_JSON_BYTES: Final = 8 * 1024**2
"""Of the JSON chunk: Python needs up to thirty times as much for it."""
MAX_ENTRIES: Final = 65_536
"""Nodes, accessors and so on, of each kind."""
MAX_DECODED_BYTES: Final = 384 * 1024**2
"""Of all arrays that are read out of one file, one after another."""
MAX_VERTICES: Final = 400_000
"""Of the whole file, before what lies outside the picture is left out."""
MAX_TRIANGLES: Final = 131_071
"""Inside the picture: the rasterizer numbers them with 17 bits."""
MANY_TRIANGLES: Final = 60_000
"""Inside the picture: more than these make a room noticeably dearer."""
MAX_MORPH_ROWS: Final = 3_000_000
"""Vertices that the 52 morph targets move, all of them together: 24 bytes each."""
MAX_IMAGE_BYTES: Final = 64 * 1024**2
MAX_IMAGE_SIDE: Final = 8192
MAX_IMAGE_PIXELS: Final = 8192 * 4096
MAX_PIXELS: Final = 4 * MAX_IMAGE_PIXELS
"""Of all images that are decoded."""
MAX_TEXTURE_SIDE: Final = 2048
"""Larger textures are made smaller: nothing more can be seen at 1080 lines."""


def is_usual(pose: HeadPose) -> bool:
    """Whether the pose is within the limits."""
    return abs(pose.yaw) <= MAX_YAW and abs(pose.pitch) <= MAX_PITCH and abs(pose.roll) <= MAX_ROLL
