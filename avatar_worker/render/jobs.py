"""Which colours a row of pixels needs, and where on the head they are found.

A job is one triangle in one pixel. ``jobs`` holds rows of so many jobs, one after another: column
and samples, triangle, where the texel begins and where the one below. ``spots`` holds the shares of
the second and third corner, and how far right and down between the texels.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .jit import Scalar, helper
from .raster import TEXELS, WIDE
from .simd import (
    bits_of,
    count_of,
    firsts,
    gather,
    least,
    load,
    mask_of,
    most,
    real,
    splat,
    store,
    store_where,
    swap,
    where,
    whole,
)

LANES: Final = 16
"""Samples that are listed at once."""
RUN: Final = 8
"""Jobs of one triangle that are placed at once: few triangles show in more pixels of a row."""
COLUMN: Final = np.int32(3)
"""Bits of a job's first number below the column: how many samples show it."""
JOB_ROWS: Final = 4
SPOT_ROWS: Final = 4
_ZERO: Final = np.float32(0)
_HALF: Final = np.float32(0.5)
_ONE: Final = np.float32(1)
_NEXT, _SIXTEEN = np.uintp(1), np.uintp(4)
_FOUR: Final = np.uintp(4)
# Of sixteen lanes: the first sample of each pixel, and those that come after the one they are
# compared with.
_FIRSTS, _AFTER_NEXT, _AFTER_OTHERS = 0x1111, 0xAAAA, 0xCCCC
_ALL_FOUR, _EVERY = 15, 0xFFFF
_LANES_AHEAD: Final = np.arange(LANES, dtype=np.int32)
_PIXELS: Final = np.repeat(np.arange(4, dtype=np.int32) << COLUMN, 4)
_WHOLE_PIXELS: Final = (np.arange(4, dtype=np.int32) << COLUMN) | 4

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


def find_smooth(surface: Ints) -> tuple[Ints, Ints]:
    """Which smooth surface each key's number shows, of each triangle's ``surface`` (m,).

    Returns ``surface`` after one more for number 0, negative where there is none, and ``ranges``
    ((m + 1) * 2,): the first and the last of the neighbouring numbers that show the same surface.
    """
    smooth = np.concatenate([np.array([-1], np.int32), surface])
    begins = np.flatnonzero(np.diff(smooth, prepend=smooth[0] - 1))
    ends = np.append(begins[1:], len(smooth)) - 1
    edges = np.column_stack([begins, ends]).astype(np.int32)
    edges[smooth[begins] < 0] = len(smooth), -1
    return smooth, np.repeat(edges, ends - begins + 1, axis=0).reshape(-1)


