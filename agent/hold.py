"""The agent falls silent while nobody is there to hear it, and goes on when somebody is."""

from __future__ import annotations

from livekit import rtc
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities


class Hold(AudioOutput):
    """Stands above a session's other audio outputs and can keep them paused.

    LiveKit pauses and resumes the voice by itself, for a new answer for instance; while it is held,
    it stays paused whatever LiveKit says, and :meth:`release` brings back what was asked last.
    """

    def __init__(self, next_in_chain: AudioOutput) -> None:
        super().__init__(
            label="Hold",
            capabilities=AudioOutputCapabilities(pause=True),
            next_in_chain=next_in_chain,
        )
        self._held = False
        self._pause_wanted = False

    @property
    def sample_rate(self) -> int | None:
        assert self.next_in_chain is not None
        return self.next_in_chain.sample_rate

    def hold(self) -> None:
        self._held = True
        super().pause()

    def release(self) -> None:
        self._held = False
        if not self._pause_wanted:
            super().resume()

    def pause(self) -> None:
        self._pause_wanted = True
        super().pause()

    def resume(self) -> None:
        self._pause_wanted = False
        if not self._held:
            super().resume()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        assert self.next_in_chain is not None
        await self.next_in_chain.capture_frame(frame)
        await super().capture_frame(frame)

    def flush(self) -> None:
        super().flush()
        if self.next_in_chain:
            self.next_in_chain.flush()

    def clear_buffer(self) -> None:
        if self.next_in_chain:
            self.next_in_chain.clear_buffer()
        if self._held:
            super().pause()  # an interrupt ends a pause, and nobody is there yet

    def on_playback_finished(
        self,
        *,
        playback_position: float,
        interrupted: bool,
        synchronized_transcript: str | None = None,
    ) -> None:
        if not self._pending_playback_count:  # of a capture that was cancelled before it counted
            return
        super().on_playback_finished(
            playback_position=playback_position,
            interrupted=interrupted,
            synchronized_transcript=synchronized_transcript,
        )
