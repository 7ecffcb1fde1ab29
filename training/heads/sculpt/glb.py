"""Writes a head as glTF 2.0 binary: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .eyes import GAZE_DEGREES
from .numbers import Floats
from .part import Part

_FLOAT, _BYTE, _SHORT = 5126, 5121, 5123
_VERTICES, _INDICES = 34962, 34963
_METRES = 0.1
_STILL = 2e-5
"""Metres below which a morph does not move a vertex."""
_UNTURNED = 4e-3
_ROUGHNESS = {"eyes": 0.12, "suit": 0.9, "teeth": 0.3, "tongue": 0.4, "skin": 0.55, "hair": 0.6}
_CUT_OUT, _BLENDED = ("hair",), ("lashes",)
_TWO_SIDED = ("hair", "lashes", "suit")


@dataclass(frozen=True, eq=False)
class Joints:
    """Where the head turns and the eyes sit, in decimetres."""

    neck: Floats
    left_eye: Floats
    right_eye: Floats
    origin: Floats
    """What becomes (0, 0, 0)."""


@dataclass
class _File:
    document: dict[str, Any]
    data: bytearray = field(default_factory=bytearray)

    def add(self, kind: str, entry: dict[str, Any]) -> int:
        self.document.setdefault(kind, []).append(entry)
        return len(self.document[kind]) - 1

    def view(self, payload: bytes, target: int | None = None) -> int:
        self.data.extend(b"\0" * (-len(self.data) % 4))
        entry = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(payload)}
        if target:
            entry["target"] = target
        self.data.extend(payload)
        return self.add("bufferViews", entry)

    def dense(
        self,
        values: np.ndarray,
        kind: str,
        component: int,
        target: int | None = _VERTICES,
        **more: Any,
    ) -> int:
        view = self.view(np.ascontiguousarray(values).tobytes(), target)
        return self.add(
            "accessors",
            {"bufferView": view, "componentType": component, "count": len(values), "type": kind}
            | more,
        )

    def sparse(self, values: Floats, least: float) -> int:
        """Only the rows that are not near zero."""
        rows = values.astype(np.float32)
        rows[np.abs(rows).max(axis=1) < least] = 0
        used = np.flatnonzero(np.abs(rows).max(axis=1))
        entry: dict[str, Any] = {"componentType": _FLOAT, "count": len(rows), "type": "VEC3"}
        entry |= {"min": rows.min(axis=0).tolist(), "max": rows.max(axis=0).tolist()}
        if len(used):
            entry["sparse"] = {
                "count": len(used),
                "indices": {
                    "bufferView": self.view(used.astype(np.uint16).tobytes()),
                    "componentType": _SHORT,
                },
                "values": {"bufferView": self.view(rows[used].tobytes())},
            }
        return self.add("accessors", entry)


def write_glb(path: Path, parts: Sequence[Part], joints: Joints, names: Sequence[str]) -> None:
    """Write ``path``; ``names`` are the blendshapes in the order of the morph targets."""
    file = _File(_frame(joints))
    centres = [
        np.zeros(3),
        *(
            _METRES * (place - joints.origin)
            for place in (joints.neck, joints.left_eye, joints.right_eye)
        ),
    ]
    inverse = np.tile(np.eye(4, dtype=np.float32), (4, 1, 1))
    inverse[:, 3, :3] = -np.array(centres)
    matrices = file.dense(inverse.reshape(4, 16), "MAT4", _FLOAT, None)
    file.add("skins", {"name": "rig", "joints": [1, 2, 3, 4], "skeleton": 1,
                       "inverseBindMatrices": matrices})  # fmt: skip
    for part in parts:
        mesh = _write_mesh(file, part, joints.origin, names)
        node = file.add("nodes", {"name": part.name, "mesh": mesh, "skin": 0})
        file.document["scenes"][0]["nodes"].append(node)
    file.data.extend(b"\0" * (-len(file.data) % 4))
    file.document["buffers"] = [{"byteLength": len(file.data)}]
    text = json.dumps(file.document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    size = 12 + 8 + len(text) + 8 + len(file.data)
    path.write_bytes(
        struct.pack("<4sII", b"glTF", 2, size)
        + struct.pack("<I4s", len(text), b"JSON") + text
        + struct.pack("<I4s", len(file.data), b"BIN\0") + bytes(file.data)
    )  # fmt: skip


def _frame(joints: Joints) -> dict[str, Any]:
    def place(of: Floats, parent: Floats) -> list[float]:
        return [round(float(v), 7) for v in _METRES * (of - parent)]

    return {
        "asset": {
            "version": "2.0",
            "generator": "visavis training/heads",
            "copyright": "CC0-1.0",
            "extras": {
                "gaze_degrees": GAZE_DEGREES,
                "note": "Gaze: either the eyeLook morphs or a turn of LeftEye and RightEye, "
                "not both. To turn the head, rotate Head.",
            },
        },
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [
            {"name": "Avatar", "children": [1]},
            {"name": "Body", "children": [2]},
            {"name": "Head", "translation": place(joints.neck, joints.origin), "children": [3, 4]},
            {"name": "LeftEye", "translation": place(joints.left_eye, joints.neck)},
            {"name": "RightEye", "translation": place(joints.right_eye, joints.neck)},
        ],
        "samplers": [{"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}],
    }


def _write_mesh(file: _File, part: Part, origin: Floats, names: Sequence[str]) -> int:
    count = len(part.position)
    shade = np.repeat((np.clip(part.occlusion, 0, 1) * 255).round().astype(np.uint8)[:, None], 3, 1)
    joint, weight = _bind(part)
    position = (_METRES * (part.position - origin)).astype(np.float32)
    attributes = {
        "POSITION": file.dense(position, "VEC3", _FLOAT, min=position.min(axis=0).tolist(),
                               max=position.max(axis=0).tolist()),
        "NORMAL": file.dense(_sound(part.normal), "VEC3", _FLOAT),
        "TEXCOORD_0": file.dense(part.uv.astype(np.float32), "VEC2", _FLOAT),
        "COLOR_0": file.dense(np.column_stack([shade, np.full(count, 255, np.uint8)]), "VEC4",
                              _BYTE, normalized=True),
        "JOINTS_0": file.dense(joint, "VEC4", _BYTE),
        "WEIGHTS_0": file.dense(weight, "VEC4", _FLOAT),
    }  # fmt: skip
    primitive: dict[str, Any] = {
        "attributes": attributes,
        "indices": file.dense(part.triangles.ravel().astype(np.uint16), "SCALAR", _SHORT, _INDICES),
        "material": _write_material(file, part),
    }
    mesh: dict[str, Any] = {"name": part.name, "primitives": [primitive]}
    if part.morphs:
        still = np.zeros((count, 3))
        primitive["targets"] = [
            {
                "POSITION": file.sparse(_METRES * part.morphs.get(name, still), _STILL),
                "NORMAL": file.sparse(part.morph_normals.get(name, still), _UNTURNED),
            }
            for name in names
        ]
        mesh |= {"extras": {"targetNames": list(names)}, "weights": [0.0] * len(names)}
    return file.add("meshes", mesh)


def _sound(normal: Floats) -> np.ndarray:
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    fixed = np.where(length > 0.5, normal / np.maximum(length, 1e-9), [0.0, 0.0, 1.0])
    return np.asarray(fixed.astype(np.float32))


def _bind(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Joints 0 body, 1 head, 2 and 3 the eyes; a joint without weight is named 0."""
    count = len(part.position)
    joint, weight = np.zeros((count, 4), np.uint8), np.zeros((count, 4), np.float32)
    if part.name == "eyes":
        joint[:, 0] = np.where(part.position[:, 0] > 0, 2, 3)
        weight[:, 0] = 1
        return joint, weight
    share = part.head_share.astype(np.float32)
    joint[:, 0] = share > 1e-4
    weight[:, 0], weight[:, 1] = share, 1 - share
    weight[(share <= 1e-4) | (share >= 1 - 1e-4)] = [1, 0, 0, 0]
    return joint, weight


def _write_material(file: _File, part: Part) -> int:
    packed = io.BytesIO()
    image = Image.fromarray((np.clip(part.image, 0, 1) * 255).round().astype(np.uint8))
    if part.image.shape[2] == 4:
        image.save(packed, "PNG", compress_level=6)
    else:
        image.save(packed, "JPEG", quality=93, subsampling=0)
    mime = "image/png" if part.image.shape[2] == 4 else "image/jpeg"
    view = file.view(packed.getvalue())
    source = file.add("images", {"name": part.name, "bufferView": view, "mimeType": mime})
    texture = file.add("textures", {"source": source, "sampler": 0})
    material: dict[str, Any] = {
        "name": part.name,
        "pbrMetallicRoughness": {
            "baseColorTexture": {"index": texture},
            "metallicFactor": 0.0,
            "roughnessFactor": _ROUGHNESS.get(part.name, 0.7),
        },
    }
    if part.name in _TWO_SIDED:
        material["doubleSided"] = True
    if part.name in _CUT_OUT:
        material |= {"alphaMode": "MASK", "alphaCutoff": 0.4}
    elif part.name in _BLENDED:
        material["alphaMode"] = "BLEND"
    return file.add("materials", material)
