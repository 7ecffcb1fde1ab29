"""What counts as heard, with LiveKit's own generation code around the real outputs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from livekit import rtc
from livekit.agents.types import TimedString
from livekit.agents.voice import io
from livekit.agents.voice.generation import forward_generation
from livekit.agents.voice.speech_handle import SpeechHandle

from agent.heard import Heard

RATE = 24_000
WORDS = ["One ", "two ", "three ", "four ", "five."]
"""Each lasts a second, beginning with its number less one."""


class Loudspeaker(io.AudioOutput):
    """Plays nothing by itself: the test says what was played."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(label="test", capabilities=io.AudioOutputCapabilities(pause=True))
        self.clock = clock
        self.cleared = 0
        self.flushed = asyncio.Event()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)

    def flush(self) -> None:
        super().flush()
        self.flushed.set()

    def clear_buffer(self) -> None:
        self.cleared += 1

    def start(self, seconds_ago: float) -> None:
        self.on_playback_started(created_at=self.clock() - seconds_ago)

    def end(self, position: float, *, interrupted: bool) -> None:
        self.on_playback_finished(playback_position=position, interrupted=interrupted)


class Screen(io.TextOutput):
    def __init__(self) -> None:
        super().__init__(label="test", next_in_chain=None)
        self.lines: list[str] = []
        self._line = ""

    @property
    def line(self) -> str:
        return self._line

    async def capture_text(self, text: str) -> None:
        self._line += text

    def flush(self) -> None:
        self.lines.append(self._line)
        self._line = ""


class Stage:
    def __init__(self) -> None:
        self.now = 1000.0
        self.loudspeaker, self.screen = Loudspeaker(lambda: self.now), Screen()
        self.position: float | None = None
        self.heard = Heard(
            self.loudspeaker, self.screen, lambda: self.position, self.loudspeaker.clock
        )
        self.voice, self.captions = self.heard.voice, self.heard.captions

    async def say(self, words: list[str], *, timed: bool = True) -> None:
        for number, word in enumerate(words):
            text = TimedString(word, start_time=number, end_time=number + 1) if timed else word
            await self.captions.capture_text(text)
            await self.voice.capture_frame(frame(1.0))
        self.captions.flush()
        self.voice.flush()

    async def shows(self, text: str) -> None:
        await until(lambda: self.screen.line == text)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    await stage.heard.aclose()


def frame(seconds: float) -> rtc.AudioFrame:
    size = round(seconds * RATE)
    return rtc.AudioFrame(bytes(2 * size), RATE, 1, size)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_captions_run_ahead_of_the_voice(stage: Stage) -> None:
    await stage.say(WORDS)
    await settle()
    assert stage.screen.line == ""
    stage.loudspeaker.start(2.4)
    await stage.shows("One two ")
    stage.voice.pause()
    stage.loudspeaker.end(5.0, interrupted=False)
    await until(lambda: stage.screen.lines == ["One two three four five."])


async def test_captions_run_ahead_of_a_voice_that_stands_still_without_saying_so(
    stage: Stage,
) -> None:
    await stage.say(WORDS)
    stage.position = 1.2
    stage.loudspeaker.start(4.8)
    await stage.shows("One ")
    await asyncio.sleep(0.05)
    assert stage.screen.line == "One "
    stage.position = 3.5
    await stage.shows("One two three four ")
    stage.position = 30.0  # of something else
    await asyncio.sleep(0.05)
    assert stage.screen.line in ("One two three four ", "One two three four five.")
    stage.loudspeaker.end(5.0, interrupted=False)
    await until(lambda: stage.screen.lines == ["One two three four five."])


@pytest.mark.parametrize(
    ("position", "heard"),
    [(0.0, ""), (0.4, ""), (0.6, "One "), (2.4, "One two "), (2.6, "One two three "), (9, None)],
)
async def test_history_or_captions_hold_a_word_that_was_not_heard(
    stage: Stage, position: float, heard: str | None
) -> None:
    expected = "".join(WORDS) if heard is None else heard
    await stage.say(WORDS)
    stage.loudspeaker.start(0)
    stage.voice.clear_buffer()
    stage.loudspeaker.end(position, interrupted=True)
    end = await stage.voice.wait_for_playout()
    assert end.synchronized_transcript == expected
    assert end.playback_position == position
    await until(lambda: not expected or stage.screen.lines == [expected])
    await settle()
    assert stage.screen.line == ""


async def test_captions_go_on_after_the_decision_to_interrupt(stage: Stage) -> None:
    await stage.say(WORDS)
    stage.loudspeaker.start(1.0)
    await stage.shows("One ")
    stage.voice.clear_buffer()
    stage.now += 0.6
    await asyncio.sleep(0.6)
    assert stage.screen.line == "One "
    stage.loudspeaker.end(1.1, interrupted=True)
    await until(lambda: stage.screen.lines == ["One "])


