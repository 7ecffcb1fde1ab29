"""Eyeballs, which turn about their centres."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from .body import Body
from .numbers import Floats, bump, ramp, turn
from .part import Part
from .person import Colour, Person

GAZE_DEGREES = {"In": 32, "Out": 32, "Up": 24, "Down": 26}
"""How far an eye turns at weight 1."""
_RINGS = np.radians([0, 9, 17, 26, 36, 48, 62, 78, 97])
_ROUND = 20
_REACH = float(_RINGS[-1]) * 1.03
"""Angle from the front at which the texture ends."""
_IRIS = np.radians(25.5)
_PUPIL = np.radians(10.5)


def make_eyes(body: Body, person: Person) -> Part:
    """Two balls without their backs; eyeLook morphs are chords of a turn, exact at weight 1."""
    angle, around = np.meshgrid(_RINGS[1:], np.arange(_ROUND) / _ROUND * 2 * np.pi, indexing="ij")
    front = np.stack(
        [np.sin(angle) * np.cos(around), np.sin(angle) * np.sin(around), np.cos(angle)], axis=-1
    ).reshape(-1, 3)
    ball = np.concatenate([[[0.0, 0.0, 1.0]], front])
    share = np.concatenate([[0.0], angle.ravel() / _REACH])
    round_ = np.concatenate([[0.0], around.ravel()])
    uv = 0.5 + 0.5 * share[:, None] * np.stack([np.cos(round_), np.sin(round_)], axis=1)
    faces = [(0, 1 + k, 1 + (k + 1) % _ROUND) for k in range(_ROUND)]
    for ring in range(len(_RINGS) - 2):
        for k in range(_ROUND):
            a, b = 1 + ring * _ROUND + k, 1 + ring * _ROUND + (k + 1) % _ROUND
            faces += [(a, a + _ROUND, b + _ROUND), (a, b + _ROUND, b)]
    triangles = np.array(faces, np.int64)
    count, radius = len(ball), body.eye_radius
    centres = np.repeat([body.eye_centres["Left"], body.eye_centres["Right"]], count, axis=0)
    direction = np.concatenate([ball, ball])
    part = Part(
        "eyes",
        centres + direction * radius,
        np.concatenate([uv, np.stack([1 - uv[:, 0], uv[:, 1]], axis=1)]),
        np.concatenate([triangles, triangles + count]),
        np.arange(2 * count),
        normal=direction,
        head_share=np.ones(2 * count),
    )
    for number, side in enumerate(("Left", "Right")):
        own = slice(number * count, (number + 1) * count)
        for way, degrees in GAZE_DEGREES.items():
            outwards = 1 if side == "Left" else -1
            yaw = {"In": -outwards, "Out": outwards}.get(way, 0) * np.radians(degrees)
            pitch = {"Up": -1, "Down": 1}.get(way, 0) * np.radians(degrees)
            change = np.zeros_like(direction)
            change[own] = direction[own] @ (turn(1, yaw) @ turn(0, pitch)).T - direction[own]
            part.morphs[f"eyeLook{way}{side}"] = change * radius
            part.morph_normals[f"eyeLook{way}{side}"] = change
    height = part.position[:, 1] - body.eye_line
    part.occlusion = 0.92 - 0.40 * np.clip((height - radius * 0.10) / (radius * 0.62), 0, 1)
    part.occlusion -= 0.14 * np.clip((-radius * 0.5 - height) / (radius * 0.3), 0, 1)
    part.occlusion -= 0.22 * ramp(0.62, 0.95, np.abs(direction[:, 0]))
    part.occlusion = np.clip(part.occlusion, 0.35, 1)
    part.image = _paint_eye(person.iris)
    return part


def _paint_eye(iris: Colour) -> Floats:
    """White with a little warmth in the corners; an iris of fibres in a dark ring; the pupil."""
    side = 512
    rng = np.random.default_rng(11)
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side * 2 - 1
    angle = np.hypot(x, y) * _REACH
    around = np.arctan2(-y, x)
    picture = np.ones((side, side, 3)) * np.array([0.77, 0.745, 0.73])
    veins = gaussian_filter(rng.normal(size=(side, side)), 3) * 3
    corner = ramp(0.45, 1.0, np.abs(np.sin(angle) * np.cos(around)))
    picture += corner[..., None] * np.array([-0.03, -0.13, -0.14]) * (1 + 0.35 * veins[..., None])
    spokes = gaussian_filter(rng.normal(size=(24, 720)), (3.0, 0.9), mode=("nearest", "wrap"))
    spokes += (
        0.8 * gaussian_filter(rng.normal(size=(24, 720)), (6.0, 2.5), mode=("nearest", "wrap")) * 2
    )
    spokes /= np.abs(spokes).max()
    t = np.clip((angle - _PUPIL) / (_IRIS - _PUPIL), 0, 1)
    fibre = spokes[
        np.minimum((t * 24).astype(int), 23), ((around / (2 * np.pi)) % 1 * 720).astype(int)
    ]
    colour = np.array(iris) / 255
    level = 0.86 + 0.55 * fibre + 0.30 * bump(t, 0.30, 0.2)
    level *= 1 - 0.72 * ramp(0.78, 1.0, t)
    # The lamp shines through the far side of the iris.
    level *= 1 + 0.35 * np.clip(-y / np.maximum(np.hypot(x, y), 1e-6), -1, 1) * -1 * ramp(
        0.1, 0.6, t
    )
    inner = bump(t, 0.18, 0.22)[..., None] * np.array([0.10, 0.045, 0.0])
    ring = colour * level[..., None] + inner * level[..., None]
    share = (1 - ramp(_IRIS - 0.022, _IRIS + 0.028, angle))[..., None]
    picture = picture * (1 - share) + np.clip(ring, 0, 1) * share
    hole = (1 - ramp(_PUPIL - 0.02, _PUPIL + 0.015, angle))[..., None]
    picture = picture * (1 - hole) + np.array([0.03, 0.024, 0.022]) * hole
    picture = np.clip(picture, 0, 1).reshape(side // 2, 2, side // 2, 2, 3)
    return np.asarray(picture.mean(axis=(1, 3)))
