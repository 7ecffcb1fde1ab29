"""A head drawn pixel by pixel: the method of the prototype that Visavis' renderer began as.

The same four samples, textures, light and hidden triangles, and the shoulders painted once; but
each triangle's box is walked pixel by pixel, keys have 64 bits, the whole head is redrawn in every
frame, tones come from a table, and a pixel is shaded once for each part that it shows.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face import HeadPose
from avatar_worker.render import Head, MeshRenderer
from avatar_worker.render.i420 import convert
from avatar_worker.render.jit import kernel
from avatar_worker.render.raster import COVERED, TEXELS

Area = tuple[int, int, int, int]
_F: Final = np.float32
_NUMBER_BITS: Final = 20
_EMPTY: Final = np.int64(1 << 62)
_X: Final = np.array([-0.125, 0.375, -0.375, 0.125], np.float32)
_Y: Final = np.array([-0.375, -0.125, 0.125, 0.375], np.float32)
_ALPHA: Final = np.array([0.13, 0.38, 0.63, 0.88], np.float32)
_LEVELS: Final = np.arange(4096) / 1024
_TONES: Final = (np.sqrt(np.clip(_LEVELS / (_LEVELS * 0.35 + 0.72), 0, 1)) * 255).astype(np.float32)


@kernel
def _texel(texture: Any, t: Any, texels: Any, u: Any, v: Any, channel: Any, unit: Any) -> Any:
    wide, high = texture[t, 1], texture[t, 2]
    x = min(max(u * _F(wide) - _F(0.5), _F(0)), _F(wide) - _F(1.001))
    y = min(max(v * _F(high) - _F(0.5), _F(0)), _F(high) - _F(1.001))
    column, row = np.int32(x), np.int32(y)
    x, y = x - _F(column), y - _F(row)
    at = texture[t, 0] + row * wide + column
    upper = _F(texels[at, channel]) * (_F(1) - x) + _F(texels[at + 1, channel]) * x
    at += wide
    lower = _F(texels[at, channel]) * (_F(1) - x) + _F(texels[at + 1, channel]) * x
    return (upper * (_F(1) - y) + lower * y) * unit


@kernel
def _raster(
    triangles: Any,
    first: Any,
    last: Any,
    surface: Any,
    texture: Any,
    texels: Any,
    uv: Any,
    screen: Any,
    keys: Any,
    area: Any,
) -> None:
    for t in range(first, last):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, x1, x2 = screen[i, 0], screen[j, 0], screen[k, 0]
        y0, y1, y2 = screen[i, 1], screen[j, 1], screen[k, 1]
        twice = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if twice == 0 or (twice > 0 and not surface[t] & 1):
            continue
        xa = max(int(np.floor(min(x0, min(x1, x2)) - _F(0.874))), area[0])
        xb = min(int(np.floor(max(x0, max(x1, x2)) - _F(0.126))) + 1, area[2])
        ya = max(int(np.floor(min(y0, min(y1, y2)) - _F(0.874))), area[1])
        yb = min(int(np.floor(max(y0, max(y1, y2)) - _F(0.126))) + 1, area[3])
        scale = _F(1) / twice
        a1, b1, a2, b2 = (y2 - y0) * scale, (x0 - x2) * scale, (y0 - y1) * scale, (x1 - x0) * scale
        near = (screen[i, 2] - _F(0.0018) * _F((surface[t] >> 2) & 1)) * _F(1 << 24)
        d1 = (screen[j, 2] - screen[i, 2]) * _F(1 << 24)
        d2 = (screen[k, 2] - screen[i, 2]) * _F(1 << 24)
        least_1 = _F(-0.375) * (abs(a1) + abs(b1))
        least_2 = _F(-0.375) * (abs(a2) + abs(b2))
        most = _F(0.375) * (abs(a1 + a2) + abs(b1 + b2)) + _F(1)
        for y in range(ya, yb):
            fy = _F(y) + _F(0.5) - y0
            for x in range(xa, xb):
                fx = _F(x) + _F(0.5) - x0
                p, q = a1 * fx + b1 * fy, a2 * fx + b2 * fy
                if p < least_1 or q < least_2 or p + q > most:
                    continue
                alpha = _F(2)
                if surface[t] & 2:
                    seen = np.int64(near + p * d1 + q * d2) << _NUMBER_BITS
                    furthest = max(keys[y, x, 0], keys[y, x, 1])
                    if seen > max(furthest, max(keys[y, x, 2], keys[y, x, 3])):
                        continue
                    o = _F(1) - p - q
                    u = uv[i, 0] * o + uv[j, 0] * p + uv[k, 0] * q
                    v = uv[i, 1] * o + uv[j, 1] * p + uv[k, 1] * q
                    alpha = _texel(texture, t, texels, u, v, 3, _F(1 / 255))
                for s in range(4):
                    sp, sq = p + a1 * _X[s] + b1 * _Y[s], q + a2 * _X[s] + b2 * _Y[s]
                    if sp >= 0 and sq >= 0 and sp + sq <= 1 and alpha > _ALPHA[s]:
                        key = (np.int64(near + sp * d1 + sq * d2) << _NUMBER_BITS) | (t + 1)
                        keys[y, x, s] = min(keys[y, x, s], key)


@kernel
def _tint(
    t: Any,
    x: Any,
    y: Any,
    triangles: Any,
    screen: Any,
    look: Any,
    uv: Any,
    texture: Any,
    texels: Any,
    tones: Any,
) -> Any:
    i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    x1, y1 = screen[j, 0] - screen[i, 0], screen[j, 1] - screen[i, 1]
    x2, y2 = screen[k, 0] - screen[i, 0], screen[k, 1] - screen[i, 1]
    scale = _F(1) / (x1 * y2 - x2 * y1)
    fx, fy = _F(x) + _F(0.5) - screen[i, 0], _F(y) + _F(0.5) - screen[i, 1]
    p = min(max((fx * y2 - fy * x2) * scale, _F(0)), _F(1))
    q = min(max((fy * x1 - fx * y1) * scale, _F(0)), _F(1) - p)
    o = _F(1) - p - q
    u = uv[i, 0] * o + uv[j, 0] * p + uv[k, 0] * q
    v = uv[i, 1] * o + uv[j, 1] * p + uv[k, 1] * q
    red = _texel(texture, t, texels, u, v, 0, _F(1 / 255))
    green = _texel(texture, t, texels, u, v, 1, _F(1 / 255))
    blue = _texel(texture, t, texels, u, v, 2, _F(1 / 255))
    red = red * red * (o * look[i, 0] + p * look[j, 0] + q * look[k, 0])
    green = green * green * (o * look[i, 1] + p * look[j, 1] + q * look[k, 1])
    blue = blue * blue * (o * look[i, 2] + p * look[j, 2] + q * look[k, 2])
    red += o * look[i, 4] + p * look[j, 4] + q * look[k, 4]
    green += o * look[i, 5] + p * look[j, 5] + q * look[k, 5]
    blue += o * look[i, 6] + p * look[j, 6] + q * look[k, 6]
    return (
        tones[min(np.int32(red * _F(1024)), 4095)],
        tones[min(np.int32(green * _F(1024)), 4095)],
        tones[min(np.int32(blue * _F(1024)), 4095)],
    )


@kernel
def _shade(
    keys: Any,
    still: Any,
    backdrop: Any,
    picture: Any,
    triangles: Any,
    part: Any,
    screen: Any,
    look: Any,
    uv: Any,
    texture: Any,
    texels: Any,
    tones: Any,
    area: Any,
) -> None:
    mask = (1 << _NUMBER_BITS) - 1
    for y in range(area[1], area[3]):
        for x in range(area[0], area[2]):
            red = green = blue = _F(0)
            done = -2
            for s in range(4):
                number = keys[y, x, s] & mask
                shown = part[number - 1] if number > still else -1
                before = False
                for other in range(s):
                    n = keys[y, x, other] & mask
                    before |= (part[n - 1] if n > still else -1) == shown
                if before or shown == done:
                    continue
                share = _F(0)
                for other in range(4):
                    n = keys[y, x, other] & mask
                    share += _F(0.25) * _F((part[n - 1] if n > still else -1) == shown)
                if shown < 0:
                    r, g, b = _F(backdrop[y, x, 0]), _F(backdrop[y, x, 1]), _F(backdrop[y, x, 2])
                else:
                    r, g, b = _tint(
                        number - 1, x, y, triangles, screen, look, uv, texture, texels, tones
                    )
                red, green, blue = red + share * r, green + share * g, blue + share * b
                done = shown
            picture[y, x, 0] = np.uint8(red + _F(0.5))
            picture[y, x, 1] = np.uint8(green + _F(0.5))
            picture[y, x, 2] = np.uint8(blue + _F(0.5))


class Pixelwise(MeshRenderer):
    """Takes vertices, light and the shoulders from Visavis, and draws the rest by itself."""

    def __init__(self, head: Head, width: int, height: int) -> None:
        super().__init__(head, width, height)
        samples = self._samples
        numbers = samples.still_keys & ((1 << samples.bits) - 1)
        depth = (samples.still_keys >> samples.bits).astype(np.int64) << (24 - 31 + samples.bits)
        self._fixed = np.full((height, width, 4), _EMPTY)
        shoulders = np.where(numbers > 0, depth << _NUMBER_BITS | numbers, _EMPTY)
        self._fixed[samples.still_top :] = shoulders[:, :width]
        self._wide_keys = self._fixed.copy()
        self._texture = samples.numbers[:, TEXELS:COVERED].copy()
        self._painted = self._backdrop.copy()
        self._restless = np.unique(head.triangles[head.still_triangles :])
        self._last: Area = (0, 0, width, height)

    def draw(self, weights: NDArray[np.float32], pose: HeadPose, into: NDArray[np.uint8]) -> None:
        head = self.head
        self._corners.forget()
        self._corners.place(weights, pose)
        box = self._box()
        x0, y0 = min(box[0], self._last[0]), min(box[1], self._last[1])
        x1, y1 = max(box[2], self._last[2]), max(box[3], self._last[3])
        self._last, area = box, (x0, y0, x1, y1)
        self._wide_keys[y0:y1, x0:x1] = self._fixed[y0:y1, x0:x1]
        first, last = self._corners.moving()
        _raster(
            head.triangles,
            first,
            last,
            self._samples.surface,
            self._texture,
            head.texels,
            head.uv,
            self._corners.screen,
            self._wide_keys,
            area,
        )
        _shade(
            self._wide_keys,
            head.still_triangles,
            self._backdrop,
            self._painted,
            head.triangles,
            head.triangle_part,
            self._corners.screen,
            self._corners.look,
            head.uv,
            self._texture,
            head.texels,
            _TONES,
            area,
        )
        convert(self._painted.view("<i4")[..., 0], 0, area, into)

    def _box(self) -> Area:
        """Even corners around all that moves."""
        places = self._corners.screen[self._restless, :2]
        (x0, y0), (x1, y1) = places.min(axis=0), places.max(axis=0)
        return (
            max(int(x0) - 1, 0) & ~1,
            max(int(y0) - 1, 0) & ~1,
            min((int(x1) + 3) & ~1, self.width),
            min((int(y1) + 3) & ~1, self.height),
        )
