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
    join,
    lane,
    least,
    load,
    load_bytes,
    mask_of,
    most,
    part,
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
_TWO: Final = np.float32(2)
_FOUR: Final = np.float32(4)
_NEXT, _THIRD = np.uintp(1), np.uintp(3)
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
def _tone(linear: Scalar) -> Scalar:
    """Four linear values to 0..255."""
    curved = linear / (linear * splat(4, _SHOULDER) + splat(4, _TOE))
    return root(least(most(curved, splat(4, _ZERO)), splat(4, _ONE))) * splat(4, _FULL)


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
    todo: Ints,
    count: Scalar,
) -> tuple[Scalar, Scalar]:
    """Append to ``todo`` (column, triangle, samples) what the pixel with samples ``at`` shows.

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
        todo[count, 0], todo[count, 1], todo[count, 2] = x, k0 - 1, 4
        return count + _NEXT, np.int32(0)
    # Without branches: what is not counted is written over.
    moving = np.uintp(k0 > still)
    todo[count, 0], todo[count, 1] = x, k0 - 1
    todo[count, 2] = 1 + np.int32(k1 == k0) + np.int32(k2 == k0) + np.int32(k3 == k0)
    count += moving
    moving = np.uintp((k1 > still) & (k1 != k0))
    todo[count, 0], todo[count, 1] = x, k1 - 1
    todo[count, 2] = 1 + np.int32(k2 == k1) + np.int32(k3 == k1)
    count += moving
    moving = np.uintp((k2 > still) & (k2 != k0) & (k2 != k1))
    todo[count, 0], todo[count, 1], todo[count, 2] = x, k2 - 1, 1 + np.int32(k3 == k2)
    count += moving
    moving = np.uintp((k3 > still) & (k3 != k0) & (k3 != k1) & (k3 != k2))
    todo[count, 0], todo[count, 1], todo[count, 2] = x, k3 - 1, 1
    count += moving
    behind = (
        np.int32(k0 <= still)
        + np.int32(k1 <= still)
        + np.int32(k2 <= still)
        + np.int32(k3 <= still)
    )
    return count, behind


@helper
def _colour(
    t: Scalar,
    x: Scalar,
    y: Scalar,
    triangles: Ints,
    screen: Floats,
    planes: Floats,
    look: Floats,
    texture: Ints,
    texels: Bytes,
    is_eye: bool,
    world: Floats,
    occlusion: Floats,
    material: Floats,
    part_shown: Scalar,
    eye: Floats,
) -> Scalar:
    """Red, green, blue and alpha 0..255 of triangle ``t`` at a place in pixels, as a vector."""
    i, j, k = np.uintp(triangles[t, 0]), np.uintp(triangles[t, 1]), np.uintp(triangles[t, 2])
    fx, fy = x - screen[i, 0], y - screen[i, 1]
    b1 = _unit(planes[t, 0] * fx + planes[t, 1] * fy)
    b2 = min(_unit(planes[t, 2] * fx + planes[t, 3] * fy), _ONE - b1)
    b0 = _ONE - b1 - b2
    mixed = (
        load(8, look, i << _EIGHT) * splat(8, b0)
        + load(8, look, j << _EIGHT) * splat(8, b1)
        + load(8, look, k << _EIGHT) * splat(8, b2)
    )
    wide, high = texture[t, 1], texture[t, 2]
    w, h = np.float32(wide), np.float32(high)
    u, v = lane(mixed, 3) * w - _HALF, lane(mixed, 7) * h - _HALF
    u, v = min(max(u, _ZERO), w - _EDGE), min(max(v, _ZERO), h - _EDGE)
    column, row = np.int32(u), np.int32(v)
    u -= np.float32(column)
    v -= np.float32(row)
    at = np.uintp(texture[t, 0] + row * wide + column) << _FOUR_BYTES
    below = at + (np.uintp(wide) << _FOUR_BYTES)
    w3 = u * v * _TO_UNIT
    w1, w2 = u * _TO_UNIT - w3, v * _TO_UNIT - w3
    w0 = _TO_UNIT - w1 - w2 - w3
    texel = (
        load_bytes(4, texels, at) * splat(4, w0)
        + load_bytes(4, texels, at + _TEXEL) * splat(4, w1)
        + load_bytes(4, texels, below) * splat(4, w2)
        + load_bytes(4, texels, below + _TEXEL) * splat(4, w3)
    )
    diffuse, reflected = part(mixed, 0, 4), part(mixed, 4, 4)
    if is_eye:
        nx = b0 * world[i, 3] + b1 * world[j, 3] + b2 * world[k, 3]
        ny = b0 * world[i, 4] + b1 * world[j, 4] + b2 * world[k, 4]
        nz = b0 * world[i, 5] + b1 * world[j, 5] + b2 * world[k, 5]
        scale = _ONE / np.sqrt(nx * nx + ny * ny + nz * nz + _TINY)
        ao = b0 * occlusion[i] + b1 * occlusion[j] + b2 * occlusion[k]
        lr, lg, lb, sr, sg, sb, catch = _light(
            world, i, nx * scale, ny * scale, nz * scale, ao, eye, material, part_shown
        )
        diffuse = join(lr, lg, lb, _ZERO)
        reflected = join(sr + catch, sg + catch, sb + catch, _ZERO)
    toned = _tone(texel * texel * diffuse + reflected)
    return where(mask_of(4, np.int32(7)), toned, splat(4, _FULL))


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
    todo: Ints,
    mixed: Floats,
) -> None:
    """Colour ``picture`` (height, width, 4) RGBA within ``area`` (x0, y0, x1, y1).

    The first four of ``keys`` (n,) are the samples of the pixel x0, y0; rows are rounded up to
    whole blocks. A sample that shows one of the first ``still`` triangles, or nothing, takes the
    ``backdrop``. Each triangle that a pixel shows is shaded once, at the pixel's centre, and a
    smooth surface once, whatever its triangles are. ``todo`` (width * 4 + 4, 3) and ``mixed``
    (width, 4) are scratch.
    """
    mask = np.int32((1 << bits) - 1)
    steps = np.float32((2**31 - 1) >> bits)
    same_depth = np.int32(_SAME_DEPTH * steps) << np.int32(bits)
    width = np.uintp(picture.shape[1])
    pitch = np.uintp((area[2] - area[0] + 3) >> 2 << 4)
    not_moved = np.int32(still)
    whole = splat(4, _FULL)
    rgb = mask_of(4, np.int32(7))
    for y in range(area[1], area[3]):
        count = np.uintp(0)
        line = np.uintp(y - area[1]) * pitch
        for x in range(area[0], area[2]):
            before = count
            count, behind = _list_colours(
                keys,
                line + (np.uintp(x - area[0]) << _FOUR_BYTES),
                mask,
                not_moved,
                same_depth,
                triangle_part,
                part_kind,
                np.int32(x),
                todo,
                count,
            )
            at = (np.uintp(y) * width + np.uintp(x)) << _FOUR_BYTES
            if before == count:
                copy_bytes(4, picture, at, backdrop, at)
                continue
            colour = splat(4, _ZERO)
            if behind:
                seen = load_bytes(4, backdrop, at)
                share = np.float32(behind) * _QUARTER * lane(seen, 3) * _TO_UNIT
                colour = where(rgb, seen, whole) * splat(4, share)
            store(mixed, np.uintp(x) << _FOUR_BYTES, colour)
        for number in range(count):
            job = np.uintp(number)
            x, t = todo[job, 0], np.uintp(todo[job, 1])
            shown = np.uintp(triangle_part[t])
            lit = _colour(
                t,
                np.float32(x) + _HALF,
                np.float32(y) + _HALF,
                triangles,
                screen,
                planes,
                look,
                texture,
                texels,
                part_kind[shown] == EYE,
                world,
                occlusion,
                material,
                shown,
                eye,
            )
            place = np.uintp(x) << _FOUR_BYTES
            share = np.float32(todo[job, 2]) * _QUARTER
            store(mixed, place, load(4, mixed, place) + lit * splat(4, share))
        last = np.int32(-1)
        for number in range(count):
            x = todo[np.uintp(number), 0]
            if x == last:
                continue
            last = x
            colour = load(4, mixed, np.uintp(x) << _FOUR_BYTES)
            alpha = lane(colour, 3)
            if alpha < _OPAQUE:
                colour = where(rgb, colour * splat(4, _FULL / max(alpha, _ONE)), colour)
            at = (np.uintp(y) * width + np.uintp(x)) << _FOUR_BYTES
            store_bytes(picture, at, colour + splat(4, _HALF))
