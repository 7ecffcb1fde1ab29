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

_ZERO: Final = np.float32(0)
_QUARTER: Final = np.float32(0.25)
_HALF: Final = np.float32(0.5)
_ONE: Final = np.float32(1)
_TWO: Final = np.float32(2)
_FOUR: Final = np.float32(4)
_EDGE: Final = np.float32(1.001)
_NEXT: Final = np.uintp(1)
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
    place: Floats, nx: Scalar, ny: Scalar, nz: Scalar, ao: Scalar, eye: Floats, material: Floats
) -> tuple[Scalar, Scalar, Scalar, Scalar, Scalar, Scalar, Scalar]:
    """Diffuse colour (3), reflected colour (3) and catch-light at a place with a unit normal."""
    vx, vy, vz = eye[0] - place[0], eye[1] - place[1], eye[2] - place[2]
    scale = _ONE / np.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx * scale, vy * scale, vz * scale
    facing = nx * vx + ny * vy + nz * vz
    key = nx * _KEY[0] + ny * _KEY[1] + nz * _KEY[2]
    fill = nx * _FILL[0] + ny * _FILL[1] + nz * _FILL[2]
    rim = _unit(nx * _RIM[0] + ny * _RIM[1] + nz * _RIM[2])
    sky = ny * _HALF + _HALF
    wrap = material[2]
    red = _diffuse(0, key, fill, rim, sky, ao, wrap * material[3])
    green = _diffuse(1, key, fill, rim, sky, ao, wrap * material[4])
    blue = _diffuse(2, key, fill, rim, sky, ao, wrap * material[5])

    hx, hy, hz = _KEY[0] + vx, _KEY[1] + vy, _KEY[2] + vz
    aligned = max((nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz), _ZERO)
    gloss = material[1]
    # aligned ** gloss is near exp(-gloss (1 - aligned)), and that near this rational.
    lobe = _ONE / (_ONE + gloss * (_ONE - aligned) * _QUARTER)
    lobe *= lobe
    grazing = _ONE - max(facing, _ZERO)
    fresnel = grazing * grazing
    fresnel = _REFLECT + (_ONE - _REFLECT) * fresnel * fresnel * grazing
    glint = lobe * lobe * (gloss + _GLOSS_FLOOR) * _SPREAD * (fresnel * _FOUR + _SHEEN)
    amount = material[0] * ao * ao
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
    light: Floats,
) -> None:
    """Write ``light`` (n, 6), diffuse and reflected colour, of the vertices that moved.

    ``part_level`` (p,) dims whole parts.
    """
    for number in range(len(world)):
        v = np.uintp(number)
        if moved[v]:
            nx, ny, nz = world[v, 3], world[v, 4], world[v, 5]
            scale = _ONE / np.sqrt(nx * nx + ny * ny + nz * nz + _TINY)
            lit = _light(
                world[v],
                nx * scale,
                ny * scale,
                nz * scale,
                occlusion[v],
                eye,
                material[vertex_part[v]],
            )
            level = part_level[vertex_part[v]]
            light[v, 0], light[v, 1], light[v, 2] = level * lit[0], level * lit[1], level * lit[2]
            light[v, 3], light[v, 4], light[v, 5] = level * lit[3], level * lit[4], level * lit[5]


@helper
def _tone(x: Scalar) -> Scalar:
    return np.sqrt(_unit(x / (x * _SHOULDER + _TOE))) * _FULL


