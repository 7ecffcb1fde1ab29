"""Light on vertices.

A warm key light from the upper left of the person, a cool fill, a rim from behind, and a sky that
is bright above; skin scatters light around the terminator, red furthest.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .jit import Scalar, helper, kernel

_ZERO: Final = np.float32(0)
_QUARTER: Final = np.float32(0.25)
_HALF: Final = np.float32(0.5)
_ONE: Final = np.float32(1)
_TWO: Final = np.float32(2)
_FOUR: Final = np.float32(4)
TINY: Final = np.float32(1e-9)
"""Added to a squared length that something is divided by."""

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

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


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
def light(
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

    A row is diffuse red, green, blue, a number to spare, then the same of reflected light.
    ``part_level`` (p,) dims whole parts.
    """
    for number in range(len(world)):
        v = np.uintp(number)
        if moved[v]:
            nx, ny, nz = world[v, 3], world[v, 4], world[v, 5]
            scale = _ONE / np.sqrt(nx * nx + ny * ny + nz * nz + TINY)
            shown = np.uintp(vertex_part[v])
            lit = light(
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
