"""Contact sheets of the shipped heads, drawn by the renderer that rooms see.

Needs the avatar worker's environment, not this folder's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from avatar_worker.face.expression import LOOKS
from avatar_worker.heads import HEADS
from avatar_worker.render import HeadPose, MeshRenderer, load_head
from visavis.emotion import EMOTIONS
from visavis.protocol import ARKIT_NAMES

Weights = dict[str, float]
_BACKGROUNDS: Final = ("#d9dee6", "#2b3038", "#c9b79c")
_SIDE, _COLUMNS = 256, 8
_VISEMES: Final[dict[str, Weights]] = {
    "sil": {},
    "PP": {"mouthClose": 0.08, "jawOpen": 0.08, "mouthPress": 0.45, "mouthRollLower": 0.2},
    "FF": {"jawOpen": 0.1, "mouthRollLower": 0.55, "mouthUpperUp": 0.25},
    "TH": {"jawOpen": 0.18, "tongueOut": 0.35, "mouthUpperUp": 0.15, "mouthLowerDown": 0.2},
    "DD": {"jawOpen": 0.15, "mouthUpperUp": 0.15, "mouthLowerDown": 0.25},
    "kk": {"jawOpen": 0.2, "mouthStretch": 0.15, "mouthLowerDown": 0.2},
    "CH": {"jawOpen": 0.12, "mouthFunnel": 0.6, "mouthPucker": 0.2},
    "SS": {"jawOpen": 0.07, "mouthStretch": 0.3, "mouthUpperUp": 0.2, "mouthLowerDown": 0.35},
    "nn": {"jawOpen": 0.14, "mouthStretch": 0.1, "mouthLowerDown": 0.2},
    "RR": {"jawOpen": 0.15, "mouthFunnel": 0.35, "mouthPucker": 0.15},
    "aa": {"jawOpen": 0.55, "mouthLowerDown": 0.2, "mouthUpperUp": 0.1},
    "E": {"jawOpen": 0.3, "mouthStretch": 0.3, "mouthSmile": 0.15, "mouthLowerDown": 0.2},
    "I": {"jawOpen": 0.17, "mouthStretch": 0.35, "mouthSmile": 0.3, "mouthLowerDown": 0.2},
    "O": {"jawOpen": 0.35, "mouthFunnel": 0.55, "mouthPucker": 0.25},
    "U": {"jawOpen": 0.15, "mouthPucker": 0.75, "mouthFunnel": 0.2},
}
"""Mouths of speech, named as Oculus's fifteen visemes; set by eye."""
_POSES: Final[dict[str, tuple[Weights, HeadPose]]] = {
    "shut": ({"eyeBlink": 1.0}, HeadPose()),
    "half shut": ({"eyeBlink": 0.5, "eyeLookDown": 0.4}, HeadPose()),
    "tongue": ({"tongueOut": 1.0, "jawOpen": 0.4}, HeadPose()),
    "smile": ({"mouthSmile": 0.8, "cheekSquint": 0.4}, HeadPose()),
    "looks aside": ({"eyeLookOutLeft": 0.7, "eyeLookInRight": 0.7}, HeadPose()),
    "turned": ({}, HeadPose(yaw=22)),
    "turned back": ({"mouthSmile": 0.4}, HeadPose(yaw=-22, pitch=5)),
    "nodded": ({}, HeadPose(pitch=-13)),
    "raised": ({"jawOpen": 0.25}, HeadPose(pitch=12)),
    "tilted": ({"mouthSmile": 0.3}, HeadPose(yaw=10, pitch=-4, roll=12)),
}


def weights_of(named: Weights) -> np.ndarray:
    """(52,) float32; a name without its side sets both."""
    values = np.zeros(len(ARKIT_NAMES), np.float32)
    for name, value in named.items():
        for number, known in enumerate(ARKIT_NAMES):
            if known in (name, name + "Left", name + "Right"):
                values[number] = value
    return values


def draw_sheets(names: Sequence[str], out: Path) -> None:
    """Write ``NAME.png``, everything a head can do, and ``NAME-small.webp``, a portrait."""
    for name in names or HEADS:
        head = load_head(name)
        frames = []
        for background in _BACKGROUNDS:
            renderer = MeshRenderer(head, _SIDE, _SIDE, background)
            frames += [
                _label(renderer.draw_rgba(weights, pose), label)
                for label, weights, pose in _everything()
            ]
        _tile(frames).save(out / f"{name}.png")
        large = MeshRenderer(head, 960, 960)
        portrait = large.draw_rgba(weights_of({"mouthSmile": 0.15}), HeadPose(yaw=-8, roll=2))
        image = Image.fromarray(portrait).convert("RGB").resize((480, 480), Image.Resampling.BOX)
        image.save(out / f"{name}.webp", quality=86)


def _everything() -> list[tuple[str, np.ndarray, HeadPose]]:
    rest = HeadPose()
    shown = [(label, weights_of(named), rest) for label, named in _VISEMES.items()]
    shown += [
        (str(name), np.float32(look), rest) for name, look in zip(EMOTIONS, LOOKS, strict=True)
    ]
    shown += [(label, weights_of(named), pose) for label, (named, pose) in _POSES.items()]
    return shown


def _label(picture: np.ndarray, text: str) -> Image.Image:
    image = Image.fromarray(picture).convert("RGB")
    ImageDraw.Draw(image).text((6, 4), text, fill=(200, 60, 60))
    return image


def _tile(frames: Sequence[Image.Image]) -> Image.Image:
    rows = -(-len(frames) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _SIDE, rows * _SIDE))
    for number, frame in enumerate(frames):
        sheet.paste(frame, (number % _COLUMNS * _SIDE, number // _COLUMNS * _SIDE))
    return sheet