@helper
def _colour(
    t: Scalar,
    x: Scalar,
    y: Scalar,
    triangles: Ints,
    screen: Floats,
    planes: Floats,
    uv: Floats,
    texture: Ints,
    texels: Bytes,
    light: Floats,
    is_eye: bool,
    world: Floats,
    occlusion: Floats,
    material: Floats,
    eye: Floats,
) -> Colour:
    """Red, green, blue 0..255 of triangle ``t`` at a place in pixels."""
    i, j, k = np.uintp(triangles[t, 0]), np.uintp(triangles[t, 1]), np.uintp(triangles[t, 2])
    fx, fy = x - screen[i, 0], y - screen[i, 1]
    b1 = _unit(planes[t, 0] * fx + planes[t, 1] * fy)
    b2 = min(_unit(planes[t, 2] * fx + planes[t, 3] * fy), _ONE - b1)
    b0 = _ONE - b1 - b2
    wide, high = texture[t, 1], texture[t, 2]
    w, h = np.float32(wide), np.float32(high)
    u = (b0 * uv[i, 0] + b1 * uv[j, 0] + b2 * uv[k, 0]) * w - _HALF
    v = (b0 * uv[i, 1] + b1 * uv[j, 1] + b2 * uv[k, 1]) * h - _HALF
    u, v = min(max(u, _ZERO), w - _EDGE), min(max(v, _ZERO), h - _EDGE)
    column, row = np.int32(u), np.int32(v)
    u -= np.float32(column)
    v -= np.float32(row)
    at = np.uintp(texture[t, 0] + row * wide + column)
    after, below = at + _NEXT, at + np.uintp(wide)
    beyond = below + _NEXT
    w3 = u * v * _TO_UNIT
    w1, w2 = u * _TO_UNIT - w3, v * _TO_UNIT - w3
    w0 = _TO_UNIT - w1 - w2 - w3
    red = (
        np.float32(texels[at, 0]) * w0
        + np.float32(texels[after, 0]) * w1
        + np.float32(texels[below, 0]) * w2
        + np.float32(texels[beyond, 0]) * w3
    )
    green = (
        np.float32(texels[at, 1]) * w0
        + np.float32(texels[after, 1]) * w1
        + np.float32(texels[below, 1]) * w2
        + np.float32(texels[beyond, 1]) * w3
    )
    blue = (
        np.float32(texels[at, 2]) * w0
        + np.float32(texels[after, 2]) * w1
        + np.float32(texels[below, 2]) * w2
        + np.float32(texels[beyond, 2]) * w3
    )
    catch = _ZERO
    if is_eye:
        nx = b0 * world[i, 3] + b1 * world[j, 3] + b2 * world[k, 3]
        ny = b0 * world[i, 4] + b1 * world[j, 4] + b2 * world[k, 4]
        nz = b0 * world[i, 5] + b1 * world[j, 5] + b2 * world[k, 5]
        scale = _ONE / np.sqrt(nx * nx + ny * ny + nz * nz + _TINY)
        ao = b0 * occlusion[i] + b1 * occlusion[j] + b2 * occlusion[k]
        lr, lg, lb, sr, sg, sb, catch = _light(
            world[i], nx * scale, ny * scale, nz * scale, ao, eye, material
        )
    else:
        lr = b0 * light[i, 0] + b1 * light[j, 0] + b2 * light[k, 0]
        lg = b0 * light[i, 1] + b1 * light[j, 1] + b2 * light[k, 1]
        lb = b0 * light[i, 2] + b1 * light[j, 2] + b2 * light[k, 2]
        sr = b0 * light[i, 3] + b1 * light[j, 3] + b2 * light[k, 3]
        sg = b0 * light[i, 4] + b1 * light[j, 4] + b2 * light[k, 4]
        sb = b0 * light[i, 5] + b1 * light[j, 5] + b2 * light[k, 5]
    return (
        _tone(red * red * lr + sr + catch),
        _tone(green * green * lg + sg + catch),
        _tone(blue * blue * lb + sb + catch),
    )


@kernel
def shade_pixels(
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
    uv: Floats,
    texture: Ints,
    texels: Bytes,
    light: Floats,
    world: Floats,
    occlusion: Floats,
    eye: Floats,
    area_drawn: tuple[int, int, int, int],
) -> None:
    """Colour ``picture`` (height, width, 4) RGBA within ``area_drawn`` (x0, y0, x1, y1).

    A sample that shows one of the first ``still`` triangles, or nothing, takes the ``backdrop``.
    Each triangle that a pixel shows is shaded once, at the pixel's centre.
    """
    mask = np.int32((1 << bits) - 1)
    for y in range(area_drawn[1], area_drawn[3]):
        row = np.uintp(y)
        for x in range(area_drawn[0], area_drawn[2]):
            column = np.uintp(x)
            k0, k1 = keys[row, column, 0] & mask, keys[row, column, 1] & mask
            k2, k3 = keys[row, column, 2] & mask, keys[row, column, 3] & mask
            if k0 <= still and k1 <= still and k2 <= still and k3 <= still:
                picture[row, column, 0] = backdrop[row, column, 0]
                picture[row, column, 1] = backdrop[row, column, 1]
                picture[row, column, 2] = backdrop[row, column, 2]
                continue
            red, green, blue = _ZERO, _ZERO, _ZERO
            todo = 15
            while todo:
                key = k0 if todo & 1 else k1 if todo & 2 else k2 if todo & 4 else k3
                samples = 0
                if todo & 1 and k0 == key:
                    samples += 1
                    todo &= 14
                if todo & 2 and k1 == key:
                    samples += 1
                    todo &= 13
                if todo & 4 and k2 == key:
                    samples += 1
                    todo &= 11
                if todo & 8 and k3 == key:
                    samples += 1
                    todo &= 7
                share = np.float32(samples) * _QUARTER
                if key <= still:
                    red += share * np.float32(backdrop[row, column, 0])
                    green += share * np.float32(backdrop[row, column, 1])
                    blue += share * np.float32(backdrop[row, column, 2])
                else:
                    t = np.uintp(key - 1)
                    part = np.uintp(triangle_part[t])
                    r, g, b = _colour(
                        t,
                        np.float32(x) + _HALF,
                        np.float32(y) + _HALF,
                        triangles,
                        screen,
                        planes,
                        uv,
                        texture,
                        texels,
                        light,
                        part_kind[part] == EYE,
                        world,
                        occlusion,
                        material[part],
                        eye,
                    )
                    red += share * r
                    green += share * g
                    blue += share * b
            picture[row, column, 0] = np.uint8(red + _HALF)
            picture[row, column, 1] = np.uint8(green + _HALF)
            picture[row, column, 2] = np.uint8(blue + _HALF)
