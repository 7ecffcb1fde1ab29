"""Upper lashes: a strip that grows out of the edge of the lid and rides on it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from .body import Body
from .makehuman import Mesh
from .numbers import Floats, ramp, unit
from .part import Part, make_part
from .person import Person

_GROUPS = {"Left": "helper-l-eyelashes-2", "Right": "helper-r-eyelashes-2"}
"""The base mesh's helper geometry for upper lashes: rows from the lid's edge outwards."""
_ROWS = 5
_FROM = 1
"""The first row lies on the lid."""


def _rows(mesh: Mesh, group: str, shape: Floats, eye: Floats) -> list[list[int]]:
    """The strip's vertices, row by row from the lid, each from the nose outwards."""
    faces = [
        [a for a, _ in face]
        for face, name in zip(mesh.faces, mesh.groups, strict=True)
        if name == group
    ]
    sharing: dict[frozenset[int], list[int]] = {}
    for number, face in enumerate(faces):
        for a, b in zip(face, face[1:] + face[:1], strict=True):
            sharing.setdefault(frozenset((a, b)), []).append(number)
    beside: dict[int, list[int]] = {}
    for edge, users in sharing.items():
        if len(users) == 1:
            a, b = sorted(edge)
            beside.setdefault(a, []).append(b)
            beside.setdefault(b, []).append(a)
    count = {v: sum(v in face for face in faces) for v in beside}
    corners = sorted(v for v in beside if count[v] == 1)
    chains = []
    for corner in corners:
        for step in beside[corner]:
            chain = [corner, step]
            while chain[-1] not in corners:
                a, b = beside[chain[-1]]
                chain.append(b if a == chain[-2] else a)
            chains.append(chain)
    longest = max(len(chain) for chain in chains)
    sides = [
        chain
        for chain in chains
        if len(chain) == longest and abs(shape[chain[0], 0]) < abs(shape[chain[-1], 0])
    ]
    row = min(sides, key=lambda chain: float(np.linalg.norm(shape[chain] - eye, axis=1).mean()))
    rows, used = [row], set()
    for _ in range(_ROWS - 1):
        onward: dict[int, int] = {}
        for a, b in zip(rows[-1], rows[-1][1:], strict=False):
            number = next(n for n in sharing[frozenset((a, b))] if n not in used)
            used.add(number)
            face = faces[number]
            at = face.index(a)
            left, right = face[at - 1], face[(at + 1) % 4]
            onward[a] = left if right == b else right
            at = face.index(b)
            left, right = face[at - 1], face[(at + 1) % 4]
            onward[b] = left if right == a else right
        rows.append([onward[v] for v in rows[-1]])
    return rows


def make_lashes(body: Body, person: Person) -> Part:
    """Both upper strips; ``person.lashes`` is their length against the mesh's."""
    order: list[int] = []
    uv, faces = [], []
    for side, group in _GROUPS.items():
        rows = _rows(body.mesh, group, body.shape, body.eye_centres[side])[_FROM:]
        start, wide = len(order), len(rows[0])
        for number, row in enumerate(rows):
            order += row
            uv += [(k / (wide - 1), 1 - number / (len(rows) - 1)) for k in range(wide)]
        for number in range(len(rows) - 1):
            for k in range(wide - 1):
                a = start + number * wide + k
                quad = [a, a + 1, a + 1 + wide, a + wide]
                faces.append([(v, v) for v in (quad if side == "Left" else quad[::-1])])
    position = body.shape[order].copy()
    morphs = {name: change[order] for name, change in body.morphs.items()}
    part = make_part("lashes", position, np.array(uv), faces, morphs)
    _lengthen(part, person.lashes)
    part.position += [0.0, 0.0, 0.006]
    part.find_normals()
    part.normal = unit(part.normal * 0.2 + np.array([0.0, 0.3, 1.0]))
    part.morph_normals = {}
    part.occlusion = np.full(len(part.position), 0.7)
    part.head_share = np.ones(len(part.position))
    part.image = _paint_lashes()
    return part


def _lengthen(part: Part, share: float) -> None:
    column = {}
    for number, (u, v) in enumerate(part.uv):
        if v == 1:
            column[(round(u, 6), part.position[number, 0] > 0)] = number
    roots = np.array(
        [
            column[(round(u, 6), x > 0)]
            for (u, _), x in zip(part.uv, part.position[:, 0], strict=True)
        ]
    )
    for values in (part.position, *part.morphs.values()):
        values[:] = values[roots] + share * (values - values[roots])


def _paint_lashes() -> Floats:
    """Dense at the lid, single hairs towards the tips, longest outside; u runs outwards."""
    wide, high, fine = 384, 64, 3
    rng = np.random.default_rng(17)
    image = Image.new("L", (wide * fine, high * fine), 0)
    draw = ImageDraw.Draw(image)
    for u in np.linspace(0.015, 0.985, 74):
        root = u + rng.normal(0, 0.004)
        reach = (0.50 + 0.45 * float(ramp(0.0, 0.75, u))) * rng.uniform(0.72, 1.05)
        lean = 0.055 * (u - 0.35) + rng.normal(0, 0.012)
        line = [
            ((root + lean * s**1.5) * wide * fine, s * reach * high * fine)
            for s in np.linspace(0, 1, 8)
        ]
        for number in range(7):
            draw.line(line[number : number + 2], 255, round(fine * (3.0 - 0.3 * number)))
    hairs = np.asarray(image.resize((wide, high), Image.Resampling.BOX), np.float64) / 255
    t = (np.arange(high)[:, None] + 0.5) / high
    u = (np.arange(wide)[None] + 0.5) / wide
    band = 1 - ramp(0.10, 0.34, t)
    soft = 0.55 * gaussian_filter(hairs, (1.0, 1.0)) + 0.60 * gaussian_filter(hairs, (1.5, 5.0)) * (
        1 - 0.6 * t
    )
    ends = ramp(0.0, 0.05, u) * ramp(1.0, 0.96, u)
    alpha = np.clip(np.maximum(band * 0.95, soft), 0, 1) * (1 - ramp(0.9, 1.0, t)) * ends
    colour = np.ones((high, wide, 3)) * np.array([26, 18, 16]) / 255
    return np.concatenate([colour, alpha[..., None]], axis=2)
