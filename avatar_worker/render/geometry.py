"""From weights and pose to vertices on the screen."""

from __future__ import annotations

from math import cos, radians, sin
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.pose import HeadPose

from .jit import kernel

_ZERO: Final = np.float32(0)
_ONE: Final = np.float32(1)
_STILL_PIXELS: Final = np.float32(1 / 32)
"""A vertex that moved less than this since it was last drawn is left where it is."""
_STILL_NORMAL: Final = np.float32(1 / 128)

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


def rotation(yaw: float, pitch: float, roll: float) -> Floats:
    """Matrix (3, 3) of angles in degrees, with the signs of :class:`HeadPose`."""
    about_y, about_x, about_z = radians(yaw), radians(-pitch), radians(-roll)
    cy, sy = cos(about_y), sin(about_y)
    cp, sp = cos(about_x), sin(about_x)
    cr, sr = cos(about_z), sin(about_z)
    return np.array(
        [
            [cy * cr + sy * sp * sr, sy * sp * cr - cy * sr, sy * cp],
            [cp * sr, cp * cr, -sp],
            [cy * sp * sr - sy * cr, sy * sr + cy * sp * cr, cy * cp],
        ],
        np.float32,
    )


def pose_rotation(pose: HeadPose) -> Floats:
    """Matrix (3, 3) that turns the head from rest into ``pose``."""
    return rotation(pose.yaw, pose.pitch, pose.roll)


@kernel
def blend(
    base: Floats, start: Ints, vertex: Ints, delta: Floats, weights: Floats, shape: Floats
) -> None:
    """``shape`` (n, 6) = ``base`` + the weighted morph targets; a zero weight costs nothing.

    The ``vertex`` numbers of a target grow; those beyond n are left out.
    """
    for v in range(len(base)):
        for axis in range(6):
            shape[v, axis] = base[v, axis]
    for target in range(len(weights)):
        weight = weights[target]
        if weight == _ZERO:
            continue
        for row in range(start[target], start[target + 1]):
            v = vertex[row]
            if v >= len(base):
                break
            for axis in range(6):
                shape[v, axis] += weight * delta[row, axis]


@kernel
def turn_eye(base: Floats, vertices: Ints, centre: Floats, turn: Floats, shape: Floats) -> None:
    """Rotate an eyeball about its centre."""
    for v in vertices:
        for axis in range(3):
            place = centre[axis]
            normal = _ZERO
            for other in range(3):
                place += turn[axis, other] * (base[v, other] - centre[other])
                normal += turn[axis, other] * base[v, other + 3]
            shape[v, axis] = place
            shape[v, axis + 3] = normal


@kernel
def project(
    shape: Floats,
    share: Floats,
    turn: Floats,
    neck: Floats,
    position: Floats,
    axes: Floats,
    lens: Floats,
    world: Floats,
    screen: Floats,
    moved: NDArray[np.bool_],
    bounds: Floats,
) -> None:
    """Turn the head and project it.

    Writes ``world`` (n, 6) position and normal, ``screen`` (n, 3) x, y in pixels and depth 0..1,
    and ``moved`` (n,). ``bounds`` (4,: x0, y0, x1, y1) grows by the old places of what moved.
    """
    for v in range(len(shape)):
        x, y, z = shape[v, 0], shape[v, 1], shape[v, 2]
        a, b, c = shape[v, 3], shape[v, 4], shape[v, 5]
        k = share[v]
        if k > _ZERO:
            dx, dy, dz = x - neck[0], y - neck[1], z - neck[2]
            x += k * (turn[0, 0] * dx + turn[0, 1] * dy + turn[0, 2] * dz - dx)
            y += k * (turn[1, 0] * dx + turn[1, 1] * dy + turn[1, 2] * dz - dy)
            z += k * (turn[2, 0] * dx + turn[2, 1] * dy + turn[2, 2] * dz - dz)
            ra = turn[0, 0] * a + turn[0, 1] * b + turn[0, 2] * c
            rb = turn[1, 0] * a + turn[1, 1] * b + turn[1, 2] * c
            rc = turn[2, 0] * a + turn[2, 1] * b + turn[2, 2] * c
            a += k * (ra - a)
            b += k * (rb - b)
            c += k * (rc - c)
        dx, dy, dz = x - position[0], y - position[1], z - position[2]
        near = _ONE / (axes[2, 0] * dx + axes[2, 1] * dy + axes[2, 2] * dz)
        scale = lens[2] * near
        sx = lens[0] + scale * (axes[0, 0] * dx + axes[0, 1] * dy + axes[0, 2] * dz)
        sy = lens[1] - scale * (axes[1, 0] * dx + axes[1, 1] * dy + axes[1, 2] * dz)
        shift = abs(sx - screen[v, 0]) + abs(sy - screen[v, 1])
        bend = abs(a - world[v, 3]) + abs(b - world[v, 4]) + abs(c - world[v, 5])
        moved[v] = shift > _STILL_PIXELS or bend > _STILL_NORMAL
        if moved[v]:
            bounds[0] = min(bounds[0], screen[v, 0])
            bounds[1] = min(bounds[1], screen[v, 1])
            bounds[2] = max(bounds[2], screen[v, 0])
            bounds[3] = max(bounds[3], screen[v, 1])
            screen[v, 0], screen[v, 1] = sx, sy
            screen[v, 2] = min(max(lens[3] - lens[4] * near, _ZERO), _ONE)
            world[v, 0], world[v, 1], world[v, 2] = x, y, z
            world[v, 3], world[v, 4], world[v, 5] = a, b, c


@kernel
def bound_triangles(
    triangles: Ints, screen: Floats, moved: NDArray[np.bool_], bounds: Floats
) -> None:
    """Grow ``bounds`` by every triangle with a vertex that moved."""
    for t in range(len(triangles)):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        if moved[i] or moved[j] or moved[k]:
            x0, x1, x2 = screen[i, 0], screen[j, 0], screen[k, 0]
            y0, y1, y2 = screen[i, 1], screen[j, 1], screen[k, 1]
            bounds[0] = min(bounds[0], min(x0, min(x1, x2)))
            bounds[1] = min(bounds[1], min(y0, min(y1, y2)))
            bounds[2] = max(bounds[2], max(x0, max(x1, x2)))
            bounds[3] = max(bounds[3], max(y0, max(y1, y2)))
