"""What is heard is written only where that was asked for, within bounds, and never in the way."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.voice import io

from agent.capture import Captured, Recording, warn
from settings import Settings

RATE = 24_000


class Microphone(io.AudioInput):
    def __init__(self, frames: int) -> None:
        super().__init__(label="microphone")
        self._left = frames

    async def __anext__(self) -> rtc.AudioFrame:
        if not self._left:
            raise StopAsyncIteration
        self._left -= 1
        return rtc.AudioFrame(np.full(480, 1234, np.int16).tobytes(), RATE, 1, 480)


async def record(recording: Recording, frames: int = 10) -> int:
    """How many frames still reach the conversation."""
    heard = [frame async for frame in Captured(Microphone(frames), recording)]
    recording.close()
    return len(heard)


def test_it_is_not_off_by_default() -> None:
    assert Settings(_env_file=None).debug_audio_capture is None


async def test_what_was_heard_is_not_what_is_kept(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "new", "room/../1")
    assert await record(recording) == 10
    assert recording.path.parent == tmp_path / "new"
    with wave.open(str(recording.path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (RATE, 1, 4800)
        assert set(np.frombuffer(file.readframes(4800), np.int16)) == {1234}
    assert recording.path.stat().st_mode & 0o077 == 0


async def test_a_long_conversation_does_not_fill_the_disk(tmp_path: Path) -> None:
    recording = Recording(tmp_path, "room", longest=3 * 960)
    assert await record(recording) == 10
    assert recording.path.stat().st_size < 4 * 960


async def test_many_conversations_do_not_fill_the_disk(tmp_path: Path) -> None:
    (tmp_path / "old.wav").write_bytes(bytes(5000))
    recording = Recording(tmp_path, "room", full=5000)
    assert await record(recording) == 10
    assert not recording.path.exists()


async def test_a_folder_that_cannot_be_written_does_not_stop_the_conversation(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    assert await record(Recording(tmp_path / "file", "room")) == 10


def test_it_is_not_switched_on_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    warn(None)
    assert not caplog.records
    warn(Path("recordings"))
    [said] = caplog.records
    assert said.levelname == "WARNING"
    assert "recordings" in said.message
