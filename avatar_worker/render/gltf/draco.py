"""Unpacks primitives that Draco packed (KHR_draco_mesh_compression)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render.limits import MAX_VERTICES

from .glb import Glb

DRACO: Final = "KHR_draco_mesh_compression"
_MESH, _SEQUENTIAL, _EDGEBREAKER = 1, 0, 1
_HAS_METADATA: Final = 0x8000


@dataclass(frozen=True, eq=False)
class DracoMesh:
    """What a primitive's own accessors would have said."""

    triangles: NDArray[np.int32]
    attributes: dict[str, NDArray[Any]]


def unpack_draco(glb: Glb, primitive: dict[str, Any]) -> DracoMesh:
    """Raises :class:`HeadError` for what is not such a mesh."""
    import DracoPy  # 8 MB that few heads need

    packed = primitive["extensions"][DRACO]
    data = bytes(glb.view(packed.get("bufferView")))
    points, faces = _sizes(data)
    if not 0 < points <= MAX_VERTICES or not 0 < faces <= 4 * MAX_VERTICES:
        raise glb.problem("its Draco mesh is broken, or larger than a head may be")
    glb.spend(points * 128 + faces * 12)
    try:
        mesh = DracoPy.decode(data)
    except Exception:
        raise glb.problem("its Draco mesh cannot be unpacked") from None
    triangles = np.asarray(mesh.faces).reshape(-1, 3).astype(np.int32)
    found: dict[str, NDArray[Any]] = {}
    for name, number in packed.get("attributes", {}).items():
        attribute = mesh.get_attribute_by_unique_id(number)
        if attribute is None:
            raise glb.problem(f"its Draco mesh lacks {name!r:.40}")
        values = np.asarray(attribute["data"]).reshape(len(mesh.points), -1)
        accessor = glb.item("accessors", primitive["attributes"].get(name))
        if accessor.get("normalized") and values.dtype.kind == "u":
            values = values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max)
        found[name] = values
    if len(triangles) and not 0 <= triangles.min() <= triangles.max() < len(mesh.points):
        raise glb.problem("its Draco mesh refers to vertices that are not there")
    return DracoMesh(triangles, found)


def _sizes(data: bytes) -> tuple[int, int]:
    """Points and faces that a Draco 2.2 stream announces; (0, 0) where it is not one.

    Source: Draco Bitstream Specification, sections "Decode Header" and "Decode Connectivity Data".
    """
    if len(data) < 16 or data[:5] != b"DRACO" or data[5] != 2 or data[6] < 2 or data[7] != _MESH:
        return 0, 0
    if int.from_bytes(data[9:11], "little") & _HAS_METADATA:
        return 0, 0
    if data[8] == _SEQUENTIAL:
        faces, at = _varint(data, 11)
        points, _ = _varint(data, at)
        return points, faces
    if data[8] == _EDGEBREAKER:
        points, at = _varint(data, 12)
        faces, _ = _varint(data, at)
        return points, faces
    return 0, 0


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for number in range(5):
        if at + number >= len(data):
            break
        byte = data[at + number]
        value |= (byte & 127) << (7 * number)
        if byte < 128:
            return value, at + number + 1
    return 0, len(data)
