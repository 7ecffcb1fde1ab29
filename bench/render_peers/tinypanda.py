"""Panda3D's software renderer, TinyPanda: light per vertex, no antialiasing, alpha by threshold."""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar_worker.face import HeadPose
from avatar_worker.render import Head
from avatar_worker.render.camera import frame_head
from avatar_worker.render.geometry import blend, pose_rotation
from avatar_worker.render.materials import ALPHA, DECAL

_TEXTURE_SIDE = 512
"""It takes powers of two alone."""


def missing() -> str | None:
    """What has to be installed, in a sentence."""
    if importlib.util.find_spec("panda3d") is None:
        return "TinyPanda was not timed: panda3d is not installed (`python -m pip install panda3d`)"
    return None


def time_frames(
    head: Head, width: int, height: int, acted: Sequence[tuple[NDArray[np.float32], HeadPose]]
) -> list[float]:
    """Milliseconds of CPU of each frame, morphs, drawing and reading it back."""
    scene = _Scene(head, width, height)
    spent = []
    for weights, pose in acted:
        started = time.thread_time()
        scene.draw(weights, pose)
        spent.append((time.thread_time() - started) * 1000)
    return spent


class _Scene:
    def __init__(self, head: Head, width: int, height: int) -> None:
        core: Any = importlib.import_module("panda3d.core")
        core.loadPrcFileData(
            "",
            "load-display p3tinydisplay\nwindow-type offscreen\naudio-library-name null\n"
            f"win-size {width} {height}\nsync-video 0\nnotify-level-display error",
        )
        base: Any = importlib.import_module("direct.showbase.ShowBase")
        self._core, self._head = core, head
        self._base = base.ShowBase(windowType="offscreen")
        self._turned = self._base.render.attachNewNode("head")
        self._shape = np.empty((len(head.base), 6), np.float32)
        self._parts = [self._add(part) for part in range(len(head.part_names))]
        self._light()
        self._look(width, height)
        self._picture = core.Texture()
        window = core.GraphicsOutput
        self._base.win.addRenderTexture(self._picture, window.RTMCopyRam, window.RTPColor)

    def draw(self, weights: NDArray[np.float32], pose: HeadPose) -> NDArray[np.uint8]:
        head, core = self._head, self._core
        blend(
            head.base, head.morph_start, head.morph_vertex, head.morph_delta, weights, self._shape
        )
        for data, numbers, moves in self._parts:
            if moves:
                self._rows(data)[:, :6] = self._shape[numbers]
        turn = pose_rotation(pose)
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = turn, head.neck - turn @ head.neck
        self._turned.setMat(core.LMatrix4f(*matrix.T.ravel().tolist()))
        self._base.graphicsEngine.renderFrame()
        return np.frombuffer(self._picture.getRamImageAs("RGBA"), np.uint8)

    def _rows(self, data: Any) -> NDArray[np.float32]:
        return np.frombuffer(memoryview(data.modifyArray(0)).cast("B"), np.float32).reshape(-1, 8)

    def _add(self, part: int) -> tuple[Any, NDArray[np.integer[Any]], bool]:
        head, core = self._head, self._core
        chosen = np.flatnonzero(head.triangle_part[: head.seen_triangles] == part)
        numbers, corners = np.unique(head.triangles[chosen], return_inverse=True)
        data = core.GeomVertexData(
            head.part_names[part], core.GeomVertexFormat.getV3n3t2(), core.Geom.UHDynamic
        )
        data.uncleanSetNumRows(len(numbers))
        rows = self._rows(data)
        rows[:, :6] = head.base[numbers]
        rows[:, 6], rows[:, 7] = head.uv[numbers, 0], 1 - head.uv[numbers, 1]
        faces = core.GeomTriangles(core.Geom.UHStatic)
        faces.setIndexType(core.Geom.NTUint32)
        faces.modifyVertices().uncleanSetNumRows(corners.size)
        indices = memoryview(faces.modifyVertices()).cast("B")
        np.frombuffer(indices, np.uint32)[:] = corners.ravel()
        geometry, node = core.Geom(data), core.GeomNode(head.part_names[part])
        geometry.addPrimitive(faces)
        node.addGeom(geometry)
        still = bool(chosen.size) and bool((chosen < head.still_triangles).all())
        path = (self._base.render if still else self._turned).attachNewNode(node)
        path.setTexture(self._texture(part))
        if head.part_kind[part] in (ALPHA, DECAL):
            path.setTwoSided(True)
            path.setTransparency(core.TransparencyAttrib.MBinary)
        moving = np.isin(numbers, head.morph_vertex)
        return node.modifyGeom(0).modifyVertexData(), numbers, bool(moving.any())

    def _texture(self, part: int) -> Any:
        head, core = self._head, self._core
        levels = head.texture_table[part]
        offset, wide, high = next(
            (row for row in levels if max(row[1:]) <= _TEXTURE_SIDE), levels[0]
        )
        image = Image.fromarray(head.texels[offset : offset + wide * high].reshape(high, wide, 4))
        texels = np.asarray(image.resize((_TEXTURE_SIDE, _TEXTURE_SIDE)))
        texture = core.Texture()
        texture.setup2dTexture(
            _TEXTURE_SIDE, _TEXTURE_SIDE, core.Texture.TUnsignedByte, core.Texture.FRgba
        )
        texture.setRamImage(np.ascontiguousarray(texels[::-1, :, [2, 1, 0, 3]]).tobytes())
        return texture

    def _light(self) -> None:
        core, render = self._core, self._base.render
        for kind, colour, place in (
            (core.DirectionalLight, (0.75, 0.72, 0.68, 1), (0.55, 0.55, 0.9)),
            (core.DirectionalLight, (0.20, 0.22, 0.28, 1), (-0.9, 0.15, 0.5)),
            (core.AmbientLight, (0.33, 0.33, 0.35, 1), (0, 0, 1)),
        ):
            light = kind("light")
            light.setColor(colour)
            path = render.attachNewNode(light)
            path.setPos(*place)
            path.lookAt(0, 0, 0)
            render.setLight(path)

    def _look(self, width: int, height: int) -> None:
        core, camera = self._core, frame_head(self._head, width, height)
        lens = core.PerspectiveLens()
        tall = 2 * np.degrees(np.arctan(height / 2 / float(camera.lens[2])))
        wide = 2 * np.degrees(np.arctan(width / 2 / float(camera.lens[2])))
        lens.setFov(wide, tall)
        lens.setNearFar(0.3, 4)
        self._base.cam.node().setLens(lens)
        place = camera.position.tolist()
        target = (camera.position + camera.axes[2]).tolist()
        self._base.cam.setPos(*place)
        self._base.cam.lookAt(core.Point3(*target), core.Vec3(0, 1, 0))
