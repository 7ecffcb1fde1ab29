"""A parsed file: arrays out of accessors and buffer views (glTF 2.0 §3.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.heads import HeadError
from avatar_worker.render.limits import MAX_DECODED_BYTES, MAX_FILE_BYTES, MAX_PIXELS

from .meshopt import MeshoptError, decode_view

MESHOPT: Final = ("EXT_meshopt_compression", "KHR_meshopt_compression")
_DTYPES: Final = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass
class Budget:
    """What may still be taken out of one file."""

    decoded: int = MAX_DECODED_BYTES
    pixels: int = MAX_PIXELS


@dataclass(frozen=True, eq=False)
class Glb:
    """``document`` is the file's JSON, ``buffers`` what its buffer views cut."""

    path: Path
    document: dict[str, Any]
    buffers: tuple[bytes | None, ...]
    budget: Budget = field(default_factory=Budget)
    _unpacked: dict[int, bytes] = field(default_factory=dict)
    """Compressed buffer views that were decoded."""

    def items(self, kind: str) -> list[dict[str, Any]]:
        """The document's list called ``kind`` (``nodes``, ``meshes``, …); empty where absent."""
        found: list[dict[str, Any]] = self.document.get(kind, [])
        return found

    def item(self, kind: str, index: object) -> dict[str, Any]:
        """One entry of :meth:`items`; raises :class:`HeadError` for an index out of range."""
        found = self.items(kind)
        if type(index) is not int or not 0 <= index < len(found):
            raise self.problem(f"it refers to {kind}[{index!r:.40}], and has {len(found)} of them")
        return found[index]

    def extension(self, name: str) -> dict[str, Any]:
        """The document's own extension called ``name``; empty where absent."""
        extensions = self.document.get("extensions", {})
        found = extensions.get(name, {}) if isinstance(extensions, dict) else {}
        return found if isinstance(found, dict) else {}

    def count(self, index: object) -> int:
        """How many elements accessor ``index`` has, unread."""
        return self._number(self.item("accessors", index), "count")

    def array(self, index: object) -> NDArray[Any]:
        """Accessor ``index`` as a fresh array (count, width); normalised integers become floats."""
        accessor = self.item("accessors", index)
        dtype = np.dtype(self._known(_DTYPES, accessor.get("componentType"), "component type"))
        width: int = self._known(_WIDTHS, accessor.get("type"), "accessor type")
        count = self._number(accessor, "count")
        self.spend(count * width * max(dtype.itemsize, 4))
        if accessor.get("bufferView") is not None:
            start = self._number(accessor, "byteOffset", 0)
            values = self._cut(accessor["bufferView"], start, count, width, dtype)
        else:
            values = np.zeros((count, width), dtype)
        if "sparse" in accessor:
            self._overlay(values, accessor["sparse"])
        if accessor.get("normalized") and dtype.kind in "ui":
            scaled = values.astype(np.float32) / np.float32(np.iinfo(dtype).max)
            return np.asarray(np.maximum(scaled, np.float32(-1)))
        return values

    def view(self, index: object) -> memoryview:
        """The bytes of buffer view ``index``, unpacked."""
        return self._view(index)[0]

    def spend(self, size: int) -> None:
        """Count ``size`` bytes that are about to be decoded; raises :class:`HeadError` beyond."""
        self.budget.decoded -= size
        if self.budget.decoded < 0:
            raise self.problem(
                f"unpacked it is larger than {MAX_DECODED_BYTES // 1024**2} MiB of geometry"
            )

    def problem(self, text: str) -> HeadError:
        """The error for something wrong in this file."""
        return HeadError(f"{self.path} cannot be used as a head: {text}")

    def _overlay(self, values: NDArray[Any], sparse: object) -> None:
        if not isinstance(sparse, dict):
            raise self.problem("a sparse accessor is not an object")
        count = self._number(sparse, "count")
        where, what = sparse.get("indices"), sparse.get("values")
        if not isinstance(where, dict) or not isinstance(what, dict):
            raise self.problem("a sparse accessor lacks its indices or values")
        kind = np.dtype(self._known(_DTYPES, where.get("componentType"), "component type"))
        self.spend(count * (8 + values.shape[1] * values.dtype.itemsize))
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
        stride = self._number(view, "byteStride", 0)
        extensions = view.get("extensions", {})
        for name in MESHOPT:
            if name in extensions:
                assert isinstance(index, int)
                return memoryview(self._unpack(index, extensions[name])), stride
        start, length = self._number(view, "byteOffset", 0), self._number(view, "byteLength")
        return self._slice(view.get("buffer"), start, length, f"bufferViews[{index}]"), stride

    def _slice(self, buffer: object, start: int, length: int, what: str) -> memoryview:
        if type(buffer) is not int or not 0 <= buffer < len(self.buffers):
            raise self.problem(f"{what} is in a buffer that is not there")
        data = self.buffers[buffer]
        if data is None:
            raise self.problem(f"{what} is not in the file's own buffer")
        if start + length > len(data):
            raise self.problem(f"{what} reaches beyond the end of the file")
        return memoryview(data)[start : start + length]

    def _unpack(self, index: int, packed: dict[str, Any]) -> bytes:
        if index not in self._unpacked:
            start, length = (
                self._number(packed, "byteOffset", 0),
                self._number(packed, "byteLength"),
            )
            count, stride = self._number(packed, "count"), self._number(packed, "byteStride")
            self.spend(count * stride)
            data = self._slice(packed.get("buffer"), start, length, f"bufferViews[{index}]")
            try:
                self._unpacked[index] = decode_view(
                    data, count, stride, packed.get("mode"), packed.get("filter", "NONE")
                )
            except MeshoptError as error:
                raise self.problem(f"bufferViews[{index}] {error}") from None
        return self._unpacked[index]

    def _number(self, entry: dict[str, Any], key: str, default: int | None = None) -> int:
        value = entry.get(key, default)
        if type(value) is not int or not 0 <= value <= MAX_FILE_BYTES:
            raise self.problem(
                f"{key!r} is {value!r:.40} where a number of elements or bytes belongs"
            )
        return value

    def _known(self, table: dict[Any, Any], key: object, what: str) -> Any:
        if not isinstance(key, int | str) or key not in table:
            raise self.problem(f"it has an unknown {what}: {key!r:.40}")
        return table[key]
