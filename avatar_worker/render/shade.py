"""The colour of pixels.

Texels are squared and pixels rooted, a cheap gamma of 2.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .jit import Scalar, helper, kernel
from .jobs import COLUMN, JOB_ROWS, LANES, RUN, list_row, list_runs, place_jobs
from .light import TINY, light
from .materials import EYE
from .simd import (
    bits_of,
    join,
    last_of_four,
    least,
    load,
    load_bytes,
    mask_of,
    most,
    part,
    real,
    repeat,
    root,
    splat,
    store,
    store_bytes,
    where,
)

_ZERO: Final = np.float32(0)
_QUARTER: Final = np.float32(0.25)
_HALF: Final = np.float32(0.5)
_ONE: Final = np.float32(1)
_NEXT, _TWO = np.uintp(1), np.uintp(2)
_FOUR, _EIGHT = np.uintp(2), np.uintp(3)
_OPAQUE: Final = np.float32(254.5)
_SAME_DEPTH: Final = np.float32(0.002)
"""Depth (of 0..1) within which neighbouring samples of one part are one surface: 1.8 mm."""
_FULL: Final = np.float32(255)
_TO_UNIT: Final = np.float32(1 / 255)
_RGB, _ALPHA = np.int32(0x7777), np.int32(0x8888)
_LEFT_TEXEL: Final = np.array([1] * 4 + [0] * 4, np.float32)
_RIGHTWARDS: Final = np.array([-1] * 4 + [1] * 4, np.float32)
# Tone curve x / (x * shoulder + toe), then the root.
_SHOULDER: Final = np.float32(0.35)
_TOE: Final = np.float32(0.72)

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]


@helper
def _colour_job(
    job: Scalar,
    triangles: Ints,
    look: Floats,
    texels: Bytes,
    jobs: Ints,
    spots: Floats,
    triangle_part: Ints,
    part_kind: Ints,
    world: Floats,
    occlusion: Floats,
    material: Floats,
    eye: Floats,
) -> Scalar:
    """Linear red, green and blue of a placed job, as a vector of four."""
    n = np.uintp(jobs.shape[0] // JOB_ROWS)
    at = job + n
    t = np.uintp(jobs[at])
    shown = np.uintp(triangle_part[t])
    t = t + t + t
    i, j, k = np.uintp(triangles[t]), np.uintp(triangles[t + _NEXT]), np.uintp(triangles[t + _TWO])
    at += n
    texel_at, below = np.uintp(jobs[at]), np.uintp(jobs[at + n])
    b1, b2 = spots[job], spots[job + n]
    b0 = _ONE - b1 - b2
    at = job + n + n
    x, y = splat(8, spots[at]), splat(8, spots[at + n])
    mixed = (
        load(8, look, i << _EIGHT) * splat(8, b0)
        + load(8, look, j << _EIGHT) * splat(8, b1)
        + load(8, look, k << _EIGHT) * splat(8, b2)
    )
    # Two texels side by side are eight bytes.
    upper, lower = load_bytes(8, texels, texel_at), load_bytes(8, texels, below)
    both = (upper + (lower - upper) * y) * (load(8, _LEFT_TEXEL, 0) + x * load(8, _RIGHTWARDS, 0))
    texel = (part(both, 0, 4) + part(both, 4, 4)) * splat(4, _TO_UNIT)
    diffuse, reflected = part(mixed, 0, 4), part(mixed, 4, 4)
    if part_kind[shown] == EYE:
        nx = b0 * world[i, 3] + b1 * world[j, 3] + b2 * world[k, 3]
        ny = b0 * world[i, 4] + b1 * world[j, 4] + b2 * world[k, 4]
        nz = b0 * world[i, 5] + b1 * world[j, 5] + b2 * world[k, 5]
        scale = _ONE / np.sqrt(nx * nx + ny * ny + nz * nz + TINY)
        ao = b0 * occlusion[i] + b1 * occlusion[j] + b2 * occlusion[k]
        lr, lg, lb, sr, sg, sb, catch = light(
            world, i, nx * scale, ny * scale, nz * scale, ao, eye, material, shown
        )
        diffuse = join(lr, lg, lb, _ZERO)
        reflected = join(sr + catch, sg + catch, sb + catch, _ZERO)
    return texel * texel * diffuse + reflected


@helper
def _add_four(first: Scalar, linear: Floats, jobs: Ints, row: Floats) -> None:
    """Add to the colours 0..255 of a ``row`` of pixels, and to their alpha, what four jobs show."""
    colour = load(LANES, linear, first << _FOUR)
    curved = colour / (colour * splat(LANES, _SHOULDER) + splat(LANES, _TOE))
    curved = root(least(most(curved, splat(LANES, _ZERO)), splat(LANES, _ONE)))
    samples = real(load(4, jobs, first) & splat(4, np.int32((1 << COLUMN) - 1)))
    share = repeat(samples * splat(4, _QUARTER * _FULL), 4)
    colour = where(mask_of(LANES, _RGB), curved * share, share)
    at = np.uintp(jobs[first] >> COLUMN) << _FOUR
    store(row, at, load(4, row, at) + part(colour, 0, 4))
    at = np.uintp(jobs[first + np.uintp(1)] >> COLUMN) << _FOUR
    store(row, at, load(4, row, at) + part(colour, 4, 4))
    at = np.uintp(jobs[first + np.uintp(2)] >> COLUMN) << _FOUR
    store(row, at, load(4, row, at) + part(colour, 8, 4))
    at = np.uintp(jobs[first + np.uintp(3)] >> COLUMN) << _FOUR
    store(row, at, load(4, row, at) + part(colour, 12, 4))


@helper
def _before(colour: Scalar, backdrop: Bytes, at: Scalar) -> Scalar:
    """Four pixels, multiplied by their alpha, before the backdrop; colours not multiplied."""
    full, rgb = splat(LANES, _FULL), mask_of(LANES, _RGB)
    seen = load_bytes(LANES, backdrop, at)
    clear = (full - last_of_four(colour)) * splat(LANES, _TO_UNIT)
    share = clear * last_of_four(seen) * splat(LANES, _TO_UNIT)
    mixed = colour + where(rgb, seen, full) * share
    alpha = last_of_four(mixed)
    straight = mixed * full / most(alpha, splat(LANES, _ONE))
    mixed = where((alpha < splat(LANES, _OPAQUE)) & rgb, straight, mixed)
    return where(clear >= splat(LANES, _ONE), seen, mixed)


@kernel
def shade_band(
    keys: Ints,
    bits: int,
    still: int,
    backdrop: Bytes,
    picture: Bytes,
    top: int,
    triangles: Ints,
    planes: Floats,
    numbers: Ints,
    look: Floats,
    world: Floats,
    area: tuple[int, int, int, int],
    triangle_part: Ints,
    part_kind: Ints,
    smooth: Ints,
    ranges: Ints,
    material: Floats,
    texels: Bytes,
    occlusion: Floats,
    eye: Floats,
    jobs: Ints,
    spots: Floats,
    runs: Ints,
    linear: Floats,
    row: Floats,
) -> None:
    """Colour ``picture`` (rows, width, 4) RGBA within ``area`` (x0, y0, x1, y1).

    Its first row is the row ``top`` of the whole, which ``backdrop`` (height, width, 4) shows.

    The first four of ``keys`` (n,) are the samples of the pixel x0, y0; rows are rounded up to
    whole blocks. A sample that shows one of the first ``still`` triangles, or nothing, takes the
    ``backdrop``. Each triangle that a pixel shows is shaded once, at the pixel's centre, and a
    smooth surface once, whatever its triangles are. ``triangles``, ``planes``,
    ``numbers``, ``look`` and ``texels`` are flat; ``smooth`` and ``ranges`` are as
    :func:`find_smooth` gives them; the last five come from :func:`make_scratch`.
    """
    steps = np.float32((2**31 - 1) >> bits)
    same_depth = np.int32(np.int32(_SAME_DEPTH * steps) << bits)
    width = np.int32(picture.shape[1])
    pitch = np.uintp((area[2] - area[0] + 3) >> 2 << 4)
    n = np.uintp(jobs.shape[0] // JOB_ROWS)
    nowhere = np.int32((width + 4) << COLUMN)
    nothing, opaque, half = splat(LANES, _ZERO), splat(LANES, _OPAQUE), splat(LANES, _HALF)
    for y in range(area[1], area[3]):
        count = list_row(
            keys,
            np.uintp(y - area[1]) * pitch,
            np.int32(area[0]),
            np.int32(area[2]),
            np.int32((1 << bits) - 1),
            np.int32(still),
            same_depth,
            smooth,
            ranges,
            jobs,
        )
        store(jobs, count, splat(LANES, nowhere))
        store(jobs, n + count, splat(LANES, np.int32(still)))
        for run in range(list_runs(count, jobs, runs)):
            begin, end = runs[np.uintp(run)], runs[np.uintp(run + 1)]
            while begin < end:
                place_jobs(np.uintp(begin), np.float32(y) + _HALF, planes, numbers, jobs, spots)
                begin += RUN
        for number in range(count):
            job = np.uintp(number)
            lit = _colour_job(
                job,
                triangles,
                look,
                texels,
                jobs,
                spots,
                triangle_part,
                part_kind,
                world,
                occlusion,
                material,
                eye,
            )
            store(linear, job << _FOUR, lit)
        for x in range(area[0], area[2], 4):
            store(row, np.uintp(x) << _FOUR, splat(LANES, _ZERO))
        for first in range(0, count, 4):
            _add_four(np.uintp(first), linear, jobs, row)
        for begin in range(area[0], area[2], 4):
            # The last of a row reaches back over what is done.
            column: Scalar = min(begin, width - 4)
            behind = (np.uintp(y) * np.uintp(width) + np.uintp(column)) << _FOUR
            at = (np.uintp(y - top) * np.uintp(width) + np.uintp(column)) << _FOUR
            colour = load(LANES, row, np.uintp(column) << _FOUR)
            seen = bits_of(colour > nothing) & _ALPHA
            if seen == 0:
                store_bytes(picture, at, load_bytes(LANES, backdrop, behind))
                continue
            if bits_of(colour > opaque) & _ALPHA != _ALPHA:
                colour = _before(colour, backdrop, behind)
            store_bytes(picture, at, colour + half)
