"""One trial: a voice that talks, or listens, and somebody's sound, in a real ``AgentSession``.

The detectors, Moonshine, the assistant, what stands before the ears and behind the voice, and every
rule of LiveKit's are the ones of a conversation; the microphone and the loudspeaker are arrays, and
the clock is the audio's (:mod:`bench.audio_time`). What a network or a slow machine adds comes on
top.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from livekit import rtc
from livekit.agents import AgentSession, TurnHandlingOptions, UserInputTranscribedEvent, vad
from livekit.agents.voice import io
from numpy.typing import NDArray

from agent.assistant import Assistant
from agent.brains.moonshine import Ears
from agent.brains.moonshine_stt import MoonshineSTT
from agent.brains.turns import RATE as HEARD_RATE
from agent.feeling import Feeling
from agent.gate import Gate
from agent.manner import Manner
from agent.outputs import refine_outputs
from bench.sounds import RATE

STEP: Final = 0.01
"""Seconds that the loudspeaker plays at once."""
ECHO_DELAY: Final = 0.12
"""Seconds from the loudspeaker to the microphone: network, jitter buffer, air."""


@dataclass(frozen=True)
class Parts:
    """What a conversation listens with."""

    vad: vad.VAD
    ears: Ears
    turn_handling: TurnHandlingOptions
    frame: float
    """Seconds of a frame from the microphone."""
    aec_warmup: float


@dataclass(frozen=True)
class Outcome:
    """Seconds since the trial's beginning, ascending."""

    pauses: tuple[float, ...]
    """The voice fell silent."""
    resumes: tuple[float, ...]
    stopped: float | None
    """For good: what was being said was given up."""
    turns: tuple[float, ...]
    """A turn of the person was taken to be over."""
    heard: tuple[str, ...]


