"""From a file to a head, and to what there is to say about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.heads import HeadError
from avatar_worker.render.gltf import Glb, read_glb
from avatar_worker.render.gltf.nodes import Nodes, read_nodes
from avatar_worker.render.head import Floats, Head
from avatar_worker.render.limits import MAX_TRIANGLES
from avatar_worker.render.materials import TOON
from visavis.protocol import ARKIT_NAMES

from .assemble import Joints, Part, assemble
from .bones import Bones, find_bones
from .defaults import find_acting
from .eyes import Eyes, find_eyes, look_angles
from .findings import Findings
from .framing import Frame, find_frame, seen_triangles, share_without_joints
from .movement import Movement, cook, mouth_masks, read_movement
from .paint import Painter
from .pieces import Piece, read_pieces
from .rest import lower_arms, open_jaw, read_joints
from .shapes.recipes import Recipe, choose_recipes
from .vrm import Vrm, read_vrm

_DEFAULT_GAZE: Final = {"In": 32.0, "Out": 32.0, "Up": 24.0, "Down": 26.0}
_FLAT_GAZE: Final = {"In": 8.0, "Out": 9.0, "Up": 6.0, "Down": 6.0}
"""Irises painted on a disc leave the eye's white when they turn further."""
_HALF_FACE: Final = 0.02
"""Metres across the middle of the face over which one half gives way to the other."""
_BROKEN: Final = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError,
    ValueError,
)  # fmt: skip


def read_head(path: Path) -> Head:
    """The head in a file; raises :class:`HeadError` for one that cannot be used."""
    return read_findings(path)[0]


def read_findings(path: Path) -> tuple[Head, Findings]:
    """As :func:`read_head`, and what was found in the file."""
    glb = read_glb(path)
    try:
        with np.errstate(all="ignore"):
            return _read(path.stem, glb)
    except HeadError:
        raise
    except _BROKEN as error:
        raise glb.problem(f"it is not what glTF 2.0 describes ({error!s:.120})") from error
    except MemoryError:
        raise glb.problem("it needs more memory than this machine has") from None


def _read(name: str, glb: Glb) -> tuple[Head, Findings]:
    vrm, nodes = read_vrm(glb), read_nodes(glb)
    bones = find_bones(glb, nodes, vrm, _joints(glb))
    world = lower_arms(nodes, bones)
    acting = find_acting(glb, nodes, vrm)
    opened = open_jaw(nodes, world, bones)
    pieces = read_pieces(glb, nodes, bones, world, opened, acting.targets)
    movement = read_movement(glb, pieces, vrm, acting.names)
    recipes = choose_recipes(movement.alive)
    if "jawOpen" not in recipes:
        raise glb.problem(
            "nothing in it opens the mouth: it needs morph targets called as ARKit (jawOpen), "
            "Oculus (viseme_aa), VRoid (Fcl_MTH_A) or VRM (aa) call them"
        )
    eyes = find_eyes(pieces, bones, world, movement)
    frame = find_frame(pieces, bones, world, eyes, movement)
    looks = look_angles(pieces, eyes, movement)
    joints = Joints(
        frame.neck.astype(np.float32),
        frame.eyes.astype(np.float32),
        _gaze_limits(glb, vrm, eyes, looks),
    )
    counted = sum(len(piece.triangles) for piece in pieces)
    parts = _parts(pieces, movement, recipes, frame, Painter(glb, vrm.toon_materials))
    drawn = sum(len(part.triangles) for part in parts)
    if not parts:
        raise glb.problem("nothing of it lies inside the picture")
    if drawn > MAX_TRIANGLES:
        raise glb.problem(f"it has more than {MAX_TRIANGLES} triangles inside the picture")
    head = assemble(name, joints, parts)
    lowered = bool((world != nodes.world).any())
    return head, _findings(
        glb, vrm, nodes, bones, eyes, frame, movement, recipes, parts, head, counted, lowered
    )


def _joints(glb: Glb) -> frozenset[int]:
    return frozenset(
        int(joint) for skin in range(len(glb.items("skins"))) for joint in read_joints(glb, skin)
    )


