"""Speech that goes to the avatar as Opus is the speech that was given."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.lipsync.embedded import EmbeddedModel
from avatar_worker.player import Player, Voice, VoiceError
from avatar_worker.speech_stream import open_reader
from bench.speech import speak
from visavis.opus import DECODED_RATE, OpusError, SpeechDecoder, SpeechEncoder
from visavis.protocol import STREAM_ENCODING
from visavis.segment import RATE

SPEECH = speak("I am always happy to help.")
PIECE = 2 * RATE // 20


def encode(speech: NDArray[np.int16], piece: int = PIECE) -> bytes:
    encoder, data = SpeechEncoder(), speech.tobytes()
    wire = [encoder.push(data[start : start + piece]) for start in range(0, len(data), piece)]
    return b"".join(wire) + encoder.finish()


def decode(wire: bytes, cut: int = 1 << 20) -> NDArray[np.int16]:
    decoder = SpeechDecoder()
    cuts = [wire[start : start + cut] for start in range(0, len(wire), cut)]
    return np.concatenate([decoder.push(data) for data in cuts])


@pytest.mark.parametrize("samples", [0, 1, 239, 240, 241, 4800, len(SPEECH)])
def test_not_a_sample_is_lost_or_added(samples: int) -> None:
    assert len(decode(encode(SPEECH[:samples]))) == samples * DECODED_RATE // RATE


@pytest.mark.parametrize("cut", [1, 7, 480])
def test_it_does_not_matter_how_a_stream_was_cut(cut: int) -> None:
    whole = encode(SPEECH[:9600])
    assert np.array_equal(decode(whole, cut), decode(whole))
    assert encode(SPEECH[:9600], 2 * 77) == whole


def test_the_voice_is_neither_shifted_nor_worse() -> None:
    heard, given = decode(encode(SPEECH))[::2].astype(float), SPEECH.astype(float)
    alike = [given @ np.roll(heard, -shift) for shift in range(-100, 101)]
    assert abs(int(np.argmax(alike)) - 100) <= 1, "lips would be out of time"
    noise = np.mean((heard - given) ** 2) / np.mean(given**2)
    assert 10 * np.log10(noise) < -25
    assert len(encode(SPEECH)) < SPEECH.nbytes / 3


def test_what_lip_sync_waits_for_is_not_kept_in_the_codec() -> None:
    encoder, decoder = SpeechEncoder(), SpeechDecoder()
    sound = decoder.push(encoder.push(SPEECH[: RATE * 150 // 1000].tobytes()))
    assert len(sound) / DECODED_RATE >= 0.145


class FakePlayer:
    """Notes what it was given."""

    def __init__(self) -> None:
        self.samples = self.frames = 0
        self.closed: list[int] = []

    def push(self, segment: int, audio: NDArray[np.int16], frames: NDArray[np.float32]) -> bool:
        self.samples += len(audio)
        self.frames += len(frames)
        return True

    def close(self, segment: int) -> None:
        self.closed.append(segment)


async def test_a_segment_that_came_as_opus_is_as_long_as_it_was_and_moves_the_mouth() -> None:
    player = FakePlayer()
    voice = Voice(cast(Player, player), EmbeddedModel().create())
    try:
        speech = open_reader({STREAM_ENCODING: "opus"})
        for start in range(0, len(wire := encode(SPEECH)), 1000):
            await voice.push(0, wire[start : start + 1000], speech)
        await voice.close(0)
        assert player.samples == len(SPEECH) * 2 and player.closed == [0]
        assert player.frames == math.ceil(len(SPEECH) / RATE * 30)
        with pytest.raises(OpusError):
            await voice.push(1, b"\x00\x05wrong", open_reader({STREAM_ENCODING: "opus"}))
        await voice.reset()
        await voice.push(2, encode(SPEECH), open_reader({STREAM_ENCODING: "opus"}))
        assert player.samples == len(SPEECH) * 4, "nothing is heard after an error"
    finally:
        voice.aclose()


def test_what_is_not_opus_is_said_so() -> None:
    with pytest.raises(OpusError, match="OpusHead"):
        SpeechDecoder().push(b"\x00\x03abc")
    head = encode(SPEECH[:240])[:21]
    with pytest.raises(OpusError, match="not Opus"):
        SpeechDecoder().push(head + b"\x00\x02\xff\xff")


def test_a_sample_of_pcm_may_be_cut_in_two() -> None:
    reader = open_reader({"sample_rate": "24000", "num_channels": "2"})
    data = np.arange(8, dtype="<i2").tobytes()
    pieces = [reader.push(data[start : start + 3]) for start in range(0, len(data), 3)]
    assert np.concatenate(pieces).tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"sample_rate": "24000"},
        {"sample_rate": "many", "num_channels": "1"},
        {"sample_rate": "24000", "num_channels": "9"},
        {"sample_rate": "24000", "num_channels": "1", STREAM_ENCODING: "mp3"},
    ],
)
def test_a_stream_that_cannot_be_read_is_an_error_with_its_reason(
    attributes: dict[str, str],
) -> None:
    with pytest.raises(VoiceError, match="speech stream"):
        open_reader(attributes)