async def run_trial(
    parts: Parts, heard: NDArray[np.float64], voice: NDArray[np.float64] | None, echo: float = 0.0
) -> Outcome:
    """To be run by :func:`bench.audio_time.run`.

    Args:
        parts: What listens.
        heard: (n,) at :data:`~bench.sounds.RATE`, ±1: what the person sounds like. The trial lasts
            as long.
        voice: (m,) the same, what the agent says from the beginning; None: it listens.
        echo: Gain with which the voice comes back into the microphone.
    """
    loudspeaker = _Loudspeaker(len(heard) + RATE)
    turns: list[float] = []
    texts: list[str] = []
    clock = asyncio.get_running_loop().time
    manner = Manner.of(None, small=True)
    manner.retells = True  # it answers nobody
    assistant = Assistant(manner, small=True, overhear=lambda _: turns.append(clock()))
    session: AgentSession[None] = AgentSession(
        vad=parts.vad,
        stt=MoonshineSTT(parts.ears, parts.vad),
        turn_handling=parts.turn_handling,
        aec_warmup_duration=parts.aec_warmup,
    )
    microphone = _Microphone(heard, loudspeaker.air, echo, parts.frame)
    session.input.audio = Gate(microphone, lambda: session.agent_state == "speaking")
    session.output.audio = loudspeaker
    session.output.transcription = _Unread(label="captions", next_in_chain=None)

    def note(event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            texts.append(event.transcript)

    session.on("user_input_transcribed", note)
    await session.start(assistant)
    outputs = refine_outputs(
        session.output, manner.feelings, _feel_nothing, times_words=True, clock=lambda: time.time()
    )
    if voice is not None:
        session.say("Once upon a time.", audio=_frames(voice))
    await asyncio.sleep(len(heard) / RATE)
    outcome = Outcome(
        tuple(loudspeaker.pauses),
        tuple(loudspeaker.resumes),
        loudspeaker.stopped,
        tuple(turns),
        tuple(texts),
    )
    await outputs.aclose()
    await session.aclose()
    return outcome


async def _feel_nothing(_: Feeling) -> None:
    pass


class _Unread(io.TextOutput):
    async def capture_text(self, text: str) -> None:
        pass

    def flush(self) -> None:
        pass


@dataclass
class _Tape:
    at: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    sent: int = 0


class _Microphone(io.AudioInput):
    """Frames at the rate at which a conversation hears."""

    def __init__(
        self, heard: NDArray[np.float64], air: NDArray[np.float64], echo: float, frame: float
    ) -> None:
        super().__init__(label="microphone")
        self._heard, self._air, self._echo = heard, air, echo
        self._recorded, self._size = int(frame * RATE), int(frame * HEARD_RATE)
        self._resampler = rtc.AudioResampler(RATE, HEARD_RATE)
        self._ready = np.zeros(0, np.int16)
        self._tape: _Tape | None = None

    async def __anext__(self) -> rtc.AudioFrame:
        while len(self._ready) < self._size:
            resampled = self._resampler.push(await self._record())
            pcm = [np.frombuffer(each.data, np.int16) for each in resampled]
            self._ready = np.concatenate([self._ready, *pcm])
        now, self._ready = self._ready[: self._size], self._ready[self._size :]
        return rtc.AudioFrame(now.tobytes(), HEARD_RATE, 1, self._size)

    async def _record(self) -> rtc.AudioFrame:
        tape = self._tape = self._tape or _Tape()
        begin, end = tape.sent, tape.sent + self._recorded
        await asyncio.sleep(tape.at + end / RATE - asyncio.get_running_loop().time())
        tape.sent = end
        sound = np.zeros(self._recorded)
        person = self._heard[begin:end]
        sound[: len(person)] += person
        late = int(ECHO_DELAY * RATE)
        if self._echo and begin >= late:
            back = self._air[begin - late : end - late]
            sound[: len(back)] += self._echo * back
        pcm = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
        return rtc.AudioFrame(pcm.tobytes(), RATE, 1, self._recorded)


class _Loudspeaker(io.AudioOutput):
    """Plays at the speed of the audio; what it played is in ``air``."""

    def __init__(self, length: int) -> None:
        super().__init__(
            label="loudspeaker",
            capabilities=io.AudioOutputCapabilities(pause=True),
            sample_rate=RATE,
        )
        self.air = np.zeros(length)
        self.pauses: list[float] = []
        self.resumes: list[float] = []
        self.stopped: float | None = None
        self._left = np.zeros(0)
        self._played = 0
        self._paused = False
        self._complete = False
        self._player: asyncio.Task[None] | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        pcm = np.frombuffer(frame.data, np.int16) / 32767
        self._left, self._complete = np.concatenate([self._left, pcm]), False
        if self._player is None:
            self._player = asyncio.create_task(self._play())
            self.on_playback_started(created_at=time.time())

    def flush(self) -> None:
        super().flush()
        self._complete = True

    async def _play(self) -> None:
        size = int(STEP * RATE)
        while len(self._left) or not self._complete:
            at = round(asyncio.get_running_loop().time() * RATE)
            if not self._paused:
                now, self._left = self._left[:size], self._left[size:]
                self._played += len(now)
                room = self.air[at : at + len(now)]
                room[:] = now[: len(room)]
            await asyncio.sleep(STEP)
        self._end(interrupted=False)

    def clear_buffer(self) -> None:
        if self._player is not None:
            self._player.cancel()
            self.stopped = asyncio.get_running_loop().time()
            self._end(interrupted=True)

    def _end(self, *, interrupted: bool) -> None:
        self._player, self._left = None, np.zeros(0)
        self.on_playback_finished(playback_position=self._played / RATE, interrupted=interrupted)

    def pause(self) -> None:
        if not self._paused and self._player is not None:
            self.pauses.append(asyncio.get_running_loop().time())
        self._paused = True

    def resume(self) -> None:
        if self._paused and self._player is not None:
            self.resumes.append(asyncio.get_running_loop().time())
        self._paused = False


async def _frames(voice: NDArray[np.float64]) -> AsyncIterator[rtc.AudioFrame]:
    pcm = (np.clip(voice, -1, 1) * 32767).astype(np.int16)
    size = RATE // 10
    for begin in range(0, len(pcm), size):
        piece = pcm[begin : begin + size]
        yield rtc.AudioFrame(piece.tobytes(), RATE, 1, len(piece))
