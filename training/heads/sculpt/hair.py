"""Grows strands from the scalp and turns them into ribbons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .numbers import Floats, Ints, ramp, unit
from .part import Part
from .surface import Surface

Field = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class Scalp:
    """Places on the head as hair sees them: the eyes at height 0, the ears near z 0."""

    eye_line: float
    depth: float
    recession: float = 0.0
    """How far the temples' hairline stands back."""

    def local(self, places: Floats) -> Floats:
        """(n, 3) about the point between the ears at the height of the eyes."""
        return np.asarray(places - np.array([0.0, self.eye_line, self.depth]))

    def inside(self, places: Floats) -> Floats:
        """Distance (n,) inside the hairline; negative on the face and the neck."""
        q = self.local(places)
        height, across = q[:, 1], np.abs(q[:, 0])
        border = np.interp(
            height,
            [-0.95, -0.80, -0.34, -0.24, -0.05, 0.25, 0.48, 0.66, 0.78],
            [-2.0, -0.42, -0.36, 0.16, 0.20, 0.30, 0.48, 0.70, 1.2],
        )
        border -= self.recession * np.exp(-(((height - 0.58) / 0.2) ** 2))
        front = height - (0.735 - 0.55 * np.maximum(across - 0.2, 0) ** 2)
        scalp = np.maximum(np.minimum(border - q[:, 2], height + 0.95), front)
        ear = np.hypot((height + 0.15) / 0.33, (q[:, 2] + 0.10) / 0.22) - 1
        beside = np.where(across > 0.45, 0.25 * ear, 1.0)
        return np.asarray(np.minimum(scalp, beside))


@dataclass(frozen=True)
class Fall:
    """How strands grow. Lengths in decimetres."""

    step: float = 0.06
    steps: int = 48
    stiffness: float = 0.8
    """Share of its direction that a strand keeps at each step."""
    weight: float = 0.1
    """How fast it turns downwards."""


def grow(
    roots: Floats,
    first: Floats,
    surface: Surface,
    height: Callable[[Floats], Floats],
    guide: Callable[[Floats, int], Floats],
    clings: Callable[[Floats], Floats],
    fall: Fall,
) -> Floats:
    """Strands (n, steps + 1, 3).

    ``first``: directions. ``height`` gives the least distance from the surface (n,) for the length
    grown so far; ``guide`` changes directions by (n, 3) at places, at a step; ``clings`` says how
    strongly (n,) strands at places are drawn down to that distance.
    """
    place, direction = roots.copy(), unit(first)
    line = [place.copy()]
    for step in range(fall.steps):
        pull = guide(place, step) + np.array([0.0, -fall.weight, 0.0])
        direction = unit(fall.stiffness * direction + (1 - fall.stiffness) * pull * 5)
        moved = place + fall.step * direction
        distance, normal = surface.meet(moved)
        least = height(np.full(len(roots), (step + 1) * fall.step))
        short = least - distance
        push = np.where(short > 0, short, np.where(short > -0.35, clings(moved) * short, 0.0))
        moved = moved + normal * push[:, None]
        direction = unit(moved - place)
        place = moved
        line.append(place.copy())
    return np.stack(line, axis=1)


def trim(lines: Floats, keep: Floats, points: int) -> Floats:
    """Strands cut to the share ``keep`` (n,) of their length, (n, points, 3), evenly spaced."""
    length = np.linalg.norm(np.diff(lines, axis=1), axis=2)
    grown = np.concatenate([np.zeros((len(lines), 1)), np.cumsum(length, axis=1)], axis=1)
    out = np.empty((len(lines), points, 3))
    for number, line in enumerate(lines):
        at = np.linspace(0, 1, points) ** 1.2 * grown[number, -1] * keep[number]
        for axis in range(3):
            out[number, :, axis] = np.interp(at, grown[number], line[:, axis])
    return out


def smooth_lines(lines: Floats, rounds: int) -> Floats:
    """Strands with their bends evened out; both ends stay."""
    out = lines.copy()
    for _ in range(rounds):
        out[:, 1:-1] = 0.5 * out[:, 1:-1] + 0.25 * (out[:, :-2] + out[:, 2:])
    return out


def comb(lines: Floats, groups: Ints, share: float, nearest: int = 5) -> Floats:
    """Strands drawn towards the mean of their neighbours in the same group."""
    out = lines.copy()
    for group in np.unique(groups):
        own = np.flatnonzero(groups == group)
        roots = lines[own, 0]
        distance = np.linalg.norm(roots[:, None] - roots[None], axis=2)
        near = np.argsort(distance, axis=1, kind="stable")[:, : nearest + 1]
        shape = lines[own] - lines[own, :1]
        mean = shape[near].mean(axis=1)
        out[own] = lines[own, :1] + (1 - share) * shape + share * mean
    return out


def ribbons(
    lines: Floats,
    width: Floats,
    outward: Callable[[Floats], Floats],
    tiles: Ints,
    tile_count: int,
    shade: Floats,
    crisp: float = 0.55,
) -> Part:
    """Flat bands (2 vertices at each of the points) along strands, bent to look round.

    ``width`` (n, points), ``outward`` the direction away from the head at places, ``tiles`` (n,)
    the column of the texture, ``shade`` (n, points) what light reaches a place, ``crisp`` how
    much of its own shape a band shows in the light.
    """
    count, points = lines.shape[:2]
    along = unit(np.gradient(lines, axis=1))
    out = outward(lines.reshape(-1, 3)).reshape(lines.shape)
    across = unit(np.cross(along, out))
    # A band does not twist faster than its neighbours along the strand.
    for _ in range(3):
        across[:, 1:-1] = unit(across[:, :-2] + 2 * across[:, 1:-1] + across[:, 2:])
    face = unit(np.cross(across, along))
    half = 0.5 * width[..., None] * across
    position = np.stack([lines - half, lines + half], axis=2)
    bend = crisp * across
    soft = unit(crisp * face + 0.75 * out)
    normal = unit(np.stack([soft - bend, soft + bend], axis=2))
    column = np.stack([np.zeros(count), np.ones(count)], axis=1) * 0.84 + 0.08
    u = (tiles[:, None] + column) / tile_count
    v = 0.004 + 0.992 * np.linspace(0, 1, points) ** 1.2
    uv = np.stack(np.broadcast_arrays(u[:, None, :], v[None, :, None]), axis=-1)
    base = (np.arange(count) * points * 2)[:, None] + np.arange(points - 1)[None] * 2
    quads = base[..., None] + np.array([0, 1, 3, 2])
    triangles = quads[..., [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3)
    total = count * points * 2
    return Part(
        "hair",
        position.reshape(total, 3),
        uv.reshape(total, 2),
        triangles.astype(np.int64),
        np.arange(total),
        normal=normal.reshape(total, 3),
        occlusion=np.repeat(shade.reshape(-1), 2),
        head_share=np.ones(total),
    )


def taper(points: int, root: float, tip: float) -> Floats:
    """Relative width (points,) along a strand."""
    t = np.linspace(0, 1, points)
    return np.asarray((root + (1 - root) * ramp(0, 0.3, t)) * (1 - (1 - tip) * ramp(0.55, 1.0, t)))
