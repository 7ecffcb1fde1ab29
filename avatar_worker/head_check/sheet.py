"""A picture of a head in all that it must be able to do."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from avatar_worker.face import HeadPose
from avatar_worker.render import Head, MeshRenderer
from visavis.protocol import ARKIT_NAMES

_SIDE: Final = 320
_COLUMNS: Final = 4
_AHEAD: Final = HeadPose()
_CELLS: Final[tuple[tuple[str, dict[str, float], HeadPose], ...]] = (
    ("neutral", {}, _AHEAD),
    ("AH", {"jawOpen": 0.6}, _AHEAD),
    ("EE", {"mouthStretch": 0.6, "mouthSmile": 0.3, "jawOpen": 0.15}, _AHEAD),
    ("OO", {"mouthPucker": 0.9, "jawOpen": 0.15}, _AHEAD),
    ("OH", {"mouthFunnel": 0.7, "jawOpen": 0.35}, _AHEAD),
    ("M B P", {"mouthPress": 0.6, "mouthRollLower": 0.3, "mouthRollUpper": 0.3}, _AHEAD),
    ("F V", {"mouthRollLower": 0.7, "mouthUpperUp": 0.3, "jawOpen": 0.08}, _AHEAD),
    ("TH L", {"tongueOut": 0.5, "jawOpen": 0.3}, _AHEAD),
    ("blink", {"eyeBlink": 1.0}, _AHEAD),
    ("smile", {"mouthSmile": 0.8, "cheekSquint": 0.5, "eyeSquint": 0.3}, _AHEAD),
    ("looks aside", {"eyeLookInLeft": 0.7, "eyeLookOutRight": 0.7}, _AHEAD),
    ("brows", {"browInnerUp": 0.8, "browOuterUp": 0.6, "eyeWide": 0.4}, _AHEAD),
    ("turned", {}, HeadPose(yaw=22.0)),
    ("other way", {}, HeadPose(yaw=-22.0, roll=6.0)),
    ("nods", {}, HeadPose(pitch=-12.0)),
    ("looks up", {"eyeLookUp": 0.5}, HeadPose(pitch=12.0)),
)


def draw_sheet(head: Head, background: str) -> Image.Image:
    """RGB, four columns."""
    renderer = MeshRenderer(head, _SIDE, _SIDE, background)
    rows = -(-len(_CELLS) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _SIDE, rows * _SIDE))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    for number, (title, shapes, pose) in enumerate(_CELLS):
        place = (number % _COLUMNS * _SIDE, number // _COLUMNS * _SIDE)
        picture = renderer.draw_rgba(weights_of(shapes), pose)
        sheet.paste(Image.fromarray(picture[:, :, :3]), place)
        draw.text((place[0] + 8, place[1] + 6), title, fill=(40, 44, 52), font=font)
    return sheet


def weights_of(shapes: dict[str, float]) -> NDArray[np.float32]:
    """The 52 weights; a name without its side is both sides."""
    weights = np.zeros(len(ARKIT_NAMES), np.float32)
    for name, value in shapes.items():
        for side in ("", "Left", "Right"):
            if name + side in ARKIT_NAMES:
                weights[ARKIT_NAMES.index(name + side)] = value
    return weights
