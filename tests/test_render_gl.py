"""The graphics card draws what the CPU draws, or leaves it to the CPU."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker import mesh
from avatar_worker.engine import EngineError, find_engine
from avatar_worker.heads import HEADS, find_head
from avatar_worker.paint import paint_backdrop
from avatar_worker.render import Head, HeadPose, MeshRenderer, Renderer
from avatar_worker.render_gl import probe
from avatar_worker.render_gl.context import GpuError, is_software, open_card
from avatar_worker.render_gl.guard import Gpu
from avatar_worker.render_gl.probe import Answer, find_gpu
from avatar_worker.render_gl.renderer import GlRenderer
from avatar_worker.shelf import Shelf
from settings import Settings
from visavis.protocol import ARKIT_NAMES

SIDE = 256
REST = HeadPose()
Picture = NDArray[np.uint8]
CARD = Answer(name="a card")


@cache
def load(name: str) -> Head:
    return Shelf().load(find_head(name))


@cache
def reason_to_skip() -> str:
    try:
        open_card(software=True).context.release()
    except GpuError as error:
        return f"no OpenGL on EGL (apt install libegl1 libopengl0 libgl1-mesa-dri): {error}"
    return ""


@pytest.fixture
def opengl() -> None:
    if reason_to_skip():
        pytest.skip(reason_to_skip())


def face(**named: float) -> NDArray[np.float32]:
    values = np.zeros(len(ARKIT_NAMES), np.float32)
    for name, value in named.items():
        hits = [i for i, known in enumerate(ARKIT_NAMES) if known.startswith(name)]
        assert hits, name
        values[hits] = value
    return values


def on_card(head: Head, backdrop: Picture) -> GlRenderer:
    height, width = backdrop.shape[:2]
    return GlRenderer(head, width, height, backdrop, open_card(software=True))


def guarded(gpu: Gpu) -> Renderer:
    return gpu.renderer(load("amy"), SIDE, SIDE, paint_backdrop(SIDE, SIDE, "#d9dee6"))


def frame(renderer: Renderer, weights: NDArray[np.float32], pose: HeadPose = REST) -> Picture:
    into = np.zeros((renderer.height * 3 // 2, renderer.width), np.uint8)
    renderer.draw(weights, pose, into)
    return into


def apart(a: Picture, b: Picture) -> NDArray[np.int16]:
    return np.asarray(np.abs(a.astype(np.int16) - b), np.int16)


def blurred(picture: Picture) -> NDArray[np.float64]:
    """Means of eight by eight: what an eye sees that looks for no pixels."""
    rows, columns = picture.shape[0] // 8, picture.shape[1] // 8
    whole = picture[: rows * 8, : columns * 8, :3].astype(np.float64)
    blocks: NDArray[np.float64] = whole.reshape(rows, 8, columns, 8, 3).mean(axis=(1, 3))
    return blocks


FACES = {
    "neutral": (face(), REST),
    "open": (face(jawOpen=0.7), REST),
    "parted": (face(jawOpen=0.08), REST),
    "blink": (face(eyeBlink=1.0), REST),
    "turned": (face(mouthSmile=0.6, jawOpen=0.2, eyeLookOutLeft=0.7), HeadPose(18, 6, 5)),
    "away": (face(tongueOut=0.5), HeadPose(60, -20, 0)),
}


@pytest.mark.parametrize("name", HEADS)
def test_the_card_does_not_draw_another_face(opengl: None, name: str) -> None:
    """Samples lie elsewhere, so edges and hair differ by some levels, and nothing else."""
    head, backdrop = load(name), paint_backdrop(SIDE, SIDE, "#d9dee6")
    card, cpu = on_card(head, backdrop), MeshRenderer(head, SIDE, SIDE, backdrop)
    for what, (weights, pose) in FACES.items():
        meant, drawn = cpu.draw_rgba(weights, pose), card.draw_rgba(weights, pose)
        different = apart(meant, drawn)
        assert different.mean() < 0.5, what
        assert (different.max(axis=2) > 24).mean() < 0.003, what
        assert np.abs(blurred(meant) - blurred(drawn)).max() < 7, what
        assert apart(frame(cpu, weights, pose), frame(card, weights, pose)).mean() < 0.45, what


def test_the_card_does_not_convert_colours_otherwise(opengl: None) -> None:
    from avatar_worker.render.i420 import convert

    for width, height in ((128, 192), (194, 66)):
        backdrop = np.random.default_rng(3).integers(0, 256, (height, width, 4)).astype(np.uint8)
        backdrop[..., 3] = 255
        card = on_card(load("ben"), backdrop)
        meant = np.empty((height * 3 // 2, width), np.uint8)
        pixels = card.draw_rgba(face(), REST).view("<i4")[..., 0]
        convert(pixels, 0, (0, 0, width, height), meant)
        assert np.array_equal(frame(card, face()), meant)


def test_a_transparent_backdrop_does_not_become_opaque_or_dark(opengl: None) -> None:
    clear = np.zeros((SIDE, SIDE, 4), np.uint8)
    clear[..., :3] = 9, 200, 90
    drawn = on_card(load("maya"), clear).draw_rgba(face(), REST)
    meant = MeshRenderer(load("maya"), SIDE, SIDE, clear).draw_rgba(face(), REST)
    assert (drawn[0, 0] == (9, 200, 90, 0)).all()
    assert apart(meant, drawn)[..., 3].mean() < 1
    edge = (drawn[..., 3] > 40) & (drawn[..., 3] < 216) & (meant[..., 3] == drawn[..., 3])
    assert edge.sum() > 100
    assert apart(meant, drawn)[edge].mean() < 12


def test_a_renderer_does_not_stay_with_the_thread_that_built_it(opengl: None) -> None:
    backdrop = paint_backdrop(SIDE, SIDE, "#d9dee6")
    renderer = on_card(load("amy"), backdrop)
    other = on_card(load("amy"), backdrop)
    here = frame(renderer, face(jawOpen=0.5))
    there: list[Picture] = []

    def draw(on: Renderer) -> None:
        there.append(frame(on, face(jawOpen=0.5)))

    for _ in range(2):
        thread = threading.Thread(target=draw, args=(renderer,))
        thread.start()
        thread.join()
    assert all(np.array_equal(here, picture) for picture in there) and len(there) == 2
    del renderer, thread
    gc.collect()
    assert np.array_equal(frame(other, face(jawOpen=0.5)), here), "one's end took the other along"


@pytest.mark.parametrize(("own", "meant"), [(None, "USLEEP"), ("NOTHING", "NOTHING")])
def test_the_driver_does_not_wait_in_a_busy_loop_unless_told_to(
    monkeypatch: pytest.MonkeyPatch, own: str | None, meant: str
) -> None:
    moderngl = pytest.importorskip("moderngl")
    found: list[str | None] = []

    def create(**_: object) -> None:
        found.append(os.environ.get("__GL_YIELD"))
        raise RuntimeError("no device")

    monkeypatch.setenv("__GL_YIELD", own or "")
    if own is None:
        monkeypatch.delenv("__GL_YIELD")
    monkeypatch.setattr(moderngl, "create_context", create)
    with pytest.raises(GpuError, match="no device"):
        open_card()
    assert set(found) == {meant}


def test_earlier_frames_do_not_show_in_later_ones(opengl: None) -> None:
    renderer = on_card(load("amy"), paint_backdrop(SIDE, SIDE, "#d9dee6"))
    rest = renderer.draw_rgba(face(), REST)
    for weights, pose in FACES.values():
        renderer.draw_rgba(weights, pose)
    assert np.array_equal(renderer.draw_rgba(face(), REST), rest)


def test_wrong_arrays_do_not_reach_the_card(opengl: None) -> None:
    backdrop = paint_backdrop(SIDE, SIDE, "#d9dee6")
    renderer = on_card(load("amy"), backdrop)
    with pytest.raises(ValueError, match="52 weights"):
        renderer.draw_rgba(np.zeros(51, np.float32), REST)
    with pytest.raises(ValueError, match="uint8 buffer"):
        renderer.draw(face(), REST, np.zeros((SIDE, SIDE), np.uint8))
    with pytest.raises(ValueError, match="background"):
        GlRenderer(load("amy"), SIDE, SIDE - 2, backdrop, open_card(software=True))


def test_a_card_that_is_lost_does_not_end_the_picture(
    opengl: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "visavis.avatar")
    gpu = Gpu(CARD, software=True)
    first, second = guarded(gpu), guarded(gpu)
    assert not isinstance(first, MeshRenderer)
    frame(first, face())
    first._renderer._context.release()  # type: ignore[attr-defined]  # as a driver would
    cpu = guarded(Gpu(Answer(reason="none")))
    for renderer in (first, second, first):
        assert np.array_equal(frame(renderer, face(jawOpen=0.4)), frame(cpu, face(jawOpen=0.4)))
    assert isinstance(guarded(gpu), MeshRenderer), "the next look tries it again"
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    assert "a card is given up" in caplog.text


def test_a_card_that_is_gone_after_the_fork_does_not_leave_a_room_without_a_face(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*, software: bool) -> None:
        raise GpuError("no more memory")

    monkeypatch.setattr("avatar_worker.render_gl.guard.open_card", fail)
    assert isinstance(guarded(Gpu(CARD)), MeshRenderer)


@pytest.mark.parametrize(
    "names",
    [
        ("Mesa/X.org", "llvmpipe (LLVM 15.0.6, 256 bits)"),
        ("Mesa", "softpipe"),
        ("Google Inc.", "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device), SwiftShader driver)"),
        ("VMware, Inc.", "Software Rasterizer"),
    ],
)
def test_a_cpu_does_not_pass_for_a_card(names: tuple[str, str]) -> None:
    assert is_software(*names)
    assert not is_software("NVIDIA Corporation", "NVIDIA L4/PCIe/SSE2")
    assert not is_software("AMD", "AMD Radeon Graphics (radeonsi, gfx1100, LLVM 17.0.6, DRM 3.57)")
    assert not is_software("Intel", "Mesa Intel(R) Iris(R) Xe Graphics (TGL GT2)")


def test_software_does_not_draw_conversations(opengl: None) -> None:
    """Where tests run there is Mesa on the CPU; with a card, this has nothing to say."""
    answer = find_gpu()
    if answer.name:
        pytest.skip(f"there is a card: {answer.name}")
    assert "on the CPU" in answer.reason


def test_a_card_that_must_be_there_does_not_pass_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "find_gpu", lambda: Answer(reason="OpenGL is only computed"))
    with pytest.raises(EngineError, match=r"AVATAR_GPU=on.*OpenGL is only computed"):
        find_engine("mesh", gpu="on")
    monkeypatch.setattr(probe, "find_gpu", lambda: CARD)
    find_engine("mesh", gpu="on")


def test_auto_does_not_keep_silent_about_the_cpu(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []

    def find() -> Answer:
        asked.append(1)
        return Answer(reason="there is no card")

    caplog.set_level(logging.INFO, "visavis.avatar")
    monkeypatch.setattr(probe, "find_gpu", find)
    engine = mesh.MeshEngine(gpu="auto")
    assert not asked, "the worker's own process waits for a driver"
    figures = [engine.load("amy"), engine.load("amy")]
    backdrop = paint_backdrop(64, 64, "#d9dee6")
    for figure in figures:
        assert isinstance(figure.renderer(64, 64, backdrop), MeshRenderer)
    assert len(asked) == 1
    assert caplog.text.count("drawing on the CPU: there is no card") == 1


def test_off_does_not_ask_for_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "find_gpu", lambda: pytest.fail("asked"))
    figure = mesh.MeshEngine(gpu="off").load("amy")
    assert isinstance(figure.renderer(64, 64, paint_backdrop(64, 64, "#d9dee6")), MeshRenderer)
    assert Settings(_env_file=None).avatar_gpu == "auto"


@pytest.mark.parametrize(
    ("ending", "said"),
    [("raise SystemExit(139)", "crashed"), ("print('hello')", "failed")],
)
def test_a_driver_that_dies_does_not_take_the_worker_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, said: str
) -> None:
    script = tmp_path / "driver.sh"
    script.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c \"{ending}\"\n")
    script.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(script))
    monkeypatch.setattr(probe, "find_spec", lambda name: True)
    answer = find_gpu()
    assert not answer.name and said in answer.reason
