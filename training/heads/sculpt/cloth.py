"""The garment: a plain knitted top with a rib along the neckline."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from .body import Body
from .makehuman import Proxy, read_proxy
from .numbers import Floats, unit
from .part import Part, make_part
from .person import Colour
from .skin import CUT

GARMENT = "makehuman-assets/base/clothes/female_casualsuit02/female_casualsuit02.mhclo"
SHADES = "makehuman-assets/base/clothes/female_casualsuit02/female_casualsuit02_ao.png"
_ROUND = 6
"""Corners of the rib's cross-section."""


def read_garment(inputs: Path) -> Proxy:
    """MakeHuman's casual suit, whose upper part is worn."""
    return read_proxy(inputs / GARMENT)


def make_cloth(proxy: Proxy, body: Body, rib: tuple[float, float]) -> tuple[Part, Floats]:
    """The garment above the cut, which nothing of the face moves; and its neckline (k, 3)."""
    place = proxy.fit(body.shape)
    low = body.eye_line - CUT
    part = make_part(
        "suit",
        place,
        proxy.mesh.uv,
        proxy.mesh.faces,
        {},
        keep=lambda face: min(place[a, 1] for a, _ in face) > low,
    )
    neckline = _add_rib(part, *rib)
    part.find_normals()
    part.head_share = np.zeros(len(part.position))
    return part, neckline


def paint_cloth(inputs: Path, part: Part, colour: Colour) -> None:
    """Fill ``image``: yarn with a little noise, shaded in the folds; ``uv`` becomes v down."""
    side = 768
    with Image.open(inputs / SHADES) as image:
        folds = np.asarray(image.convert("L").resize((2048, 2048)), np.float64) / 255
    low = np.clip(part.uv.min(axis=0) - 0.004, 0, 1)
    high = np.clip(part.uv.max(axis=0) + 0.004, 0, 1)
    left, right = int(low[0] * 2048), int(np.ceil(high[0] * 2048))
    upper, lower = int((1 - high[1]) * 2048), int(np.ceil((1 - low[1]) * 2048))
    part.uv = np.stack(
        [
            (part.uv[:, 0] * 2048 - left) / (right - left),
            ((1 - part.uv[:, 1]) * 2048 - upper) / (lower - upper),
        ],
        axis=1,
    )
    cut = Image.fromarray((folds[upper:lower, left:right] * 255).astype(np.uint8))
    shade = np.asarray(cut.resize((side, side), Image.Resampling.BOX), np.float64) / 255
    shade = np.clip(shade / np.percentile(shade, 90), 0, 1.04)
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(side, side))
    yarn = gaussian_filter(noise, (0.5, 1.4)) * 0.6 + gaussian_filter(noise, 6) * 3
    level = (0.35 + 0.65 * shade) * (1 + 0.05 * yarn)
    part.image = np.clip(level[..., None] * np.array(colour) / 255, 0, 1)


def _neckline(part: Part) -> list[int]:
    """Points (by source) of the highest closed border."""
    first = {int(point): number for number, point in reversed(list(enumerate(part.source)))}
    edges: Counter[tuple[int, int]] = Counter()
    for triangle in part.source[part.triangles]:
        for a, b in ((0, 1), (1, 2), (2, 0)):
            edges[tuple(sorted((int(triangle[a]), int(triangle[b]))))] += 1  # type: ignore[index]
    beside: defaultdict[int, list[int]] = defaultdict(list)
    for (a, b), count in edges.items():
        if count == 1:
            beside[a].append(b)
            beside[b].append(a)
    best: list[int] = []
    seen: set[int] = set()
    for start in sorted(beside):
        if start in seen:
            continue
        loop = [start]
        seen.add(start)
        while onward := [point for point in beside[loop[-1]] if point not in seen]:
            loop.append(onward[0])
            seen.add(onward[0])
        places = np.array([part.position[first[point]] for point in loop])
        if len(loop) > 12 and np.abs(places[:, 0]).max() < 1.7:
            height = places[:, 1].mean()
            if not best or height > np.mean([part.position[first[p]][1] for p in best]):
                best = loop
    return best


def _add_rib(part: Part, wide: float, high: float) -> Floats:
    loop = _neckline(part)
    first = {int(point): number for number, point in reversed(list(enumerate(part.source)))}
    line = np.array([part.position[first[point]] for point in loop])
    # Taubin's smoothing: each shrinking step is followed by one that swells.
    for share in (0.5, -0.53) * 6:
        line = line + share * (0.5 * (np.roll(line, 1, 0) + np.roll(line, -1, 0)) - line)
    for point, place in zip(loop, line, strict=True):
        part.position[part.source == point] = place
    along = unit(np.roll(line, -1, 0) - np.roll(line, 1, 0))
    out = line - line.mean(axis=0)
    out = unit(out - (out * along).sum(axis=1, keepdims=True) * along)
    up = np.cross(along, out)
    up *= np.sign(up[:, 1:2])
    angle = np.arange(_ROUND) / _ROUND * 2 * np.pi
    ring = (
        line[:, None]
        + np.cos(angle)[None, :, None] * out[:, None] * wide
        + (np.sin(angle)[None, :, None] + 0.35) * up[:, None] * high
    )
    count, start = len(line), len(part.position)
    a = start + (np.arange(count)[:, None] * _ROUND + np.arange(_ROUND)[None])
    b = np.roll(a, -1, axis=0)
    quads = np.stack([a, b, np.roll(b, -1, 1), np.roll(a, -1, 1)], axis=-1).reshape(-1, 4)
    triangles = quads[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3)
    position = np.concatenate([part.position, ring.reshape(-1, 3)])
    corners = position[triangles]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    if ((corners.mean(axis=1) - np.repeat(line, 2 * _ROUND, 0)) * facing).sum() < 0:
        triangles = triangles[:, ::-1]
    uv: Floats = np.repeat([part.uv[first[point]] for point in loop], _ROUND, axis=0)
    part.position, part.uv = position, np.concatenate([part.uv, uv])
    part.triangles = np.concatenate([part.triangles, triangles])
    part.source = np.concatenate([part.source, part.source.max() + 1 + np.arange(count * _ROUND)])
    return line