def _parts(
    pieces: list[Piece],
    movement: Movement,
    recipes: dict[str, Recipe],
    frame: Frame,
    painter: Painter,
) -> list[Part]:
    mouths = mouth_masks(movement, pieces)
    found = []
    for number, piece in enumerate(pieces):
        piece.position = frame.points(piece.position)
        piece.normal = frame.normals(piece.normal)
        if (piece.share < 0).all():
            piece.share = share_without_joints(piece.position, frame)
        piece.triangles = piece.triangles[seen_triangles(piece, frame)]
        if not len(piece.triangles):
            continue
        kept = np.unique(piece.triangles)
        left = _left(piece.position, float(frame.eyes[:, 0].mean()))
        targets = {}
        for shape, recipe in recipes.items():
            delta = cook(recipe, number, movement, left, mouths[number])
            if delta is not None:
                if shape.startswith("eyeLook"):
                    delta[piece.eye >= 0] = 0  # eyeballs are turned, which keeps them round
                targets[shape] = _place(delta[kept], frame)
        _keep(piece, kept)
        paint = painter.paint(piece)
        if paint.invisible:
            continue
        base = np.hstack([piece.position, piece.normal]).astype(np.float32)
        found.append(Part(paint, base, piece.share, piece.eye, piece.triangles, targets))
    return found


def _left(position: Floats, middle: float) -> Floats:
    """How far (n,) a vertex is on the person's left half, 0..1."""
    across = np.clip((position[:, 0] - middle) / _HALF_FACE + 0.5, 0, 1)
    return np.asarray(across * across * (3 - 2 * across), np.float32)


def _place(delta: Floats, frame: Frame) -> tuple[NDArray[np.int64], Floats]:
    rows = np.flatnonzero(np.abs(delta).max(axis=1) > 0)
    moved = np.hstack([frame.points(delta[rows, :3]), frame.normals(delta[rows, 3:])])
    return rows, moved.astype(np.float32)


def _keep(piece: Piece, kept: NDArray[np.int32]) -> None:
    renumber = np.zeros(len(piece.position), np.int32)
    renumber[kept] = np.arange(len(kept), dtype=np.int32)
    piece.triangles = renumber[piece.triangles]
    piece.position, piece.normal = piece.position[kept], piece.normal[kept]
    piece.share, piece.eye = piece.share[kept], piece.eye[kept]
    piece.uvs = {number: uv[kept] for number, uv in piece.uvs.items()}
    piece.colour = None if piece.colour is None else piece.colour[kept]


def _gaze_limits(glb: Glb, vrm: Vrm, eyes: Eyes, looks: dict[str, float]) -> Floats:
    """Radians: as ``asset.extras.gaze_degrees``, VRM or morph targets say; else the usual."""
    asset: Any = glb.document.get("asset", {})
    extras = asset.get("extras", {}) if isinstance(asset, dict) else {}
    given = extras.get("gaze_degrees", {}) if isinstance(extras, dict) else {}
    usual = _FLAT_GAZE if eyes.flat else _DEFAULT_GAZE
    degrees = [given.get(way, vrm.gaze.get(way, looks.get(way, usual[way]))) for way in usual]
    if not all(isinstance(value, int | float) and 0 <= value <= 60 for value in degrees):
        raise glb.problem(f"its gaze limits are {given!r:.80}")
    return np.radians(degrees).astype(np.float32)


def _findings(
    glb: Glb,
    vrm: Vrm,
    nodes: Nodes,
    bones: Bones,
    eyes: Eyes,
    frame: Frame,
    movement: Movement,
    recipes: dict[str, Recipe],
    parts: list[Part],
    head: Head,
    counted: int,
    lowered: bool,
) -> Findings:
    asset = glb.document.get("asset", {})
    own = tuple(name for name in ARKIT_NAMES if name in movement.alive)
    told = set(movement.named)
    targets = {name for mesh in glb.items("meshes") for name in _names(mesh)}
    turned = float(np.degrees(np.arctan2(frame.turn[0, 2], frame.turn[0, 0])))
    return Findings(
        format=f"VRM {vrm.version}" if vrm.version else "glTF 2.0",
        generator=str(asset.get("generator", "")) if isinstance(asset, dict) else "",
        own=own,
        made={
            name: " + ".join(dict.fromkeys(part.shape for part in recipe))
            for name, recipe in recipes.items()
            if name not in own
        },
        missing=tuple(name for name in ARKIT_NAMES if name not in recipes),
        dead=tuple(
            sorted({shape for shape in movement.named.values() if shape in ARKIT_NAMES} - set(own))
        ),
        unknown=len(targets - told),
        head_joint=None if bones.head is None else nodes.names[bones.head],
        neck_joints=len(bones.necks),
        eyes=eyes.source,
        eyes_turn=eyes.turned or any(name.startswith("eyeLook") for name in recipes),
        scale=frame.scale,
        turned=turned,
        arms_lowered=lowered,
        triangles=counted,
        drawn=len(head.triangles),
        texels=len(head.texels),
        parts=tuple((part.paint.name, part.paint.role) for part in parts),
        toon=any(part.paint.light == TOON for part in parts),
    )


def _names(mesh: dict[str, Any]) -> list[str]:
    extras = mesh.get("extras")
    names = extras.get("targetNames", []) if isinstance(extras, dict) else []
    return [str(name) for name in names] if isinstance(names, list) else []