async def test_what_the_captions_showed_is_denied_by_the_history(stage: Stage) -> None:
    # The sound fell behind the clock: it stood still without anybody saying so.
    await stage.say(WORDS)
    stage.loudspeaker.start(3.0)
    await stage.shows("One two three ")
    stage.loudspeaker.end(2.0, interrupted=True)
    end = await stage.voice.wait_for_playout()
    assert end.synchronized_transcript == "One two three "


async def test_a_pause_does_not_stop_the_captions(stage: Stage) -> None:
    await stage.say(WORDS)
    stage.loudspeaker.start(1.4)
    await stage.shows("One ")
    stage.voice.pause()
    stage.now += 0.3
    await asyncio.sleep(0.3)
    assert stage.screen.line == "One "
    stage.voice.resume()
    stage.now += 0.3
    await stage.shows("One two ")


async def test_a_pause_before_the_first_sound_is_forgotten(stage: Stage) -> None:
    stage.voice.pause()
    await stage.say(WORDS)
    stage.loudspeaker.start(3.0)
    await asyncio.sleep(0.05)
    assert stage.screen.line == ""


async def test_an_interrupted_segment_spoils_the_next(stage: Stage) -> None:
    await stage.say(WORDS)
    stage.loudspeaker.start(1.0)
    stage.voice.clear_buffer()
    stage.loudspeaker.end(1.6, interrupted=True)
    await stage.say(["Next ", "one."])
    stage.loudspeaker.start(5.0)
    stage.loudspeaker.end(2.0, interrupted=False)
    end = await stage.voice.wait_for_playout()
    assert end.synchronized_transcript == "Next one."
    await until(lambda: stage.screen.lines == ["One two ", "Next one."])


async def test_words_without_a_voice_become_the_next_segments_captions(stage: Stage) -> None:
    await stage.captions.capture_text("Nobody said this.")
    stage.captions.flush()
    stage.voice.flush()
    await stage.say(WORDS)
    stage.loudspeaker.start(2.0)
    await stage.shows("One two ")


async def test_a_cancelled_first_frame_swallows_the_next_segments_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: rtc.AudioFrame) -> None:
        await asyncio.Event().wait()

    await stage.captions.capture_text(WORDS[0])
    with monkeypatch.context() as patch:
        patch.setattr(stage.loudspeaker, "capture_frame", never)
        capture = asyncio.create_task(stage.voice.capture_frame(frame(1.0)))
        await settle()
        capture.cancel()
        await asyncio.gather(capture, return_exceptions=True)
    stage.captions.flush()
    stage.voice.flush()
    await stage.say(["Next."])
    stage.loudspeaker.start(2.0)
    await stage.shows("Next.")
    stage.loudspeaker.end(1.0, interrupted=False)
    await until(lambda: stage.screen.lines == ["Next."])


@pytest.mark.parametrize("sound_came", [True, False])
async def test_words_that_got_no_sound_become_the_captions_of_a_sound_that_comes_before_its_words(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, sound_came: bool
) -> None:
    async def never(_: rtc.AudioFrame) -> None:
        await asyncio.Event().wait()

    await stage.captions.capture_text(WORDS[0])
    if sound_came:
        with monkeypatch.context() as patch:
            patch.setattr(stage.loudspeaker, "capture_frame", never)
            capture = asyncio.create_task(stage.voice.capture_frame(frame(1.0)))
            await settle()
            capture.cancel()
            await asyncio.gather(capture, return_exceptions=True)
    stage.voice.flush()
    stage.captions.flush()
    await stage.voice.capture_frame(frame(1.0))
    await stage.captions.capture_text("Next.")
    stage.voice.flush()
    stage.captions.flush()
    stage.loudspeaker.start(2.0)
    await stage.shows("Next.")
    stage.loudspeaker.end(1.0, interrupted=False)
    end = await stage.voice.wait_for_playout()
    assert end.synchronized_transcript == "Next."
    await until(lambda: stage.screen.lines == ["Next."])


async def test_captions_are_an_answer_behind_after_a_voice_that_failed_before_its_words_came(
    stage: Stage,
) -> None:
    stage.voice.flush()
    await stage.captions.capture_text("Nobody says this.")
    stage.captions.flush()
    await stage.voice.capture_frame(frame(1.0))
    await stage.captions.capture_text("Next.")
    stage.voice.flush()
    stage.captions.flush()
    stage.loudspeaker.start(2.0)
    await stage.shows("Next.")
    stage.loudspeaker.end(1.0, interrupted=False)
    end = await stage.voice.wait_for_playout()
    assert end.synchronized_transcript == "Next."
    await until(lambda: stage.screen.lines == ["Next."])


