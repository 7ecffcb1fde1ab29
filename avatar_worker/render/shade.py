"""Light on vertices, and colour of pixels.

A warm key light from the upper left of the person, a cool fill, a rim from behind, and a sky that
is bright above; skin scatters light around the terminator, red furthest. Texels are squared and
pixels rooted, a cheap gamma of 2.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .jit import Scalar, helper, kernel
from .materials import EYE
from .simd import (
    copy_bytes,
    gather,
    join,
    lane,
    least,
    load,
    load_bytes,
    mask_of,
    most,
    part,
    real,
    root,
    splat,
    store,
    store_bytes,
    where,
    whole,
)

_ZERO: Final = np.float32(0)
_QUARTER: Final = np.float32(0.25)
_HALF: Final = np.float32(0.5)
_ONE: Final = np.float32(1)
_TWO: Final = np.float32(2)
_FOUR: Final = np.float32(4)
_NEXT, _THIRD = np.uintp(1), np.uintp(3)
_LANES: Final = 16
"""Jobs, a triangle in a pixel each, that are placed at once."""
_COLUMN, _TRIANGLE, _SAMPLES = np.uintp(0), np.uintp(1), np.uintp(2)
_FIRST_CORNER, _TEXEL_AT, _JOB_ROWS = np.uintp(3), np.uintp(6), np.uintp(8)
_SPOT_ROWS: Final = 7
_EIGHT, _FOUR_BYTES, _TEXEL = np.uintp(3), np.uintp(2), np.uintp(4)
_OPAQUE: Final = np.float32(254.5)
_SAME_DEPTH: Final = np.float32(0.002)
"""Depth (of 0..1) within which neighbouring samples of one part are one surface: 1.8 mm."""
_EDGE: Final = np.float32(1.001)
_TINY: Final = np.float32(1e-9)
_FULL: Final = np.float32(255)
_TO_UNIT: Final = np.float32(1 / 255)

# Directions towards the lights (unit length) and their colours.
_KEY: Final = np.array([0.380, 0.460, 0.802], np.float32)
_FILL: Final = np.array([-0.8650, 0.1442, 0.4806], np.float32)
_RIM: Final = np.array([0.3015, 0.6030, -0.7384], np.float32)
_KEY_COLOUR: Final = np.array([0.94, 0.87, 0.78], np.float32)
_FILL_COLOUR: Final = np.array([0.28, 0.32, 0.42], np.float32)
_RIM_COLOUR: Final = np.array([0.50, 0.50, 0.55], np.float32)
_GROUND: Final = np.array([0.20, 0.17, 0.16], np.float32)
_SKY: Final = np.array([0.16, 0.21, 0.26], np.float32)
"""Ambient light from below, and what is added from above."""
_BOUNCE: Final = np.array([0.08, -0.02, -0.05], np.float32)
"""Occluded skin glows a little red."""
_AMBIENT: Final = np.float32(1.1)
_GLINT_COLOUR: Final = np.array([1.0, 0.96, 0.9], np.float32)
_REFLECT: Final = np.float32(0.04)
"""Fresnel reflectance of skin, hair and cloth seen head-on."""
_SPREAD: Final = np.float32(0.02)
_GLOSS_FLOOR: Final = np.float32(8)
_SHEEN: Final = np.float32(0.15)
_CATCH: Final = np.array([0.3288, 0.4227, 0.8454], np.float32)
_CATCH_FROM: Final = np.float32(0.965)
_CATCH_EDGE: Final = np.float32(50)
_CATCH_LEVEL: Final = np.float32(0.9)
"""The catch-light in the eyes: a soft lamp mirrored in the cornea."""
# Tone curve x / (x * shoulder + toe), then the root.
_SHOULDER: Final = np.float32(0.35)
_TOE: Final = np.float32(0.72)

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Colour = tuple[Scalar, Scalar, Scalar]


@helper
def _unit(x: Scalar) -> Scalar:
    return min(max(x, _ZERO), _ONE)


@helper
def _diffuse(
    channel: Scalar, key: Scalar, fill: Scalar, rim: Scalar, sky: Scalar, ao: Scalar, wrap: Scalar
) -> Scalar:
    spread = _ONE / (_ONE + wrap)
    around = (_GROUND[channel] + _SKY[channel] * sky) * ao * _AMBIENT
    return (
        around * (_ONE + _BOUNCE[channel] * (_ONE - ao))
        + _unit((key + wrap) * spread) * _KEY_COLOUR[channel] * (_QUARTER + (_ONE - _QUARTER) * ao)
        + _unit((fill + wrap) * spread) * _FILL_COLOUR[channel] * ao
        + rim * _RIM_COLOUR[channel] * ao
    )


@helper
def _light(
    world: Floats,
    v: Scalar,
    nx: Scalar,
    ny: Scalar,
    nz: Scalar,
    ao: Scalar,
    eye: Floats,
    material: Floats,
    shown: Scalar,
) -> tuple[Scalar, Scalar, Scalar, Scalar, Scalar, Scalar, Scalar]:
    """Diffuse (3) and reflected colour (3) and catch-light at vertex ``v`` with that normal."""
    vx, vy, vz = eye[0] - world[v, 0], eye[1] - world[v, 1], eye[2] - world[v, 2]
    scale = _ONE / np.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx * scale, vy * scale, vz * scale
    facing = nx * vx + ny * vy + nz * vz
    key = nx * _KEY[0] + ny * _KEY[1] + nz * _KEY[2]
    fill = nx * _FILL[0] + ny * _FILL[1] + nz * _FILL[2]
    rim = _unit(nx * _RIM[0] + ny * _RIM[1] + nz * _RIM[2])
    sky = ny * _HALF + _HALF
    wrap = material[shown, 2]
    red = _diffuse(0, key, fill, rim, sky, ao, wrap * material[shown, 3])
    green = _diffuse(1, key, fill, rim, sky, ao, wrap * material[shown, 4])
    blue = _diffuse(2, key, fill, rim, sky, ao, wrap * material[shown, 5])

    hx, hy, hz = _KEY[0] + vx, _KEY[1] + vy, _KEY[2] + vz
    aligned = max((nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz), _ZERO)
    gloss = material[shown, 1]
    # aligned ** gloss is near exp(-gloss (1 - aligned)), and that near this rational.
    lobe = _ONE / (_ONE + gloss * (_ONE - aligned) * _QUARTER)
    lobe *= lobe
    grazing = _ONE - max(facing, _ZERO)
    fresnel = grazing * grazing
    fresnel = _REFLECT + (_ONE - _REFLECT) * fresnel * fresnel * grazing
    glint = lobe * lobe * (gloss + _GLOSS_FLOOR) * _SPREAD * (fresnel * _FOUR + _SHEEN)
    amount = material[shown, 0] * ao * ao
    edge = fresnel * _QUARTER
    shine_r = amount * (glint * _GLINT_COLOUR[0] + edge * (_GROUND[0] + _SKY[0] * sky))
    shine_g = amount * (glint * _GLINT_COLOUR[1] + edge * (_GROUND[1] + _SKY[1] * sky))
    shine_b = amount * (glint * _GLINT_COLOUR[2] + edge * (_GROUND[2] + _SKY[2] * sky))

    mx, my, mz = _TWO * facing * nx - vx, _TWO * facing * ny - vy, _TWO * facing * nz - vz
    mirrored = mx * _CATCH[0] + my * _CATCH[1] + mz * _CATCH[2]
    catch = _unit((mirrored - _CATCH_FROM) * _CATCH_EDGE) * _CATCH_LEVEL
    return red, green, blue, shine_r, shine_g, shine_b, catch


@kernel
def light_vertices(
    world: Floats,
    occlusion: Floats,
    vertex_part: Ints,
    material: Floats,
    eye: Floats,
    moved: NDArray[np.bool_],
    part_level: Floats,
    look: Floats,
) -> None:
    """Write the light of the vertices that moved into ``look`` (n, 8).

    A row is diffuse red, green, blue and texture u, then reflected red, green, blue and texture v.
    ``part_level`` (p,) dims whole parts.
    """
    for number in range(len(world)):
        v = np.uintp(number)
        if moved[v]:
            nx, ny, nz = world[v, 3], world[v, 4], world[v, 5]
            scale = _ONE / np.sqrt(nx * nx + ny * ny + nz * nz + _TINY)
            shown = np.uintp(vertex_part[v])
            lit = _light(
                world,
                v,
                nx * scale,
                ny * scale,
                nz * scale,
                occlusion[v],
                eye,
                material,
                shown,
            )
            level = part_level[shown]
            look[v, 0], look[v, 1], look[v, 2] = level * lit[0], level * lit[1], level * lit[2]
            look[v, 4], look[v, 5], look[v, 6] = level * lit[3], level * lit[4], level * lit[5]


@helper
def _list_colours(
    keys: Ints,
    at: Scalar,
    mask: Scalar,
    still: Scalar,
    same_depth: Scalar,
    triangle_part: Ints,
    part_kind: Ints,
    x: Scalar,
    jobs: Ints,
    count: Scalar,
) -> tuple[Scalar, Scalar]:
    """Append to ``jobs``, rows column, triangle, samples, what the pixel with samples ``at`` shows.

    Returns the new count, and how many samples show what is still.
    """
    q0, q1, q2, q3 = keys[at], keys[at + _NEXT], keys[at + _NEXT + _NEXT], keys[at + _THIRD]
    k0, k1, k2, k3 = q0 & mask, q1 & mask, q2 & mask, q3 & mask
    lowest, highest = min(min(k0, k1), min(k2, k3)), max(max(k0, k1), max(k2, k3))
    if highest <= still:
        return count, np.int32(4)
    one = lowest == highest
    if not one and lowest > still:
        p = triangle_part[np.uintp(k0 - 1)]
        one = (
            (p == triangle_part[np.uintp(k1 - 1)])
            & (p == triangle_part[np.uintp(k2 - 1)])
            & (p == triangle_part[np.uintp(k3 - 1)])
            & (part_kind[np.uintp(p)] <= EYE)
            & (max(max(q0, q1), max(q2, q3)) - min(min(q0, q1), min(q2, q3)) < same_depth)
        )
    if one:
        jobs[_COLUMN, count], jobs[_TRIANGLE, count], jobs[_SAMPLES, count] = x, k0 - 1, 4
        return count + _NEXT, np.int32(0)
    # Without branches: what is not counted is written over.
    moving = np.uintp(k0 > still)
    jobs[_COLUMN, count], jobs[_TRIANGLE, count] = x, k0 - 1
    jobs[_SAMPLES, count] = 1 + np.int32(k1 == k0) + np.int32(k2 == k0) + np.int32(k3 == k0)
    count += moving
    moving = np.uintp((k1 > still) & (k1 != k0))
    jobs[_COLUMN, count], jobs[_TRIANGLE, count] = x, k1 - 1
    jobs[_SAMPLES, count] = 1 + np.int32(k2 == k1) + np.int32(k3 == k1)
    count += moving
    moving = np.uintp((k2 > still) & (k2 != k0) & (k2 != k1))
    jobs[_COLUMN, count], jobs[_TRIANGLE, count], jobs[_SAMPLES, count] = (
        x,
        k2 - 1,
        1 + np.int32(k3 == k2),
    )
    count += moving
    moving = np.uintp((k3 > still) & (k3 != k0) & (k3 != k1) & (k3 != k2))
    jobs[_COLUMN, count], jobs[_TRIANGLE, count], jobs[_SAMPLES, count] = x, k3 - 1, 1
    count += moving
    behind = (
        np.int32(k0 <= still)
        + np.int32(k1 <= still)
        + np.int32(k2 <= still)
        + np.int32(k3 <= still)
    )
    return count, behind


@helper
def _place_jobs(
    first: Scalar,
    y: Scalar,
    triangles: Ints,
    screen: Floats,
    planes: Floats,
    look: Floats,
    texture: Ints,
    jobs: Ints,
    spots: Floats,
) -> None:
    """For the jobs ``first`` and on, as many as there are lanes: where the pixel's centre is.

    Writes into ``jobs`` the corners' numbers and the texel, with how far below is the next, and
    into ``spots`` the shares of the corners and of four texels. All arrays are flat.
    """
    n = np.uintp(jobs.shape[0] // _JOB_ROWS)
    one, zero, half = splat(_LANES, _ONE), splat(_LANES, _ZERO), splat(_LANES, _HALF)
    unit, edge = splat(_LANES, _TO_UNIT), splat(_LANES, _EDGE)
    step, two = splat(_LANES, np.int32(1)), splat(_LANES, np.int32(2))
    t = load(_LANES, jobs, _TRIANGLE * n + first)
    corner = t + t + t
    i, j = gather(triangles, corner), gather(triangles, corner + step)
    k = gather(triangles, corner + two)
    fx = real(load(_LANES, jobs, _COLUMN * n + first)) + half - gather(screen, i + i + i)
    fy = splat(_LANES, y) - gather(screen, i + i + i + step)
    plane = t << two
    b1 = gather(planes, plane) * fx + gather(planes, plane + step) * fy
    b2 = gather(planes, plane + two) * fx + gather(planes, plane + two + step) * fy
    b1 = least(most(b1, zero), one)
    b2 = least(least(most(b2, zero), one), one - b1)
    b0 = one - b1 - b2
    three = two + step
    i, j, k = i << three, j << three, k << three
    u = gather(look, i + three) * b0 + gather(look, j + three) * b1 + gather(look, k + three) * b2
    seven = three + two + two
    v = gather(look, i + seven) * b0 + gather(look, j + seven) * b1 + gather(look, k + seven) * b2
    wide = gather(texture, corner + step)
    w, h = real(wide), real(gather(texture, corner + two))
    u = least(most(u * w - half, zero), w - edge)
    v = least(most(v * h - half, zero), h - edge)
    column, row = whole(u), whole(v)
    u, v = u - real(column), v - real(row)
    w3 = u * v * unit
    w1, w2 = u * unit - w3, v * unit - w3
    store(jobs, _FIRST_CORNER * n + first, i)
    store(jobs, (_FIRST_CORNER + _NEXT) * n + first, j)
    store(jobs, (_FIRST_CORNER + _NEXT + _NEXT) * n + first, k)
    store(jobs, _TEXEL_AT * n + first, (gather(texture, corner) + row * wide + column) << two)
    store(jobs, (_TEXEL_AT + _NEXT) * n + first, wide << two)
    store(spots, first, b0)
    store(spots, n + first, b1)
    store(spots, (_NEXT + _NEXT) * n + first, b2)
    store(spots, _THIRD * n + first, unit - w1 - w2 - w3)
    store(spots, (_THIRD + _NEXT) * n + first, w1)
    store(spots, (_THIRD + _NEXT + _NEXT) * n + first, w2)
    store(spots, (_THIRD + _THIRD) * n + first, w3)


@helper
def _colour_job(
    job: Scalar,
    look: Floats,
    texels: Bytes,
    jobs: Ints,
    spots: Floats,
    is_eye: Scalar,
    world: Floats,
    occlusion: Floats,
    material: Floats,
    shown: Scalar,
    eye: Floats,
) -> Scalar:
    """Linear red, green and blue of a placed job, as a vector of four."""
    n = np.uintp(jobs.shape[0] // _JOB_ROWS)
    at = _FIRST_CORNER * n + job
    i, j, k = np.uintp(jobs[at]), np.uintp(jobs[at + n]), np.uintp(jobs[at + n + n])
    b0, b1, b2 = spots[job], spots[n + job], spots[n + n + job]
    mixed = (
        load(8, look, i) * splat(8, b0)
        + load(8, look, j) * splat(8, b1)
        + load(8, look, k) * splat(8, b2)
    )
    at = np.uintp(jobs[_TEXEL_AT * n + job])
    below = at + np.uintp(jobs[(_TEXEL_AT + _NEXT) * n + job])
    spot = _THIRD * n + job
    texel = (
        load_bytes(4, texels, at) * splat(4, spots[spot])
        + load_bytes(4, texels, at + _TEXEL) * splat(4, spots[spot + n])
        + load_bytes(4, texels, below) * splat(4, spots[spot + n + n])
        + load_bytes(4, texels, below + _TEXEL) * splat(4, spots[spot + n + n + n])
    )
    diffuse, reflected = part(mixed, 0, 4), part(mixed, 4, 4)
    if is_eye:
        i, j, k = i >> _EIGHT, j >> _EIGHT, k >> _EIGHT
        nx = b0 * world[i, 3] + b1 * world[j, 3] + b2 * world[k, 3]
        ny = b0 * world[i, 4] + b1 * world[j, 4] + b2 * world[k, 4]
        nz = b0 * world[i, 5] + b1 * world[j, 5] + b2 * world[k, 5]
        scale = _ONE / np.sqrt(nx * nx + ny * ny + nz * nz + _TINY)
        ao = b0 * occlusion[i] + b1 * occlusion[j] + b2 * occlusion[k]
        lr, lg, lb, sr, sg, sb, catch = _light(
            world, i, nx * scale, ny * scale, nz * scale, ao, eye, material, shown
        )
        diffuse = join(lr, lg, lb, _ZERO)
        reflected = join(sr + catch, sg + catch, sb + catch, _ZERO)
    return texel * texel * diffuse + reflected


@helper
def _tone(linear: Floats, at: Scalar) -> None:
    """Turn four linear colours into 0..255 and full alpha."""
    colour = load(_LANES, linear, at)
    curved = colour / (colour * splat(_LANES, _SHOULDER) + splat(_LANES, _TOE))
    curved = root(least(most(curved, splat(_LANES, _ZERO)), splat(_LANES, _ONE)))
    full = splat(_LANES, _FULL)
    store(linear, at, where(mask_of(_LANES, np.int32(0x7777)), curved * full, full))


@kernel
def shade_band(
    keys: Ints,
    bits: int,
    still: int,
    backdrop: Bytes,
    picture: Bytes,
    triangles: Ints,
    triangle_part: Ints,
    part_kind: Ints,
    material: Floats,
    screen: Floats,
    planes: Floats,
    look: Floats,
    texture: Ints,
    texels: Bytes,
    world: Floats,
    occlusion: Floats,
    eye: Floats,
    area: tuple[int, int, int, int],
    jobs: Ints,
    spots: Floats,
    linear: Floats,
) -> None:
    """Colour ``picture`` (height, width, 4) RGBA within ``area`` (x0, y0, x1, y1).

    The first four of ``keys`` (n,) are the samples of the pixel x0, y0; rows are rounded up to
    whole blocks. A sample that shows one of the first ``still`` triangles, or nothing, takes the
    ``backdrop``. Each triangle that a pixel shows is shaded once, at the pixel's centre, and a
    smooth surface once, whatever its triangles are. ``triangles``, ``screen``, ``planes``,
    ``look``, ``texture`` and ``texels`` are flat; ``jobs``, ``spots`` and ``linear`` come from
    :func:`make_scratch`.
    """
    mask = np.int32((1 << bits) - 1)
    steps = np.float32((2**31 - 1) >> bits)
    same_depth = np.int32(_SAME_DEPTH * steps) << np.int32(bits)
    width = np.uintp(picture.shape[1])
    pitch = np.uintp((area[2] - area[0] + 3) >> 2 << 4)
    not_moved = np.int32(still)
    full = splat(4, _FULL)
    rgb = mask_of(4, np.int32(7))
    flat = jobs.reshape(-1)
    for y in range(area[1], area[3]):
        count = np.uintp(0)
        line = np.uintp(y - area[1]) * pitch
        for x in range(area[0], area[2]):
            before = count
            count, _ = _list_colours(
                keys,
                line + (np.uintp(x - area[0]) << _FOUR_BYTES),
                mask,
                not_moved,
                same_depth,
                triangle_part,
                part_kind,
                np.int32(x),
                jobs,
                count,
            )
            if before == count:
                at = (np.uintp(y) * width + np.uintp(x)) << _FOUR_BYTES
                copy_bytes(4, picture, at, backdrop, at)
        for extra in range(_LANES):
            jobs[_TRIANGLE, count + np.uintp(extra)] = still
            jobs[_COLUMN, count + np.uintp(extra)] = -1
        for first in range(0, count, _LANES):
            _place_jobs(
                np.uintp(first),
                np.float32(y) + _HALF,
                triangles,
                screen,
                planes,
                look,
                texture,
                flat,
                spots,
            )
        for number in range(count):
            job = np.uintp(number)
            shown = np.uintp(triangle_part[np.uintp(jobs[_TRIANGLE, job])])
            lit = _colour_job(
                job,
                look,
                texels,
                flat,
                spots,
                part_kind[shown] == EYE,
                world,
                occlusion,
                material,
                shown,
                eye,
            )
            store(linear, job << _FOUR_BYTES, lit)
        for first in range(0, count, 4):
            _tone(linear, np.uintp(first) << _FOUR_BYTES)
        job = np.uintp(0)
        while job < count:
            x = jobs[_COLUMN, job]
            samples = jobs[_SAMPLES, job]
            colour = load(4, linear, job << _FOUR_BYTES)
            job += _NEXT
            at = (np.uintp(y) * width + np.uintp(x)) << _FOUR_BYTES
            if samples < 4:
                colour = colour * splat(4, np.float32(samples) * _QUARTER)
                while jobs[_COLUMN, job] == x:
                    share = np.float32(jobs[_SAMPLES, job]) * _QUARTER
                    samples += jobs[_SAMPLES, job]
                    colour = colour + load(4, linear, job << _FOUR_BYTES) * splat(4, share)
                    job += _NEXT
                if samples < 4:
                    seen = load_bytes(4, backdrop, at)
                    share = np.float32(4 - samples) * _QUARTER * lane(seen, 3) * _TO_UNIT
                    colour = colour + where(rgb, seen, full) * splat(4, share)
                    alpha = lane(colour, 3)
                    if alpha < _OPAQUE:
                        straight = colour * splat(4, _FULL / max(alpha, _ONE))
                        colour = where(rgb, straight, colour)
            store_bytes(picture, at, colour + splat(4, _HALF))


def make_scratch(width: int) -> tuple[Ints, Floats, Floats]:
    """What :func:`shade_band` needs besides for pictures so wide: a pixel has 4 jobs at most."""
    most_jobs = width * 4 + 2 * _LANES
    return (
        np.zeros((int(_JOB_ROWS), most_jobs), np.int32),
        np.zeros(_SPOT_ROWS * most_jobs, np.float32),
        np.zeros(most_jobs * 4, np.float32),
    )
