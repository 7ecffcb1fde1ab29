"""Renderers of other packages: found, run, and not to be feared."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.background import painted
from avatar_worker.engine import EngineError, find_engine, load_figure, make_renderer
from avatar_worker.face import Face
from avatar_worker.look import Look, Renderers
from avatar_worker.offline import main
from avatar_worker.player import Player

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"
Picture = NDArray[np.uint8]


def install(folder: Path, name: str, target: str) -> None:
    """As pip would leave it."""
    info = folder / f"visavis_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: visavis-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[visavis.renderers]\n{name} = {target}\n")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
def flat(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the documentation, installed."""
    install(packages, "flat", "flat_face:FlatFaces")
    monkeypatch.syspath_prepend(str(EXAMPLES))


def test_the_example_does_not_draw_a_film(
    flat: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AVATAR_RENDERER", "flat")
    monkeypatch.setenv("WAV2ARKIT_MODEL", "embedded")
    film = tmp_path / "talk.mp4"
    arguments = [str(speech(tmp_path)), "-o", str(film), "--head", "mint", "--size", "128x96"]
    assert main([*arguments, "--background", "#204080"]) == 0, capsys.readouterr().err
    with av.open(str(film)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) > 40 and frames[0].shape == (96, 128, 3)
    assert np.abs(frames[0][48, 50].astype(int) - (0xA5, 0xE0, 0xC4)).max() < 12, "the mint skin"
    corner = frames[0][4, 4].astype(int)
    assert corner[2] > corner[1] > corner[0], "the blue background"
    mouth = np.array([frame[60:80, 56:72, 1].mean() for frame in frames])
    assert np.ptp(mouth) > 5, "the mouth never moved"


def speech(folder: Path) -> Path:
    import wave

    path = folder / "speech.wav"
    time_line = np.arange(24_000) / 16_000
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * 4 * time_line)
    hum = sum(np.sin(2 * np.pi * 140 * k * time_line) / k for k in range(1, 12))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((6000 * swell * hum).astype(np.int16).tobytes())
    return path


class Screen:
    def __init__(self) -> None:
        self.pictures: list[Picture] = []
        self.samples = 0
        self.ended = False

    def play(self, audio: NDArray[np.int16]) -> None:
        self.samples += int((audio != 0).sum())

    def show(self, picture: Picture) -> None:
        self.pictures.append(picture.copy())

    def on_event(self, event: object) -> None:
        self.ended = self.ended or type(event).__name__ == "Finished"


async def talk(
    renderers: Renderers | None, renderer: Any, engine: str, seconds: float, pictures: int = 0
) -> Screen:
    """What a player shows, so many ``pictures`` at least, and plays of a constant voice."""
    screen = Screen()
    player = Player(
        face=Face(Random(1)),
        renderer=renderer,
        scaled=renderers,
        engine=engine,
        output=screen,
        on_event=screen.on_event,
    )
    player.open_gate()
    player.start()
    try:
        segment = player.open()
        sound = np.full(round(48_000 * seconds), 5000, np.int16)
        player.push(segment, sound, np.full((round(30 * seconds), 52), 0.5, np.float32))
        player.close(segment)
        async with asyncio.timeout(seconds + 30):
            while not screen.ended or len(screen.pictures) < pictures:
                await asyncio.sleep(0.02)
    finally:
        await asyncio.to_thread(player.stop)
    return screen


async def test_the_example_does_not_draw_through_the_player(flat: None) -> None:
    backdrop = painted("#808080")
    assert backdrop is not None
    figure = load_figure(find_engine("flat").load, "flat", "peach")
    renderers = Renderers(Look("peach", 96, 96, "#808080"), figure, backdrop, "flat")
    screen = await talk(renderers, renderers(), "flat", 0.5, pictures=4)
    assert screen.samples == 24_000
    whole = screen.pictures[0]
    assert whole.shape == (144, 96) and 180 < int(whole[52, 26]) < 220, "the peach skin"


class Plugin:
    """A renderer that misbehaves."""

    width = height = 64

    def __init__(self, draw: Callable[[Picture], Any]) -> None:
        self._draw = draw

    def draw(self, weights: object, pose: object, into: Picture) -> Any:
        return self._draw(into)


def raises(into: Picture) -> None:
    raise RuntimeError("out of paint")


def wrong_shape(into: Picture) -> None:
    into[:] = np.zeros((64, 64), np.uint8)


def returns(into: Picture) -> Picture:
    return np.zeros_like(into)


@pytest.mark.parametrize(
    ("draw", "said"),
    [(raises, "out of paint"), (wrong_shape, "broadcast"), (returns, "return nothing")],
)
async def test_a_renderer_that_fails_costs_no_sample_and_fills_no_log(
    draw: Callable[[Picture], Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    screen = await talk(None, Plugin(draw), "artist", 0.6)
    assert screen.samples == 28_800 and not screen.pictures
    [line] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "'artist' failed; the voice goes on" in line.message
    assert line.exc_info and said in str(line.exc_info[1])


async def test_a_slow_renderer_costs_no_sample_and_is_named_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avatar_worker.player.drawing._SLOW_PICTURES", 2)
    screen = await talk(None, Plugin(lambda into: time.sleep(0.15)), "snail", 1.5)
    assert screen.samples == 72_000
    slow = [record.message for record in caplog.records if "'snail' takes" in record.message]
    assert len(slow) == 1 and "the voice goes on" in slow[0]


async def test_a_renderer_that_hangs_does_not_keep_the_room(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avatar_worker.player.drawing._HUNG", 0.1)
    screen = await talk(None, Plugin(lambda into: time.sleep(5)), "rock", 0.3)
    assert screen.samples == 14_400
    assert any("'rock' hangs" in record.message for record in caplog.records)


@pytest.fixture
def broken(packages: Path) -> Iterator[Path]:
    yield packages
    for name in ("broken", "headless", "missing"):
        sys.modules.pop(f"visavis_{name}", None)


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("broken", "import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("headless", "def load(head): ...", "no attribute 'heads'"),
        ("missing", None, "No module named 'visavis_missing'"),
        ("odd", "heads = [1]\ndef load(head): ...", "heads, a sequence of names"),
    ],
)
def test_a_package_that_is_no_renderer_does_not_go_unnamed(
    broken: Path, name: str, source: str | None, said: str
) -> None:
    install(broken, name, f"visavis_{name}")
    if source is not None:
        (broken / f"visavis_{name}.py").write_text(source)
    with pytest.raises(EngineError, match=said) as raised:
        find_engine(name)
    assert name in str(raised.value)


def test_a_module_need_not_have_a_class(broken: Path) -> None:
    install(broken, "plain", "visavis_plain")
    (broken / "visavis_plain.py").write_text("heads = ['one']\ndef load(head): return head")
    engine = find_engine("plain")
    assert isinstance(engine, ModuleType) and engine.load("one") == "one"


def test_a_name_that_nobody_brings_is_not_a_riddle(flat: None) -> None:
    with pytest.raises(EngineError, match=r"no renderer 'photo' here, only flat, mesh: install"):
        find_engine("photo")


def test_another_size_than_asked_for_is_not_drawn() -> None:
    class Figure:
        def renderer(self, width: int, height: int, backdrop: Picture) -> Any:
            return Plugin(raises)

    backdrop = np.zeros((96, 96, 4), np.uint8)
    with pytest.raises(EngineError, match="'artist' cannot draw 96x96: it draws 64x64"):
        make_renderer(Figure(), "artist", 96, 96, backdrop)
