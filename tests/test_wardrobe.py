"""Another look while the face goes on: built aside, worn between two pictures, or not at all."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.background import Backgrounds, painted
from avatar_worker.engine import load_figure
from avatar_worker.face import Face
from avatar_worker.look import Look, Renderers
from avatar_worker.player import Player
from avatar_worker.wardrobe import WAITING, Wardrobe, WardrobeError
from safe_fetch import Fetched, FetchError
from visavis.appearance import Appearance, AppearanceChange

Picture = NDArray[np.uint8]
WAIT = 30


class Painter:
    """Draws its backdrop's corner, with its head's number in the first pixel."""

    def __init__(self, head: int, backdrop: Picture, *, broken: bool) -> None:
        self.height, self.width = backdrop.shape[:2]
        self._light = int(backdrop[0, 0, :3].mean())
        self._head = head
        self._broken = broken

    def draw(self, weights: object, pose: object, into: Picture) -> None:
        if self._broken:
            raise RuntimeError("no such triangle")
        into[:] = self._light
        into[0, 0] = self._head


class Cast:
    """An engine whose heads are numbers; it can be made to wait and to fail."""

    heads = ("1", "2", "broken", "lost")

    def __init__(self) -> None:
        self.may_load = threading.Event()
        self.may_load.set()
        self.loaded: list[str] = []

    def load(self, head: str) -> Any:
        assert self.may_load.wait(WAIT)
        self.loaded.append(head)
        if head == "lost":
            raise FileNotFoundError("lost.glb is not there")
        broken = head == "broken"
        number = 9 if broken else int(head)

        class Figure:
            def renderer(self, width: int, height: int, backdrop: Picture) -> Painter:
                return Painter(number, backdrop, broken=broken)

        return Figure()


class Screen:
    """Keeps what was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[float, tuple[int, int], int, int]] = []
        """(when, (width, height), head, light)"""
        self.heard = 0

    def play(self, audio: NDArray[np.int16]) -> None:
        self.heard += 1

    def show(self, picture: Picture) -> None:
        size = (picture.shape[1], picture.shape[0] * 2 // 3)
        seen = (time.monotonic(), size, int(picture[0, 0]), int(picture[4, 4]))
        self.shown.append(seen)

    async def until(self, seen: Callable[[tuple[Any, ...]], bool]) -> None:
        async with asyncio.timeout(WAIT):
            while not any(map(seen, self.shown[-3:])):
                await asyncio.sleep(0.01)


async def no_web(url: str) -> Fetched:
    raise FetchError("x.org answers 404")


class Room:
    def __init__(self, coming: str = "#404040") -> None:
        """``coming``: the background that was asked for, and may be on its way."""
        self.cast, self.screen = Cast(), Screen()
        look = Look("1", 64, 64, "#404040")
        backdrop = painted(look.background)
        assert backdrop is not None
        renderers = Renderers(look, self.cast.load("1"), backdrop, "cast")
        self.player = Player(
            face=Face(Random(1)),
            renderer=renderers(),
            scaled=renderers,
            output=self.screen,
            on_event=lambda _: None,
        )
        self.wardrobe = Wardrobe(
            replace(look, background=coming),
            renderers,
            self.player,
            engine=self.cast,
            backgrounds=Backgrounds(None, no_web),
            load=functools.partial(load_figure, self.cast.load, "cast"),
        )


@asynccontextmanager
async def playing() -> AsyncIterator[Room]:
    room = Room()
    room.player.start()
    try:
        await room.screen.until(lambda seen: True)
        yield room
    finally:
        room.wardrobe.close()
        await asyncio.to_thread(room.player.stop)


async def test_a_change_does_not_leave_out_what_was_asked_for() -> None:
    async with playing() as room:
        asked = AppearanceChange(head="2", background="#c0c0c0..#c0c0c0", width=96, emotion="happy")
        worn = await room.wardrobe.change(asked)
        assert worn == Appearance("2", "#c0c0c0..#c0c0c0", 96, 64, "happy") == room.wardrobe.worn
        await room.screen.until(lambda seen: seen[1:3] == ((96, 64), 2) and seen[3] > 0xB0)


async def test_the_old_look_does_not_stop_while_the_new_one_is_made() -> None:
    async with playing() as room:
        room.cast.may_load.clear()
        changing = asyncio.create_task(room.wardrobe.change(AppearanceChange(head="2")))
        await asyncio.sleep(0.05)
        before = len(room.screen.shown)
        async with asyncio.timeout(WAIT):
            while len(room.screen.shown) < before + 10:
                await asyncio.sleep(0.01)
        assert not changing.done() and room.wardrobe.worn.head == "1"
        room.cast.may_load.set()
        await changing
        await room.screen.until(lambda seen: seen[2] == 2)
        heads = [seen[2] for seen in room.screen.shown]
        assert heads == sorted(heads), "it went back and forth"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"head": "broken"}, "cast.*no such triangle"),
        ({"head": "lost"}, "lost.glb is not there"),
        ({"head": "nobody"}, "there is no head 'nobody': use one of 1, 2, broken, lost"),
        ({"head": "../../etc/passwd"}, "there is no head"),
        ({"background": "red"}, "there is no background 'red': use #rrggbb"),
        ({"background": "https://x.org/a.png"}, "x.org answers 404"),
        ({"background": "transparent"}, "cannot be transparent"),
        ({"emotion": "hungry"}, "neutral, happy"),
        ({"expression": "hungry"}, "neutral, happy"),
        ({"gesture": "backflip"}, "nod, shake"),
    ],
)
async def test_a_change_that_fails_changes_nothing(asked: dict[str, str], said: str) -> None:
    async with playing() as room:
        with pytest.raises(WardrobeError, match=said):
            await room.wardrobe.change(AppearanceChange(width=96, **asked))  # type: ignore[arg-type]
        assert room.wardrobe.worn == Appearance("1", "#404040", 64, 64, "neutral")
        room.screen.shown.clear()
        await room.screen.until(lambda seen: seen[1:3] == ((64, 64), 1))
        worn = await room.wardrobe.change(AppearanceChange(head="2"))
        assert worn.head == "2", "the next change must not suffer"


