"""Makes a head of a glTF file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visavis.protocol import ARKIT_NAMES

from .errors import HeadError
from .gltf import Glb, read_glb
from .head import Floats, Head, Ints
from .materials import ALPHA, DECAL, EYE, MOUTH_PARTS, OPAQUE, find_material
from .rig import Rig, read_rig
from .textures import build_pyramids

_MAX_TRIANGLES: Final = 131_071
_INDEX: Final = {name: number for number, name in enumerate(ARKIT_NAMES)}


def read_head(path: Path) -> Head:
    """The head in a ``.glb`` file; raises :class:`HeadError` for a file that is not one."""
    glb = read_glb(path)
    try:
        return _read(path.stem, glb)
    except HeadError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise glb.problem(f"its JSON is not what glTF 2.0 describes ({error})") from error


def _read(name: str, glb: Glb) -> Head:
    rig = read_rig(glb)
    pieces = [
        _read_primitive(glb, rig, mesh, primitive)
        for mesh in glb.items("meshes")
        for primitive in _primitives(glb, mesh)
    ]
    if missing := [n for n in ARKIT_NAMES if not any(n in piece.targets for piece in pieces)]:
        named = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        raise glb.problem(f"it lacks {len(missing)} of the 52 ARKit morph targets ({named})")
    if sum(len(piece.triangles) for piece in pieces) > _MAX_TRIANGLES:
        raise glb.problem(f"it has more than {_MAX_TRIANGLES} triangles")
    return _assemble(name, rig, pieces)


@dataclass(frozen=True, eq=False)
class _Piece:
    name: str
    kind: int
    image: Image.Image
    base: Floats
    uv: Floats
    occlusion: Floats
    head_share: Floats
    eye: NDArray[np.int8]
    triangles: Ints
    targets: dict[str, Floats]


def _primitives(glb: Glb, mesh: dict[str, Any]) -> list[dict[str, Any]]:
    found = mesh.get("primitives")
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise glb.problem("a mesh has no list of primitives")
    return found


def _read_primitive(glb: Glb, rig: Rig, mesh: dict[str, Any], primitive: dict[str, Any]) -> _Piece:
    name = str(mesh.get("name", "mesh"))
    attributes = primitive.get("attributes")
    if primitive.get("mode", 4) != 4 or not isinstance(attributes, dict):
        raise glb.problem(f"mesh {name!r} is not made of triangles")

    def attribute(key: str, width: int) -> Floats:
        values = glb.array(attributes.get(key))
        if values.shape[1] < width or (count and len(values) != count):
            raise glb.problem(f"{key} of mesh {name!r} has the wrong shape {values.shape}")
        if not np.isfinite(values).all():
            raise glb.problem(f"{key} of mesh {name!r} holds numbers that are not finite")
        return values[:, :width].astype(np.float32)

    count = 0
    position = attribute("POSITION", 3)
    count = len(position)
    normal = attribute("NORMAL", 3)
    uv = attribute("TEXCOORD_0", 2)
    occlusion = (
        attribute("COLOR_0", 1)[:, 0] if "COLOR_0" in attributes else np.ones(count, np.float32)
    )
    head_share, eye = rig.bind(attribute("JOINTS_0", 4), attribute("WEIGHTS_0", 4))
    indices = glb.array(primitive.get("indices")).astype(np.int64).ravel()
    if not len(indices) or len(indices) % 3 or indices.max() >= count or indices.min() < 0:
        raise glb.problem(f"the triangles of mesh {name!r} refer to vertices that are not there")
    triangles = indices.reshape(-1, 3).astype(np.int32)
    kind, image = _read_material(glb, primitive.get("material"), bool((eye >= 0).all()))
    return _Piece(
        name=name,
        kind=kind,
        image=image,
        base=np.hstack([position, normal]),
        uv=uv,
        occlusion=occlusion,
        head_share=head_share,
        eye=eye,
        triangles=triangles,
        targets=_read_targets(glb, mesh, primitive, name, triangles, eye),
    )


def _read_material(glb: Glb, index: object, is_eye: bool) -> tuple[int, Image.Image]:
    material = glb.item("materials", index)
    surface = material.get("pbrMetallicRoughness", {})
    if "baseColorTexture" in surface:
        texture = glb.item("textures", surface["baseColorTexture"].get("index"))
        image = glb.image(texture.get("source"))
    else:
        factor = np.clip(surface.get("baseColorFactor", [1.0] * 4), 0, 1)
        # glTF factors are linear; the shading squares texels, so the root is what it expects.
        red, green, blue = (int(255 * value**0.5) for value in factor[:3])
        image = Image.new("RGBA", (2, 2), (red, green, blue, int(255 * factor[3])))
    mode = material.get("alphaMode", "OPAQUE")
    if mode == "OPAQUE":
        return (EYE if is_eye else OPAQUE), image
    return (DECAL if mode == "BLEND" else ALPHA), image


def _read_targets(
    glb: Glb,
    mesh: dict[str, Any],
    primitive: dict[str, Any],
    name: str,
    triangles: Ints,
    eye: NDArray[np.int8],
) -> dict[str, Floats]:
    count = len(eye)
    targets = primitive.get("targets", [])
    names = mesh.get("extras", {}).get("targetNames", [])
    if len(names) != len(targets):
        raise glb.problem(
            f"mesh {name!r} has {len(targets)} morph targets and {len(names)} names for them"
        )
    found: dict[str, Floats] = {}
    for target_name, target in zip(names, targets, strict=True):
        if target_name not in _INDEX:
            continue
        delta = np.zeros((count, 6), np.float32)
        for start, key in ((0, "POSITION"), (3, "NORMAL")):
            if key in target:
                values = glb.array(target[key])
                if values.shape != (count, 3) or not np.isfinite(values).all():
                    raise glb.problem(f"morph target {target_name!r} of mesh {name!r} is broken")
                delta[:, start : start + 3] = values
        # A normal turns only where the surface moves. Targets of a mesh that was cut after its
        # normals were made say otherwise along the cut, and each weight would light the neck there.
        touched = np.zeros(count, np.bool_)
        displaced = np.asarray(delta[:, :3].any(axis=1))
        touched[triangles[displaced[triangles].any(axis=1)]] = True
        delta[~touched, 3:] = 0
        if target_name.startswith("eyeLook"):
            delta[eye >= 0] = 0  # eyeballs are turned, which keeps them round
        found[target_name] = delta
    return found


def _assemble(name: str, rig: Rig, pieces: list[_Piece]) -> Head:
    sizes = [len(piece.base) for piece in pieces]
    offsets = [sum(sizes[:number]) for number in range(len(pieces))]
    numbers = range(len(pieces))
    eye = np.concatenate([piece.eye for piece in pieces])
    head_share = np.concatenate([piece.head_share for piece in pieces])
    morph_start, morph_vertex, morph_delta = _join_targets(pieces, offsets)
    triangles = np.concatenate(
        [piece.triangles + offset for piece, offset in zip(pieces, offsets, strict=True)]
    ).astype(np.int32)
    triangle_part = np.repeat(numbers, [len(p.triangles) for p in pieces]).astype(np.int32)
    moves = head_share > 0
    moves[morph_vertex] = True
    moving = moves[triangles].any(axis=1)
    in_mouth = np.array([piece.name.lower() in MOUTH_PARTS for piece in pieces])
    beyond_lips = ~in_mouth[triangle_part]
    # What may hide other things is drawn before what has alpha to test.
    kinds = np.array([piece.kind for piece in pieces], np.int32)
    order = np.lexsort((triangle_part, kinds[triangle_part], beyond_lips, moving))
    texels, table = build_pyramids([piece.image for piece in pieces])
    return Head(
        name=name,
        base=np.concatenate([piece.base for piece in pieces]),
        uv=np.concatenate([piece.uv for piece in pieces]),
        occlusion=np.concatenate([piece.occlusion for piece in pieces]),
        head_share=head_share,
        vertex_part=np.repeat(numbers, sizes).astype(np.int32),
        triangles=np.ascontiguousarray(triangles[order]),
        triangle_part=np.ascontiguousarray(triangle_part[order]),
        still_triangles=int((~moving).sum()),
        mouth_triangles=int((moving & ~beyond_lips).sum()),
        seen_triangles=len(triangles),
        mouth_vertices=np.flatnonzero(np.repeat(in_mouth, sizes)).astype(np.int32),
        part_names=tuple(piece.name for piece in pieces),
        part_kind=kinds,
        part_material=np.array([find_material(p.name).row() for p in pieces], np.float32),
        morph_start=morph_start,
        morph_vertex=morph_vertex,
        morph_delta=morph_delta,
        texels=texels,
        texture_table=table,
        neck=rig.neck,
        eye_centres=rig.eye_centres,
        eye_vertices=(
            np.flatnonzero(eye == 0).astype(np.int32),
            np.flatnonzero(eye == 1).astype(np.int32),
        ),
        gaze_limits=rig.gaze_limits,
    )


def _join_targets(pieces: list[_Piece], offsets: list[int]) -> tuple[Ints, Ints, Floats]:
    """``morph_start``, ``morph_vertex`` and ``morph_delta`` of a head."""
    starts, vertices, deltas = [0], [np.zeros(0, np.int64)], [np.zeros((0, 6), np.float32)]
    for target in ARKIT_NAMES:
        for piece, offset in zip(pieces, offsets, strict=True):
            if target in piece.targets:
                delta = piece.targets[target]
                rows = np.flatnonzero(np.abs(delta).max(axis=1) > 0)
                vertices.append(rows + offset)
                deltas.append(delta[rows])
        starts.append(sum(map(len, vertices)))
    return (
        np.array(starts, np.int32),
        np.concatenate(vertices).astype(np.int32),
        np.concatenate(deltas),
    )
