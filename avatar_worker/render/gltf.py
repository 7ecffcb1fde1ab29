"""Reads glTF 2.0 binaries: container, accessors, images.

Specification: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html, §3.6 (accessors) and
§4.4 (container).
"""

from __future__ import annotations

import io
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from .errors import HeadError

_MAGIC: Final = b"glTF"
_CHUNK_JSON: Final = 0x4E4F534A
_CHUNK_BINARY: Final = 0x004E4942
_DTYPES: Final = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_LISTS: Final = (
    "accessors",
    "bufferViews",
    "images",
    "materials",
    "meshes",
    "nodes",
    "skins",
    "textures",
)
_MAX_BYTES: Final = 256 * 1024 * 1024
_MAX_IMAGE_SIDE: Final = 8192


@dataclass(frozen=True)
class Glb:
    """A parsed file: ``document`` is its JSON, ``binary`` the chunk that the buffer views cut."""

    path: Path
    document: dict[str, Any]
    binary: bytes

    def items(self, kind: str) -> list[dict[str, Any]]:
        """The document's list called ``kind`` (``nodes``, ``meshes``, …); empty where absent."""
        found: list[dict[str, Any]] = self.document.get(kind, [])
        return found

    def item(self, kind: str, index: object) -> dict[str, Any]:
        """One entry of :meth:`items`; raises :class:`HeadError` for an index out of range."""
        found = self.items(kind)
        if type(index) is not int or not 0 <= index < len(found):
            raise self.problem(f"it refers to {kind}[{index}], and has {len(found)} of them")
        return found[index]

    def array(self, index: object) -> NDArray[Any]:
        """Accessor ``index`` as a fresh array (count, width); normalised integers become floats."""
        accessor = self.item("accessors", index)
        dtype = np.dtype(self._known(_DTYPES, accessor.get("componentType"), "component type"))
        width: int = self._known(_WIDTHS, accessor.get("type"), "accessor type")
        count = self._number(accessor, "count")
        if "bufferView" in accessor:
            start = self._number(accessor, "byteOffset", 0)
            values = self._cut(accessor["bufferView"], start, count, width, dtype)
        else:
            if count * width * dtype.itemsize > _MAX_BYTES:
                raise self.problem(f"accessors[{index}] asks for {count} elements")
            values = np.zeros((count, width), dtype)
        if "sparse" in accessor:
            self._overlay(values, accessor["sparse"])
        if accessor.get("normalized") and dtype.kind == "u":
            return values.astype(np.float32) / np.float32(np.iinfo(dtype).max)
        return values

    def image(self, index: object) -> Image.Image:
        """Image ``index`` decoded to RGBA."""
        entry = self.item("images", index)
        if "bufferView" not in entry:
            raise self.problem(f"images[{index}] is not inside the file")
        data = bytes(self._view(entry["bufferView"])[0])
        try:
            with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
                if max(image.size) > _MAX_IMAGE_SIDE:
                    raise self.problem(f"images[{index}] is larger than {_MAX_IMAGE_SIDE} pixels")
                return image.convert("RGBA")
        except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
            raise self.problem(f"images[{index}] is not a whole JPEG or PNG") from None

    def problem(self, text: str) -> HeadError:
        """The error for something wrong in this file."""
        return HeadError(f"{self.path} cannot be used as a head: {text}")

    def _overlay(self, values: NDArray[Any], sparse: dict[str, Any]) -> None:
        count = self._number(sparse, "count")
        where, what = sparse.get("indices"), sparse.get("values")
        if not isinstance(where, dict) or not isinstance(what, dict):
            raise self.problem("a sparse accessor lacks its indices or values")
        kind = np.dtype(self._known(_DTYPES, where.get("componentType"), "component type"))
        start = self._number(where, "byteOffset", 0)
        rows = self._cut(where.get("bufferView"), start, count, 1, kind).ravel()
        if kind.kind != "u" or (count and int(rows.max()) >= len(values)):
            raise self.problem("a sparse accessor's indices are out of range")
        start = self._number(what, "byteOffset", 0)
        values[rows] = self._cut(
            what.get("bufferView"), start, count, values.shape[1], values.dtype
        )

    def _cut(
        self, view: object, start: int, count: int, width: int, dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        data, stride = self._view(view)
        row = width * dtype.itemsize
        step = stride or row
        if step < row or (count and start + (count - 1) * step + row > len(data)):
            raise self.problem(f"an accessor reaches beyond bufferViews[{view}]")
        shape, strides = (count, width), (step, dtype.itemsize)
        if not count:
            return np.zeros(shape, dtype)
        return np.ndarray(shape, dtype, data, start, strides).copy()

    def _view(self, index: object) -> tuple[memoryview, int]:
        view = self.item("bufferViews", index)
        if view.get("buffer") != 0:
            raise self.problem(f"bufferViews[{index}] is not in the file's own buffer")
        start, length = self._number(view, "byteOffset", 0), self._number(view, "byteLength")
        if start + length > len(self.binary):
            raise self.problem(f"bufferViews[{index}] reaches beyond the end of the file")
        stride = self._number(view, "byteStride", 0)
        return memoryview(self.binary)[start : start + length], stride

    def _number(self, entry: dict[str, Any], key: str, default: int | None = None) -> int:
        value = entry.get(key, default)
        if type(value) is not int or not 0 <= value <= _MAX_BYTES:
            raise self.problem(f"{key!r} is {value!r} where a number of elements or bytes belongs")
        return value

    def _known(self, table: dict[Any, Any], key: object, what: str) -> Any:
        if not isinstance(key, int | str) or key not in table:
            raise self.problem(f"it has an unknown {what}: {key!r}")
        return table[key]


def read_glb(path: Path) -> Glb:
    """Parse a ``.glb`` file; raises :class:`HeadError` for anything but a whole glTF 2.0 binary."""

    def refuse(why: str) -> HeadError:
        return HeadError(f"{path} cannot be used as a head: {why}")

    try:
        if path.stat().st_size > _MAX_BYTES:
            raise refuse(f"it is larger than {_MAX_BYTES // 1024**2} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise refuse(f"it cannot be read ({error.strerror})") from None
    if len(data) < 20 or data[:4] != _MAGIC:
        raise refuse("it is not a glTF binary (.glb)")
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2:
        raise refuse(f"it is glTF version {version}; version 2 is needed")
    if length > len(data):
        raise refuse(f"it is truncated ({len(data)} of {length} bytes)")
    chunks: dict[int, bytes] = {}
    position = 12
    while position + 8 <= length:
        size, kind = struct.unpack_from("<II", data, position)
        if position + 8 + size > length:
            raise refuse("a chunk reaches beyond the end of the file")
        chunks.setdefault(kind, data[position + 8 : position + 8 + size])
        position += 8 + size
    try:
        document = json.loads(chunks.get(_CHUNK_JSON, b""))
    except ValueError:
        raise refuse("its JSON chunk cannot be parsed") from None
    if not isinstance(document, dict):
        raise refuse("its JSON chunk is not an object")
    for kind in _LISTS:
        entries = document.get(kind, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise refuse(f"its {kind!r} are not a list of objects")
    if required := document.get("extensionsRequired"):
        raise refuse(f"it needs extensions that are not supported: {required}")
    return Glb(path, document, chunks.get(_CHUNK_BINARY, b""))
