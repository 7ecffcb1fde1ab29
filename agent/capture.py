"""What was heard, kept as sound, for finding out why it was misheard. Off unless it is asked for.

Set ``DEBUG_AUDIO_CAPTURE`` to a folder: each conversation leaves a WAV file of the person's sound
there. The worker says so in its log when it starts, and the agent says so to the person.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
import wave
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from livekit import rtc
from livekit.agents.voice import io

logger = logging.getLogger("visavis.agent")

NOTICE: Final = "Please note: this conversation is being recorded, to find faults."
LONGEST: Final = 200 * 2**20
"""Bytes of one file: an hour at 24 kHz. What is said later is not kept."""
FULL: Final = 2 * 2**30
"""Bytes of all files in the folder from which on there are no new ones."""
BACKLOG: Final = 500
"""Frames that wait for a slow disk: ten seconds."""

Chunk = tuple[bytes, int, int]
"""PCM, rate in Hz, channels."""


def warn(folder: Path | None) -> None:
    """Say it loudly, where it is on."""
    if folder is not None:
        logger.warning(
            "DEBUG_AUDIO_CAPTURE is on: what people say is written to %s. "
            "Tell them, and unset it when the fault is found",
            folder.resolve(),
        )


class Recording:
    """A file that is written in a thread of its own. No errors: what cannot be written is not."""

    def __init__(
        self, folder: Path, name: str, *, longest: int = LONGEST, full: int = FULL
    ) -> None:
        at = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        self.path = folder / f"{at}-{re.sub(r'[^A-Za-z0-9_-]', '_', name)[:60]}.wav"
        self._longest, self._full = longest, full
        self._waiting: queue.Queue[Chunk | None] = queue.Queue(BACKLOG)
        self._thread = threading.Thread(target=self._run, name="audio capture", daemon=True)
        self._thread.start()

    def add(self, frame: rtc.AudioFrame) -> None:
        """From the event loop; a frame for which there is no room is left out."""
        with suppress(queue.Full):
            self._waiting.put_nowait((bytes(frame.data), frame.sample_rate, frame.num_channels))

    def close(self) -> None:
        """Blocking, for some milliseconds: until all of it is written."""
        with suppress(queue.Full):
            self._waiting.put(None, timeout=5)
        self._thread.join(5)

    def _run(self) -> None:
        try:
            self._write()
        except (OSError, wave.Error) as error:
            logger.warning("DEBUG_AUDIO_CAPTURE: %s is not written further: %s", self.path, error)
            while self._waiting.get() is not None:
                pass

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if sum(each.stat().st_size for each in self.path.parent.glob("*.wav")) >= self._full:
            raise OSError(f"the folder holds {self._full >> 20} MiB already; empty it")
        chunk = self._waiting.get()
        if chunk is None:
            return
        _, *form = chunk
        self.path.touch(mode=0o600)
        with wave.open(str(self.path), "wb") as file:
            file.setsampwidth(2)
            file.setframerate(form[0])
            file.setnchannels(form[1])
            left = self._longest
            while chunk is not None:
                pcm, *now = chunk
                if now == form and len(pcm) <= left:
                    file.writeframes(pcm)
                    left -= len(pcm)
                chunk = self._waiting.get()


class Captured(io.AudioInput):
    """Hands on what ``source`` hears, and a copy to a recording."""

    def __init__(self, source: io.AudioInput, recording: Recording) -> None:
        super().__init__(label="capture", source=source)
        self._recording = recording

    async def __anext__(self) -> rtc.AudioFrame:
        frame = await super().__anext__()
        self._recording.add(frame)
        return frame
