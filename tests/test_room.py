"""What a room's process does beside speaking: its notes to the worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from livekit.agents import JobContext

from avatar_worker import room
from avatar_worker.load import Board
from avatar_worker.player import Player, Playhead
from avatar_worker.player.quality import Quality

JOB = "AJ_room"


@dataclass
class Stage:
    """A room whose avatar is there and may be speaking."""

    board: Board
    quality: Quality = field(default_factory=Quality)
    draws: bool = True
    playhead: Playhead = field(default_factory=lambda: Playhead(None, 0.0, False))
    left: list[str] = field(default_factory=list)

    def report(self) -> asyncio.Task[None]:
        ctx = SimpleNamespace(job=SimpleNamespace(id=JOB), shutdown=self.left.append)
        return asyncio.create_task(
            room._report(cast(JobContext, ctx), self.board, cast(Player, self))
        )

    async def noted(self) -> None:
        async with asyncio.timeout(10):
            since = time.time()
            while (note := self.board.read(JOB)) is None or note.at <= since:
                await asyncio.sleep(0.005)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(room, "INTERVAL", 0.005)
    monkeypatch.setattr(room, "WARM_UP", 0.0)
    return Stage(Board(tmp_path))


@contextmanager
def ended(task: asyncio.Task[None]) -> Iterator[None]:
    try:
        yield
    finally:
        task.cancel()


async def test_the_worker_learns_that_pictures_are_late(stage: Stage) -> None:
    with ended(stage.report()):
        await stage.noted()
        note = stage.board.read(JOB)
        assert note is not None and note.is_full_quality and note.frame_seconds == 0
        for _ in range(40):
            stage.quality.record(0.050, missed=True)
        await stage.noted()
        note = stage.board.read(JOB)
        assert note is not None and not note.is_full_quality
        assert note.frame_seconds == pytest.approx(0.050)


async def test_a_room_that_no_longer_draws_does_not_keep_others_out(stage: Stage) -> None:
    for _ in range(40):
        stage.quality.record(0.050, missed=True)
    stage.draws = False
    with ended(stage.report()):
        await stage.noted()
        note = stage.board.read(JOB)
        assert note is not None and note.is_full_quality and note.frame_seconds == 0
        stage.draws = True
        await stage.noted()
        note = stage.board.read(JOB)
        assert note is not None and not note.is_full_quality and note.frame_seconds > 0


async def test_a_stopping_worker_does_not_cut_a_sentence(stage: Stage) -> None:
    stage.playhead = Playhead(7, 1.0, False)
    with ended(stage.report()):
        stage.board.drain()
        await stage.noted()
        await stage.noted()
        assert not stage.left
        stage.playhead = Playhead(None, 0.0, False)
        async with asyncio.timeout(10):
            while not stage.left:
                await asyncio.sleep(0.005)


async def test_a_note_that_cannot_be_written_costs_nobody_the_avatar(
    stage: Stage, tmp_path: Path
) -> None:
    stage.board = Board(tmp_path / "gone")
    await asyncio.wait_for(stage.report(), 10)
    assert not stage.left
