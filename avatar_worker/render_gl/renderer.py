"""Draws a head on the graphics card."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.pose import HeadPose
from avatar_worker.render.camera import frame_head
from avatar_worker.render.geometry import pose_rotation
from avatar_worker.render.head import Head
from avatar_worker.render.limits import is_usual
from avatar_worker.render.materials import ALPHA, DECAL, EYE, MOUTH_PARTS
from avatar_worker.render.mouth import mouth_light
from visavis.protocol import ARKIT_NAMES

from .context import SAMPLES, Card, GpuError
from .motion import Motion
from .scene import build_scene
from .shaders import BEFORE, FRAGMENT, VERTEX, WHOLE, YUV

if TYPE_CHECKING:
    from moderngl import Framebuffer, Program, VertexArray

_LIFT: Final = 0.0018
"""Depth by which lashes stand off the lid, as in ``render/raster.py``."""
_CLAMP_DEPTH: Final = 0x864F
"""GL_DEPTH_CLAMP: what lies outside the range of depth is drawn at its end."""
_FINE: Final = "GL_NO_ERROR"

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


class GlRenderer:
    """Draws a :class:`Head` with OpenGL: the pictures of ``render.MeshRenderer``, to the edges.

    One renderer is used by one thread at a time, and it may be another each time. It owns its
    context, and with it what it has on the card; both are gone when it is.

    ``backdrop``: RGBA (height, width, 4).

    Raises :class:`ValueError` for a backdrop of another shape and :class:`GpuError` where the card
    fails, which every picture may do as well.
    """

    def __init__(self, head: Head, width: int, height: int, backdrop: Bytes, card: Card) -> None:
        # At the process's end the driver tidies up by itself.
        weakref.finalize(self, card.context.release).atexit = False
        if backdrop.shape != (height, width, 4) or backdrop.dtype != np.uint8:
            raise ValueError(
                f"the background of a {width}x{height} picture must be uint8 {(height, width, 4)}, "
                f"not {backdrop.dtype} {backdrop.shape}"
            )
        self.width, self.height, self.head = width, height, head
        self._context, self._wait = card.context, card.wait
        self._motion = Motion(head)
        self._in_mouth = [name.lower() in MOUTH_PARTS for name in head.part_names]
        with self._current():
            self._build(np.ascontiguousarray(backdrop))

    def draw(self, weights: Floats, pose: HeadPose, into: Bytes) -> None:
        """As ``render.Renderer.draw``. Raises :class:`ValueError` for arrays of the wrong shape."""
        wanted = (self.height * 3 // 2, self.width)
        if into.shape != wanted or into.dtype != np.uint8:
            raise ValueError(
                f"an I420 frame of {self.width}x{self.height} needs a uint8 buffer {wanted}, "
                f"not {into.dtype} {into.shape}"
            )
        _check(weights)
        with self._current():
            self._draw(weights, pose)
            self._fill(self._yuv, self._to_yuv)
            self._wait()
            self._yuv.read_into(into, components=1)

    def draw_rgba(self, weights: Floats, pose: HeadPose) -> Bytes:
        """The frame as a fresh RGBA array (height, width, 4)."""
        _check(weights)
        picture = np.empty((self.height, self.width, 4), np.uint8)
        with self._current():
            self._draw(weights, pose)
            self._wait()
            self._picture.read_into(picture, components=4)
        return picture

    @contextmanager
    def _current(self) -> Iterator[None]:
        """The context, for this thread alone. Raises :class:`GpuError` for what goes wrong."""
        try:
            with self._context:
                yield
                error = self._context.error
        except Exception as problem:  # moderngl raises plain ones too
            raise GpuError(f"OpenGL failed: {problem}") from problem
        if error != _FINE:
            raise GpuError(f"OpenGL reports {error}")

    def _build(self, backdrop: Bytes) -> None:
        context, size = self._context, (self.width, self.height)
        self._program = context.program(vertex_shader=VERTEX, fragment_shader=FRAGMENT)
        self._camera = frame_head(self.head, *size)
        self._scene = build_scene(context, self._program, self.head, self._camera, self._motion)
        self._colours = context.texture(size, 4, samples=SAMPLES)
        depths = context.depth_texture(size, samples=SAMPLES)
        self._samples = context.framebuffer([self._colours], depths)
        self._drawn = context.texture(size, 4)
        self._picture = context.framebuffer([self._drawn])
        self._yuv = context.framebuffer([context.texture((size[0], size[1] * 3 // 2), 1)])
        self._backdrop = context.texture(size, 4, backdrop.tobytes())
        before = context.program(vertex_shader=WHOLE, fragment_shader=BEFORE)
        _set(before, "head", 0)
        _set(before, "backdrop", 1)
        self._before = context.vertex_array(before, [])
        to_yuv = context.program(vertex_shader=WHOLE, fragment_shader=YUV)
        self._to_yuv = context.vertex_array(to_yuv, [])
        camera = self._camera
        _set(self._program, "eye", tuple(camera.position.tolist()))
        _set(self._program, "neck", tuple(self.head.neck.tolist()))
        # The columns of a GLSL matrix come first.
        _write(self._program, "axes", camera.axes.T)
        reach = float(camera.lens[2])
        _set(self._program, "spread", (2 * reach / size[0], 2 * reach / size[1]))
        _set(self._program, "depth", (float(camera.lens[3]), float(camera.lens[4])))
        context.front_face = "cw"
        context.enable_direct(_CLAMP_DEPTH)

    def _draw(self, weights: Floats, pose: HeadPose) -> None:
        """Fill ``_picture``."""
        from moderngl import NOTHING

        context, scene = self._context, self._scene
        scene.moving.write(self._motion.move(np.ascontiguousarray(weights, np.float32)))
        _write(self._program, "turn", pose_rotation(pose).T)
        self._samples.use()
        self._samples.clear()
        light, usual = mouth_light(weights), is_usual(pose)
        part = -1
        for piece in scene.pieces:
            level = light if self._in_mouth[piece.part] else 1.0
            if not level or (piece.is_hidden and usual):
                continue
            if piece.part != part:
                part = piece.part
                self._take_up(part, level)
            _set(self._program, "lod", float(piece.level))
            scene.vertices.render(vertices=piece.corners, first=piece.first)
        context.enable_only(NOTHING)
        self._colours.use(0)
        self._backdrop.use(1)
        self._fill(self._picture, self._before)
        self._drawn.use(0)

    def _take_up(self, part: int, level: float) -> None:
        """Draw with the texture and the material of ``part`` from now on."""
        from moderngl import CULL_FACE, DEPTH_TEST

        kind = int(self.head.part_kind[part])
        is_thin = kind in (ALPHA, DECAL)
        self._context.enable_only(DEPTH_TEST if is_thin else DEPTH_TEST | CULL_FACE)
        self._scene.textures[part].use(0)
        specular, gloss, wrap, *scatter = self.head.part_material[part].tolist()
        _set(self._program, "surface", (specular, gloss, wrap))
        _set(self._program, "scatter", tuple(scatter))
        _set(self._program, "level", level)
        _set(self._program, "lift", _LIFT if kind == DECAL else 0.0)
        _set(self._program, "is_eye", kind == EYE)
        _set(self._program, "is_thin", is_thin)

    def _fill(self, target: Framebuffer, shader: VertexArray) -> None:
        target.use()
        shader.render(vertices=3)


def _set(program: Program, name: str, value: Any) -> None:
    slot: Any = program[name]
    slot.value = value


def _write(program: Program, name: str, matrix: Floats) -> None:
    slot: Any = program[name]
    slot.write(np.ascontiguousarray(matrix, np.float32).tobytes())


def _check(weights: Floats) -> None:
    if weights.shape != (len(ARKIT_NAMES),):
        raise ValueError(f"a frame needs {len(ARKIT_NAMES)} weights, not {weights.shape}")
