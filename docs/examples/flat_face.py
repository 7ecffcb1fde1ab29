"""A renderer plug-in in forty lines: a flat face, drawn with Pillow. See ``docs/renderers.md``."""

from math import radians, tan

import numpy as np
from PIL import Image, ImageDraw

from visavis import ARKIT_NAMES

SKINS = {"peach": "#f2c7a5", "mint": "#a5e0c4"}
AT = {name: index for index, name in enumerate(ARKIT_NAMES)}


class Drawing:
    """Draws one head in one size."""

    def __init__(self, skin, backdrop):
        self.height, self.width = backdrop.shape[:2]
        self._skin, self._backdrop = skin, Image.fromarray(backdrop).convert("RGB")

    def draw(self, weights, pose, into):
        picture, size = self._backdrop.copy(), min(self.width, self.height)
        pen = ImageDraw.Draw(picture)
        x = self.width / 2 + size * tan(radians(pose.yaw)) / 4
        y = self.height / 2 - size * tan(radians(pose.pitch)) / 4

        def oval(dx, dy, across, down, colour):
            middle, centre, a, b = x + dx * size, y + dy * size, across * size, down * size
            pen.ellipse((middle - a, centre - b, middle + a, centre + b), fill=colour)

        oval(0, 0, 0.32, 0.42, self._skin)
        for side, dx in (("Left", 0.13), ("Right", -0.13)):  # its left is on the viewer's right
            oval(dx, -0.1, 0.05, 0.05 * (1 - weights[AT[f"eyeBlink{side}"]]), "#302820")
        smile = weights[AT["mouthSmileLeft"]] - weights[AT["mouthPucker"]]
        oval(0, 0.2, 0.11 + 0.05 * smile, 0.008 + 0.11 * weights[AT["jawOpen"]], "#8c2f39")
        luma, blue, red = (
            np.asarray(plane, np.uint16) for plane in picture.convert("YCbCr").split()
        )
        flat = into.reshape(-1)  # luma, then U, then V, in limited range
        flat[: luma.size] = (16 + luma * 219 // 255).reshape(-1)
        for number, plane in enumerate((blue, red)):
            small = plane.reshape(self.height // 2, 2, self.width // 2, 2).mean(axis=(1, 3))
            start = luma.size + number * small.size
            flat[start : start + small.size] = (128 + (small - 128) * 224 / 255).reshape(-1)


class FlatFaces:
    """What the entry point names."""

    heads = tuple(SKINS)

    def load(self, head):
        if head not in SKINS:
            raise ValueError(f"use one of {', '.join(SKINS)}")
        return Figure(SKINS[head])


class Figure:
    """A head that is loaded: here there is nothing to load."""

    def __init__(self, skin):
        self._skin = skin

    def renderer(self, width, height, backdrop):
        return Drawing(self._skin, backdrop)
