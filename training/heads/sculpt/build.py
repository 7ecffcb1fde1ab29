"""Puts one person's head together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from visavis.protocol import ARKIT_NAMES

from . import atlas
from .body import Body, shape_body
from .cloth import make_cloth, paint_cloth, read_garment
from .eyes import make_eyes
from .glb import Joints, write_glb
from .hair import Scalp
from .lashes import make_lashes
from .mouth import make_teeth, make_tongue
from .numbers import Floats, ramp
from .occlusion import bake, intersector, under
from .paint import paint_skin
from .part import Part, smooth_normals, smooth_values
from .person import Person
from .skin import bend_neck, make_skin, read_texture, soften_cheeks
from .styles import STYLES
from .surface import Surface


def build_head(inputs: Path, person: Person, out: Path) -> dict[str, int]:
    """Write the head as ``out``; return the triangles of its parts."""
    body = shape_body(inputs, person)
    garment = read_garment(inputs)
    cloth, neckline = make_cloth(garment, body, person.rib)
    skin, region = make_skin(body, garment.hides)
    soften_cheeks(skin, body)
    skin.find_normals()
    region = _hide_under(skin, region, cloth, neckline)
    eyes, lashes = make_eyes(body, person), make_lashes(body, person)
    teeth, tongue = make_teeth(body), make_tongue(inputs, body)
    brow_level = (body.shape[:, 1] > body.eye_line + 0.35) & (
        body.shape[:, 1] < body.eye_line + 0.45
    )
    skull = body.shape[:13380][brow_level[:13380]]
    scalp = Scalp(body.eye_line, float(skull[:, 2].max() + skull[:, 2].min()) / 2, person.recession)
    style = STYLES[person.hair.style]
    hair = style(person.hair, skin, Surface([skin, cloth]), scalp)
    # Nearest to the camera first: what they hide is then skipped.
    nearest = -hair.position[hair.triangles].mean(axis=1)[:, 2]
    hair.triangles = hair.triangles[np.argsort(nearest, kind="stable")]
    if person.hair.style == "curls":
        region = _drop_scalp(skin, region, scalp)
    skin.uv = atlas.to_atlas(skin.uv, region)
    skin.image = paint_skin(
        read_texture(inputs, person.skin.texture), skin, lashes, body, person, scalp
    )
    paint_cloth(inputs, cloth, person.cloth)
    for part in (teeth, tongue, lashes, eyes):
        part.uv = np.stack([part.uv[:, 0], 1 - part.uv[:, 1]], axis=1)
    tongue.image = np.ones((4, 4, 3)) * np.array([0.66, 0.34, 0.33])
    skin.head_share = bend_neck(skin, region, body.eye_line)
    parts = [skin, eyes, teeth, tongue, cloth, lashes, hair]
    _occlude(body, skin, region, cloth, hair, [teeth, tongue])
    joints = Joints(
        neck=np.array([0.0, body.eye_line - 1.15, 0.12]),
        left_eye=body.eye_centres["Left"],
        right_eye=body.eye_centres["Right"],
        origin=np.array([0.0, body.eye_line, 0.0]),
    )
    write_glb(out, parts, joints, ARKIT_NAMES)
    return {part.name: len(part.triangles) for part in parts}


def _drop_scalp(skin: Part, region: np.ndarray, scalp: Scalp) -> np.ndarray:
    """Skin well under a solid shell of hair is never seen."""
    deep = scalp.inside(skin.position) > 0.12
    wanted = ~deep[skin.triangles].all(axis=1)
    used = np.unique(skin.triangles[wanted])
    skin.keep_triangles(wanted)
    return np.asarray(region[used])


def _hide_under(skin: Part, region: np.ndarray, cloth: Part, neckline: Floats) -> np.ndarray:
    """Take the skin under the cloth away; its new border goes below the cloth."""
    low = np.flatnonzero(skin.position[:, 1] < cloth.position[:, 1].max() + 0.05)
    covered = under(skin, cloth, low)
    # At the neckline the skin stays, a little lower: a gap would show what is behind.
    near = cKDTree(neckline).query(skin.position)[0]
    hidden = covered & (near > 0.25)
    sink = np.where(covered, 0.08, 0.08 * (1 - ramp(0.0, 0.10, near)))
    sink[skin.position[:, 1] > cloth.position[:, 1].max()] = 0
    skin.position -= skin.normal * smooth_values(sink, skin, 1)[:, None]
    wanted = ~hidden[skin.triangles].all(axis=1)
    used = np.unique(skin.triangles[wanted])
    skin.keep_triangles(wanted)
    return np.asarray(region[used])


def _occlude(
    body: Body, skin: Part, region: np.ndarray, cloth: Part, hair: Part, mouth: list[Part]
) -> None:
    """Ambient occlusion of skin and cloth; around the eyes, that of shut lids if lighter."""

    def shapes(part: Part, pose: dict[str, float]) -> tuple[Floats, np.ndarray]:
        moved = part.position.copy()
        for name, weight in pose.items():
            moved += weight * part.morphs.get(name, 0.0)
        return moved, part.triangles

    rest = intersector([shapes(part, {}) for part in (skin, cloth, hair, *mouth)])
    shut = {"eyeBlinkLeft": 0.9, "eyeBlinkRight": 0.9, "browInnerUp": 0.6}
    closed = intersector([shapes(part, shut) for part in (skin, cloth, hair, *mouth)])
    open_ = bake(rest, skin.position, skin.normal)
    moved, _ = shapes(skin, shut)
    distance = np.min(
        [np.linalg.norm(skin.position - eye, axis=1) for eye in body.eye_centres.values()], axis=0
    )
    radius = body.eye_radius
    near = 1 - ramp(radius * 1.5, radius * 3.2, distance)
    lid = near > 0
    blinked = np.zeros(len(moved))
    normal = smooth_normals(moved, skin.triangles, skin.source)
    blinked[lid] = bake(closed, moved[lid], normal[lid])
    lids = np.maximum(np.maximum(open_, blinked), 0.86)
    level = np.where(region == atlas.HEAD, open_ * (1 - near) + lids * near, open_)
    level = smooth_values(level, skin, 2)
    level = np.where(region == atlas.HEAD, np.clip(level + 0.10, 0.42, 1), level)
    bag = region == atlas.MOUTH
    front = body.shape[605, 2] + 0.02
    level[bag] = np.clip(0.50 - (front + 0.05 - skin.position[bag, 2]) * 1.6, 0.03, 0.45)
    level[region == atlas.SOCKET] = 0.35
    skin.occlusion = level
    folds = bake(rest, cloth.position, cloth.normal)
    cloth.occlusion = np.clip(smooth_values(folds, cloth, 1) * 1.08 + 0.03, 0.2, 1)