@helper
def list_row(
    keys: Ints,
    line: Scalar,
    begin: Scalar,
    end: Scalar,
    mask: Scalar,
    still: Scalar,
    same_depth: Scalar,
    smooth: Ints,
    ranges: Ints,
    jobs: Ints,
) -> Scalar:
    """List what the pixels ``begin:end`` of a row show, whose samples begin at ``line``.

    A pixel has a job for each of its triangles, but one for a smooth surface: ``smooth`` and
    ``ranges`` are as :func:`find_smooth` gives them. Returns how many jobs there are.
    """
    n = np.uintp(jobs.shape[0] // JOB_ROWS)
    zero, one = splat(LANES, np.int32(0)), splat(LANES, np.int32(1))
    number_bits, near = splat(LANES, mask), splat(LANES, same_depth)
    not_moved = splat(LANES, still)
    pixels = load(LANES, _PIXELS, 0)
    whole_pixels = load(4, _WHOLE_PIXELS, 0)
    count = np.uintp(0)
    for block in range((end - begin + 3) >> 2):
        at = line + (np.uintp(block) << _SIXTEEN)
        seen = load(LANES, keys, at)
        number = seen & number_bits
        moves = number > not_moved
        if bits_of(moves) == 0:
            continue
        same_1, same_2 = number == swap(number, 1), number == swap(number, 2)
        same_3 = number == swap(number, 3)
        low, high = least(seen, swap(seen, 1)), most(seen, swap(seen, 1))
        depth = most(high, swap(high, 2)) - least(low, swap(low, 2))
        # Most blocks show one surface, and its triangles mostly have neighbouring numbers.
        lies = np.uintp(keys[at] & mask) << _NEXT
        inside = (number >= splat(LANES, ranges[lies])) & (depth < near)
        inside = inside & (number <= splat(LANES, ranges[lies + _NEXT]))
        if bits_of((inside | (same_1 & same_2 & same_3)) & moves) == _EVERY:
            place = splat(4, np.int32((begin + block * 4) << COLUMN))
            store(jobs, count, place + whole_pixels)
            store(jobs, n + count, firsts(number) - splat(4, np.int32(1)))
            count += _FOUR
            continue
        again = (bits_of(same_1) & _AFTER_NEXT) | (
            (bits_of(same_2) | bits_of(same_3)) & _AFTER_OTHERS
        )
        samples = one + where(same_1, one, zero) + where(same_2, one, zero)
        samples = samples + where(same_3, one, zero)
        surface = gather(smooth, number)
        alike = (surface == swap(surface, 1)) & (surface == swap(surface, 2))
        alike = alike & (surface >= zero) & (depth < near) & moves
        merged = bits_of(alike)
        merged &= merged >> 1
        merged &= (merged >> 2) & _FIRSTS
        merged_lanes = merged * _ALL_FOUR
        shown = mask_of(LANES, np.int32((bits_of(moves) & ~again & ~merged_lanes) | merged))
        samples = where(mask_of(LANES, np.int32(merged_lanes)), splat(LANES, np.int32(4)), samples)
        column = splat(LANES, np.int32((begin + block * 4) << COLUMN)) + pixels
        store_where(jobs, count, column | samples, shown)
        store_where(jobs, n + count, number - one, shown)
        count += np.uintp(count_of(shown))
    return count


@helper
def list_runs(count: Scalar, jobs: Ints, runs: Ints) -> Scalar:
    """Write where in the list of ``count`` jobs another triangle begins, and in the end the end.

    Returns how many runs there are.
    """
    n = np.uintp(jobs.shape[0] // JOB_ROWS)
    lanes = load(LANES, _LANES_AHEAD, 0)
    found = np.uintp(0)
    for first in range(0, count, LANES):
        at = n + np.uintp(first)
        other = bits_of(load(LANES, jobs, at) == load(LANES, jobs, at - _NEXT)) ^ _EVERY
        # Before the first job lies something else, which may look like one.
        begins = mask_of(LANES, np.int32(other | (first == 0)))
        store_where(runs, found, lanes + splat(LANES, np.int32(first)), begins)
        found += np.uintp(count_of(begins))
    # Behind the jobs is padding.
    while found > 0 and runs[found - _NEXT] >= np.int32(count):
        found -= _NEXT
    runs[found] = np.int32(count)
    return found


@helper
def place_jobs(
    first: Scalar, y: Scalar, planes: Floats, numbers: Ints, jobs: Ints, spots: Floats
) -> None:
    """Write into ``jobs`` and ``spots`` where the pixel's centre is, for :data:`RUN` jobs.

    They are placed as if all showed the triangle of the first. Arrays are flat.
    """
    n = np.uintp(jobs.shape[0] // JOB_ROWS)
    one, zero = splat(RUN, _ONE), splat(RUN, _ZERO)
    t = np.uintp(jobs[first + n])
    plane = t << _SIXTEEN
    x = real(load(RUN, jobs, first) >> splat(RUN, COLUMN))
    x = x + splat(RUN, _HALF - planes[plane + np.uintp(4)])
    below = y - planes[plane + np.uintp(5)]
    b1 = x * splat(RUN, planes[plane]) + splat(RUN, planes[plane + np.uintp(1)] * below)
    b2 = x * splat(RUN, planes[plane + np.uintp(2)])
    b2 = b2 + splat(RUN, planes[plane + np.uintp(3)] * below)
    b1 = least(most(b1, zero), one)
    b2 = least(most(b2, zero), one - b1)
    u = splat(RUN, planes[plane + np.uintp(6)]) + b1 * splat(RUN, planes[plane + np.uintp(7)])
    u = u + b2 * splat(RUN, planes[plane + np.uintp(8)])
    v = splat(RUN, planes[plane + np.uintp(9)]) + b1 * splat(RUN, planes[plane + np.uintp(10)])
    v = v + b2 * splat(RUN, planes[plane + np.uintp(11)])
    column, row = whole(u), whole(v)
    wide = splat(RUN, numbers[plane + np.uintp(WIDE)])
    texel = splat(RUN, numbers[plane + np.uintp(TEXELS)]) + row * wide + column
    two = splat(RUN, np.int32(2))
    at = first + n + n
    store(jobs, at, texel << two)
    at += n
    store(jobs, at, (texel + wide) << two)
    at = first
    store(spots, at, b1)
    at += n
    store(spots, at, b2)
    at += n
    store(spots, at, u - real(column))
    at += n
    store(spots, at, v - real(row))


def make_scratch(width: int) -> tuple[Ints, Floats, Ints, Floats, Floats]:
    """What ``shade_band`` needs besides for pictures so wide: a pixel has 4 jobs at most."""
    most_jobs = width * 4 + 2 * LANES
    return (
        np.zeros(JOB_ROWS * most_jobs, np.int32),
        np.zeros(SPOT_ROWS * most_jobs, np.float32),
        np.zeros(most_jobs, np.int32),
        np.zeros(most_jobs * 4, np.float32),
        np.zeros((width + 8) * 4, np.float32),
    )
