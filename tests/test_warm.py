"""What a process has ready, and what a dispatch gets of it."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from avatar_worker import warm as module
from avatar_worker.background import Backgrounds, open_backgrounds, painted
from avatar_worker.lipsync.embedded import EmbeddedModel
from avatar_worker.load import Board
from avatar_worker.mesh import MeshEngine, MeshFigure
from avatar_worker.preload import Preloaded
from avatar_worker.warm import Warm, first_renderers, warm_up
from safe_fetch import Fetched
from settings import Settings
from visavis.protocol import AvatarDispatch

ENGINE = MeshEngine()


@pytest.fixture(scope="module")
def amy() -> MeshFigure:
    return ENGINE.load("amy")


def ready(
    figure: MeshFigure | None, folder: Path, backgrounds: Backgrounds | None = None, **given: Any
) -> Warm:
    settings = Settings(_env_file=None, **given)
    backdrop = painted("#d9dee6")
    assert backdrop is not None
    found = backgrounds or open_backgrounds(settings)
    preloaded = Preloaded(settings, ENGINE, figure, backdrop, found, EmbeddedModel(), 0)
    return warm_up(preloaded, Board(folder))


async def test_a_plain_dispatch_does_not_wait_for_another_renderer(
    amy: MeshFigure, tmp_path: Path
) -> None:
    warm = ready(amy, tmp_path)
    assert await first_renderers(warm, AvatarDispatch("agent", "avatar")) is warm.renderers


async def test_a_voice_without_a_picture_draws_nothing(amy: MeshFigure, tmp_path: Path) -> None:
    asked = AvatarDispatch("agent", "avatar", video=False)
    assert await first_renderers(ready(amy, tmp_path), asked) is None


@pytest.mark.parametrize("size", [(256, 256), (1280, 720), (720, 1280), (256, 128)])
async def test_a_dispatch_does_not_get_another_size_than_it_asks_for(
    amy: MeshFigure, tmp_path: Path, size: tuple[int, int]
) -> None:
    warm = ready(amy, tmp_path)
    asked = AvatarDispatch("agent", "avatar", width=size[0], height=size[1])
    chosen = await first_renderers(warm, asked)
    assert chosen is not None and chosen is not warm.renderers
    assert (chosen().width, chosen().height) == size


async def test_a_worker_without_pictures_prepares_none_and_gives_one_on_request(
    tmp_path: Path,
) -> None:
    warm = ready(None, tmp_path, avatar_video=False)
    assert warm.renderers is None
    assert await first_renderers(warm, AvatarDispatch("agent", "avatar")) is None
    asked = await first_renderers(warm, AvatarDispatch("agent", "avatar", video=True))
    assert asked is not None and asked().width == 512


async def test_another_head_is_not_loaded_twice(
    amy: MeshFigure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm = ready(amy, tmp_path)
    asked = AvatarDispatch("agent", "avatar", head="maya", width=64, height=64)
    assert await first_renderers(warm, asked) is not None
    monkeypatch.setattr("avatar_worker.shelf.load_head", lambda _: pytest.fail("again"))
    again = await first_renderers(ready(amy, tmp_path), asked)
    assert again is not None and again.look.head == "maya"


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), (10, 200, 10)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("seconds", [0.0, 30.0])
async def test_a_slow_background_does_not_keep_the_face_away(
    amy: MeshFigure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(module, "BACKGROUND_PATIENCE", 5.0 if not seconds else 0.05)

    async def fetch(url: str) -> Fetched:
        await asyncio.sleep(seconds)
        return Fetched(png(), "image/png")

    warm = ready(amy, tmp_path, Backgrounds(None, fetch))
    asked = AvatarDispatch("a", "b", background="https://x.org/b.png", width=64, height=64)
    async with asyncio.timeout(20):
        chosen = await first_renderers(warm, asked)
    assert chosen is not None
    assert chosen.look.background == ("#d9dee6" if seconds else "https://x.org/b.png")