@pytest.mark.parametrize("missing", ["the words", "the text", "the sound", "nothing", "both"])
@pytest.mark.parametrize("text_first", [True, False])
async def test_an_answer_that_lacked_words_or_sound_takes_the_captions_of_the_next(
    stage: Stage, missing: str, text_first: bool
) -> None:
    if missing in ("the sound", "nothing"):
        await stage.captions.capture_text("First.")
    if missing in ("the text", "nothing"):
        await stage.voice.capture_frame(frame(1.0))
    ends = [] if missing == "both" else [stage.voice.flush]
    if missing != "the text":
        ends.insert(0 if text_first else len(ends), stage.captions.flush)
    for end in ends:
        end()
    if missing in ("the text", "nothing"):
        stage.loudspeaker.start(2.0)
        stage.loudspeaker.end(1.0, interrupted=False)
    await stage.captions.capture_text("Next.")
    stage.captions.flush()
    await stage.voice.capture_frame(frame(1.0))
    stage.voice.flush()
    stage.loudspeaker.start(2.0)
    await stage.shows("Next.")
    stage.loudspeaker.end(1.0, interrupted=False)
    end_of_next = await stage.voice.wait_for_playout()
    assert end_of_next.synchronized_transcript == "Next."


async def test_words_that_come_after_their_sound_failed_are_shown(stage: Stage) -> None:
    await stage.captions.capture_text("Nobody ")
    stage.voice.flush()
    await stage.captions.capture_text("says this.")
    stage.captions.flush()
    await stage.voice.capture_frame(frame(1.0))
    await stage.captions.capture_text("Next.")
    stage.loudspeaker.start(2.0)
    await stage.shows("Next.")


async def test_a_voice_that_failed_half_way_is_taken_for_a_whole_one(stage: Stage) -> None:
    for number, word in enumerate(WORDS):
        await stage.captions.capture_text(TimedString(word, start_time=number, end_time=number + 1))
    await stage.voice.capture_frame(frame(2.0))
    stage.captions.flush()
    stage.voice._mark_input_truncated()
    stage.voice.flush()
    stage.loudspeaker.start(0)
    stage.loudspeaker.end(2.0, interrupted=False)
    end = await stage.voice.wait_for_playout()
    assert end.synchronized_transcript == "One two "


async def test_who_comes_back_reads_the_end_of_a_line_without_a_beginning(stage: Stage) -> None:
    await stage.say(WORDS)
    stage.loudspeaker.start(2.0)
    await stage.shows("One two ")
    stage.heard.break_line()
    await until(lambda: stage.screen.lines == ["One two "])
    stage.loudspeaker.end(5.0, interrupted=False)
    await until(lambda: stage.screen.lines == ["One two ", "three four five."])
    end = await stage.voice.wait_for_playout()
    assert end.synchronized_transcript == "".join(WORDS)


async def test_words_without_times_are_shown_all_at_once(stage: Stage) -> None:
    await stage.say(
        ["This is a sentence of nobody knows how many seconds, ", "and so on."], timed=False
    )
    stage.loudspeaker.start(2.0)
    await stage.shows("This is a sentence of nobody knows how many seconds, ")


async def test_captions_end_for_good_with_a_word_that_could_not_be_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    show = stage.screen.capture_text

    async def fail_once(text: str) -> None:
        if text == "two ":
            raise RuntimeError(text)
        await show(text)

    monkeypatch.setattr(stage.screen, "capture_text", fail_once)
    await stage.say(WORDS)
    stage.loudspeaker.start(3.0)
    await stage.shows("One three ")
    assert "RuntimeError" in caplog.text and "two" not in caplog.text


async def test_livekit_remembers_more_than_the_captions_show(stage: Stage) -> None:
    """LiveKit's own code forwards an answer; it is cut in the middle of its third word."""
    speech = SpeechHandle.create()

    async def text() -> AsyncIterator[str]:
        for number, word in enumerate(WORDS):
            yield TimedString(word, start_time=number, end_time=number + 1)

    async def sound() -> AsyncIterator[rtc.AudioFrame]:
        for _ in WORDS:
            yield frame(1.0)

    forwarding = asyncio.create_task(
        forward_generation(
            speech_handle=speech,
            audio_output=stage.voice,
            text_output=stage.captions,
            audio_source=sound(),
            text_source=text(),
            on_first_frame=lambda *_: None,
            reconcile_playout_pause=lambda: None,
        )
    )
    await stage.loudspeaker.flushed.wait()
    stage.loudspeaker.start(2.0)
    await stage.shows("One two ")
    speech.interrupt()
    await until(lambda: stage.loudspeaker.cleared > 0)
    stage.loudspeaker.end(2.6, interrupted=True)
    async with asyncio.timeout(10):
        out = await forwarding
    assert out.played == "partial"
    assert out.forwarded_text == "One two three "
    await until(lambda: stage.screen.lines == ["One two three "])