async def test_what_is_worn_already_is_not_loaded_again() -> None:
    async with playing() as room:
        await room.wardrobe.change(AppearanceChange(head="1", width=64))
        await room.wardrobe.change(AppearanceChange(background="#000000"))
        assert room.cast.loaded == ["1"]


async def test_a_flood_of_changes_does_not_pile_up() -> None:
    async with playing() as room:
        room.cast.may_load.clear()
        asked = AppearanceChange(head="2")
        changing = [asyncio.create_task(room.wardrobe.change(asked)) for _ in range(20)]
        await asyncio.sleep(0.05)
        refused = [task for task in changing if task.done()]
        assert len(refused) == 20 - 1 - WAITING
        assert all(isinstance(task.exception(), WardrobeError) for task in refused)
        room.cast.may_load.set()
        await asyncio.gather(*(task for task in changing if task not in refused))
        assert room.cast.loaded == ["1", "2"]


async def test_mixed_feelings_are_not_told_as_one() -> None:
    async with playing() as room:
        mix = {"mix": {"happy": 0.7, "surprised": 0.3}, "intensity": 0.5}
        worn = await room.wardrobe.change(AppearanceChange(emotion=mix))
        assert worn.emotion == '{"mix": {"happy": 0.7, "surprised": 0.3}, "intensity": 0.5}'
        worn = await room.wardrobe.change(AppearanceChange(gesture="nod"))
        assert worn.emotion.startswith('{"mix"'), "a gesture is no emotion"


def of_a_voice(look: Look) -> Wardrobe:
    """The wardrobe of a room without a picture."""
    room = Room()
    voice = Player(face=Face(Random(1)), renderer=None, output=room.screen, on_event=lambda _: None)
    return Wardrobe(
        look,
        None,
        voice,
        engine=room.cast,
        backgrounds=Backgrounds(None, no_web),
        load=lambda _: pytest.fail("nothing is drawn"),
    )


async def test_a_voices_background_of_the_settings_does_not_forbid_another_head() -> None:
    wardrobe = of_a_voice(Look("1", 64, 64, "/srv/secret/wall.png"))
    worn = await wardrobe.change(AppearanceChange(head="2", width=96))
    assert worn == Appearance("2", "wall.png", 96, 64)


async def test_where_a_head_lies_is_not_told_with_a_change() -> None:
    wardrobe = of_a_voice(Look("/srv/secret/1.glb", 64, 64, "#404040"))
    worn = await wardrobe.change(AppearanceChange(emotion="sad"))
    assert worn == Appearance("1.glb", "#404040", 64, 64, "sad")


async def test_a_voice_without_a_picture_can_still_be_somebody_else() -> None:
    wardrobe = of_a_voice(Look("1", 64, 64, "#404040"))
    worn = await wardrobe.change(AppearanceChange(head="2", emotion="sad"))
    assert (worn.head, worn.emotion) == ("2", "sad")
    with pytest.raises(WardrobeError, match="there is no background"):
        await wardrobe.change(AppearanceChange(background="red"))


async def test_what_a_sentence_feels_neither_waits_for_a_head_nor_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with playing() as room:
        felt: list[str] = []
        monkeypatch.setattr(room.player, "feel", lambda emotion: felt.append(emotion.mix[0][0]))
        await room.wardrobe.change(AppearanceChange(emotion="calm"))
        room.cast.may_load.clear()
        changing = asyncio.create_task(room.wardrobe.change(AppearanceChange(head="2")))
        await asyncio.sleep(0)
        room.wardrobe.express({"mix": "happy", "intensity": 0.5})
        room.wardrobe.express("none")
        with pytest.raises(WardrobeError, match="neutral, happy"):
            room.wardrobe.express("hungry")
        assert felt == ["calm", "happy", "calm"] and not changing.done()
        assert room.wardrobe.worn.emotion == "calm"
        room.cast.may_load.set()
        await changing


async def test_another_emotion_does_not_wipe_out_what_a_sentence_feels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Room()
    felt: list[str] = []
    monkeypatch.setattr(room.player, "feel", lambda emotion: felt.append(emotion.mix[0][0]))
    room.wardrobe.express("happy")
    worn = await room.wardrobe.change(AppearanceChange(emotion="calm"))
    assert (worn.emotion, felt) == ("calm", ["happy"])
    room.wardrobe.express("none")
    await room.wardrobe.change(AppearanceChange(emotion="sad"))
    assert felt == ["happy", "calm", "sad"]


async def test_a_background_on_its_way_is_not_forgotten_over_another_change() -> None:
    wardrobe = Room("https://x.org/a.png?key=1").wardrobe
    worn = await wardrobe.change(AppearanceChange(emotion="happy", width=96))
    assert worn == Appearance("1", "https://x.org/a.png", 96, 64, "happy")
    with pytest.raises(WardrobeError, match=r"x\.org answers 404"):
        await wardrobe.hang()
    assert wardrobe.worn == Appearance("1", "#404040", 96, 64, "happy")
    wardrobe = Room("#c0c0c0").wardrobe
    await wardrobe.hang()
    assert wardrobe.worn.background == "#c0c0c0"


@pytest.mark.parametrize("chosen", ["#000000", "#404040"])
async def test_a_background_that_comes_late_does_not_undo_a_newer_one(chosen: str) -> None:
    wardrobe = Room("https://x.org/a.png").wardrobe
    await wardrobe.change(AppearanceChange(background=chosen))
    await wardrobe.hang()
    assert wardrobe.worn.background == chosen
