"""The protocol of /ws: what is said in a room, as an avatar-chat client is told."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from gateway.bridge.messages import (
    NAMES,
    RATE,
    Audio,
    BadMessage,
    Signal,
    Text,
    Wording,
    read_message,
)
from gateway.bridge.turns import CAPTIONS, SETTLING, STUCK, THINKING, Turns
from visavis.weights import SpokenPacket, WeightsPacket

PIECE = b"\1\2" * (RATE // 30)
WEIGHTS = tuple(k / 51 for k in range(52))


class Client:
    """What a client gets of a room in which things happen."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.got: list[dict[str, Any]] = []
        self.turns = Turns(
            Wording("ses_1", NAMES["sides"]),
            self._send,
            wall=lambda: self.now,
            clock=lambda: self.now,
            new_hex=lambda: "abcdef01",
        )
        self.turns.agent_state("listening")
        self.got.clear()

    def _send(self, text: str, *, is_frame: bool = False) -> None:
        self.got.append(json.loads(text))
        assert is_frame == (self.got[-1]["type"] in ("sync_frame", "audio_chunk"))

    def say(self, seconds: float, segment: int | None = 1, sound: bytes = PIECE) -> None:
        for _ in range(round(seconds * 30)):
            self.turns.spoken(SpokenPacket(_face(segment), sound))
            self.wait(1 / 30)

    def end(self, segment: int = 1, *, cut: bool = False) -> None:
        self.turns.spoken(SpokenPacket(_face(segment, over=True, cut=cut), b""))

    def wait(self, seconds: float) -> None:
        for _ in range(max(1, round(seconds * 10))):
            self.now += seconds / max(1, round(seconds * 10))
            self.turns.tick()

    def types(self, *without: str) -> list[str]:
        return [each["type"] for each in self.got if each["type"] not in without]

    def one(self, type: str) -> dict[str, Any]:
        [found] = [each for each in self.got if each["type"] == type]
        return found


def _face(segment: int | None, *, over: bool = False, cut: bool = False) -> WeightsPacket:
    return WeightsPacket(1, 1, 1, WEIGHTS, segment=segment, over=over, cut=cut)


@pytest.fixture
def client() -> Client:
    return Client()


def test_an_answer_is_told_word_for_word_as_the_protocol_has_it(client: Client) -> None:
    client.turns.agent_state("speaking")
    client.say(0.5)
    client.turns.caption("SG_1", "Hello ")
    client.say(0.5)
    client.turns.caption("SG_1", "there.")
    client.turns.caption_over("SG_1")
    client.end()
    client.say(0.1, None)
    client.turns.agent_state("listening")
    client.wait(2)
    turn = "turn_1000000_abcdef01"
    assert client.got[0] == {"type": "avatar_state", "state": "Responding"}
    assert client.got[1] == {
        "type": "audio_start",
        "sessionId": "ses_1",
        "turnId": turn,
        "sampleRate": 24000,
        "format": "audio/pcm16",
        "timestamp": 1_000_000,
    }
    frames = [each for each in client.got if each["type"] == "sync_frame"]
    assert [each["frameIndex"] for each in frames] == list(range(33))
    first = frames[0]
    assert set(first) == {
        "type", "weights", "audio", "sessionId", "turnId", "timestamp", "frameIndex"
    }  # fmt: skip
    assert base64.b64decode(first["audio"]) == PIECE and first["turnId"] == turn
    assert len(first["weights"]) == 52
    names = ("browInnerUp", "browDown_L", "mouthSmile_R", "jawOpen", "jawLeft", "mouthRight")
    assert set(names) <= set(first["weights"])
    assert first["weights"]["browDown_L"] == 0 and first["weights"]["tongueOut"] == 1
    hello, there = [each for each in client.got if each["type"] == "transcript_delta"]
    assert (hello["role"], hello["text"], hello["turnId"]) == ("assistant", "Hello ", turn)
    assert hello["startOffset"] < 500 < hello["endOffset"] <= there["startOffset"]
    assert there["startOffset"] < 1000 < there["endOffset"]
    tail = client.types("sync_frame", "transcript_delta")[2:]
    assert tail == ["audio_end", "transcript_done", "avatar_state"]
    assert client.one("transcript_done")["text"] == "Hello there."
    assert "interrupted" not in client.one("transcript_done")
    assert client.got[-1]["state"] == "Listening"


def test_an_answer_of_several_segments_does_not_begin_or_end_twice(client: Client) -> None:
    client.turns.agent_state("speaking")
    client.say(0.5, 1)
    client.end(1)
    client.turns.agent_state("thinking")
    client.wait(THINKING / 2)
    client.turns.agent_state("speaking")
    client.say(0.5, 2)
    client.turns.caption("SG_2", "late")
    assert client.one("transcript_delta")["endOffset"] > 900, "offsets begin anew in a segment"
    client.end(2)
    client.turns.agent_state("listening")
    client.wait(SETTLING + CAPTIONS + 0.5)
    assert client.types("sync_frame").count("audio_start") == 1
    assert client.types("sync_frame").count("audio_end") == 1


def test_every_frame_is_of_a_thirtieth_of_a_second_though_speech_stumbles(client: Client) -> None:
    client.turns.agent_state("speaking")
    pieces = [PIECE, PIECE[:500], PIECE[:300], PIECE, PIECE[:2]]
    for piece in pieces:
        client.say(1 / 30, 1, piece)
    client.end()
    client.turns.agent_state("listening")
    client.wait(2)
    sounds = [base64.b64decode(e["audio"]) for e in client.got if e["type"] == "sync_frame"]
    assert {len(each) for each in sounds} == {len(PIECE)}
    whole = b"".join(pieces)
    assert b"".join(sounds) == whole.ljust(len(sounds) * len(PIECE), b"\0")
    assert len(sounds) == -(-len(whole) // len(PIECE))
    assert client.types()[-3:-1] == ["sync_frame", "audio_end"]


def test_an_interrupt_is_told_at_once_and_the_rest_is_not_heard(client: Client) -> None:
    client.turns.agent_state("speaking")
    client.say(0.3)
    client.turns.caption("SG_1", "One ")
    client.say(0.7)
    client.end(cut=True)
    assert client.got[-3]["type"] == "interrupt"
    assert client.got[-3]["offsetMs"] == 1000
    assert client.types()[-2:] == ["audio_end", "avatar_state"]
    client.turns.agent_state("listening")
    frames = client.types().count("sync_frame")
    client.say(0.2, None)
    client.turns.caption("SG_1", "two ")
    client.turns.caption_over("SG_1")
    client.wait(1)
    assert client.types().count("sync_frame") == frames
    done = client.one("transcript_done")
    assert done["text"] == "One two" and done["interrupted"] is True
    client.turns.agent_state("speaking")
    client.say(0.1, 2)
    assert client.types("sync_frame")[-1] == "audio_start"


def test_words_of_an_answer_that_is_over_open_no_turn(client: Client) -> None:
    client.turns.agent_state("speaking")
    client.say(0.3)
    client.turns.caption("SG_1", "Word ")
    client.end()
    client.turns.agent_state("listening")
    client.wait(CAPTIONS + 1)
    client.turns.caption("SG_1", "late")
    client.turns.caption_over("SG_1")
    assert not client.turns.is_open
    assert client.types().count("audio_start") == 1


@pytest.mark.parametrize("loss", ["face", "agent", "end", "silence"])
def test_a_turn_ends_once_whatever_is_lost(client: Client, loss: str) -> None:
    client.turns.agent_state("speaking")
    client.say(0.3)
    client.turns.caption("SG_1", "Word ")
    if loss == "face":
        client.turns.face_lost()
        client.turns.agent_state("listening")
    elif loss == "agent":
        client.turns.agent_lost()
    elif loss == "end":
        client.turns.agent_state("listening")
    client.wait(STUCK + 2)
    assert not client.turns.is_open
    for type in ("audio_start", "audio_end", "transcript_done"):
        client.one(type)
    assert client.got[-1] == {"type": "avatar_state", "state": "Listening"}


def test_a_voice_that_is_held_for_long_does_not_end_its_turn(client: Client) -> None:
    client.turns.agent_state("speaking")
    client.say(0.3)
    client.turns.agent_state("listening")
    client.wait(STUCK - 5)
    client.say(0.3)
    assert client.types().count("audio_start") == 1 and "audio_end" not in client.types()


def test_without_a_face_there_is_sound_alone(client: Client) -> None:
    client.turns.sound(PIECE)
    assert not client.got, "silence is no answer"
    client.turns.agent_state("speaking")
    for _ in range(30):
        client.turns.sound(PIECE)
        client.wait(1 / 30)
    chunk = next(each for each in client.got if each["type"] == "audio_chunk")
    assert base64.b64decode(chunk["data"]) == PIECE and chunk["sessionId"] == "ses_1"
    client.turns.interrupted()
    assert client.one("interrupt")["offsetMs"] == 1000
    client.turns.agent_state("listening")
    client.wait(2)
    assert client.types().count("audio_end") == 1


def test_what_still_sounds_of_a_plain_voice_that_was_cut_is_not_taken_for_another_answer(
    client: Client,
) -> None:
    client.turns.agent_state("speaking")
    client.turns.sound(PIECE)
    client.turns.caption("SG_1", "One ")
    client.turns.interrupted()
    for _ in range(30):  # the agent is only being asked
        client.turns.sound(PIECE)
        client.wait(1 / 30)
    client.turns.caption("SG_1", "two")
    client.turns.agent_state("listening")
    client.turns.sound(PIECE)
    client.turns.caption_over("SG_1")
    client.wait(2)
    for type in ("audio_start", "audio_chunk", "interrupt", "audio_end"):
        client.one(type)
    done = client.one("transcript_done")
    assert done["text"] == "One two" and done["interrupted"] is True
    client.turns.agent_state("speaking")
    client.turns.sound(PIECE)
    assert client.types()[-1] == "audio_chunk", "the next answer is not heard"


def test_an_answer_is_not_kept_back_because_the_one_before_was_cut_in_its_last_echo(
    client: Client,
) -> None:
    client.turns.agent_state("speaking")
    client.turns.sound(PIECE)
    client.turns.agent_state("listening")
    client.turns.interrupted()
    client.turns.agent_state("speaking")
    client.turns.sound(PIECE)
    assert client.types().count("audio_start") == 2


def test_the_person_is_read_as_they_speak_and_what_they_wrote_comes_back(client: Client) -> None:
    client.turns.user_words("what is", is_final=False)
    client.turns.user_words("what is the time", is_final=False)
    client.turns.user_words("What is the time?", is_final=True)
    client.turns.user_words(" ", is_final=True)
    client.turns.typed("And the date?")
    first, more, done, typed = client.got
    assert [first["text"], more["text"]] == ["what is", " the time"]
    assert first["role"] == done["role"] == typed["role"] == "user"
    assert (done["type"], done["text"]) == ("transcript_done", "What is the time?")
    assert first["turnId"] == more["turnId"] == done["turnId"]
    assert typed["text"] == "And the date?"


def test_a_question_gets_a_turn_of_its_own_though_the_last_answer_has_just_ended(
    client: Client,
) -> None:
    client.turns.agent_state("speaking")
    client.say(0.3, 1)
    client.end(1)
    client.turns.agent_state("thinking")
    client.turns.user_words("And now?", is_final=True)
    client.turns.agent_state("speaking")
    client.say(0.3, 2)
    assert client.types("sync_frame", "avatar_state") == [
        "audio_start", "audio_end", "transcript_done", "audio_start"
    ]  # fmt: skip


def test_what_clients_of_the_widget_send_is_understood() -> None:
    pcm = base64.b64encode(b"\0\1").decode()
    assert read_message('{"type": "text", "data": "Hi", "userId": "u"}') == Text("Hi")
    assert read_message(json.dumps({"type": "audio", "data": pcm})) == Audio(b"\0\1")
    assert read_message(b"\0\1") == Audio(b"\0\1")
    start = {"type": "audio_stream_start", "userId": "user_1", "sampleRate": RATE}
    assert read_message(json.dumps(start)) == Signal("audio_stream_start")
    for type in ("audio_stream_end", "interrupt"):
        assert read_message(json.dumps({"type": type})) == Signal(type)
    assert read_message('{"type": "ping", "timestamp": 5}') == Signal("ping")


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "JSON object"),
        ("{}", "one of text,"),
        ('{"type": []}', "one of text,"),
        ('{"type": "text"}', "needs its text"),
        ('{"type": "text", "data": " "}', "needs its text"),
        ('{"type": "text", "data": "\\ud800"}', "surrogate"),
        (json.dumps({"type": "text", "data": "x" * 50_001}), "50001"),
        ('{"type": "audio", "data": 5}', "base64"),
        ('{"type": "audio", "data": "?"}', "base64"),
        ('{"type": "audio", "data": "AAAA"}', "whole samples"),
        (b"\0", "whole samples"),
        ('{"type": "audio_stream_start", "sampleRate": 16000}', "24000 Hz"),
    ],
)
def test_a_message_that_cannot_be_used_says_why(raw: str | bytes, problem: str) -> None:
    with pytest.raises(BadMessage, match=problem):
        read_message(raw)


def test_the_readmes_names_are_to_be_had_too() -> None:
    assert len(set(NAMES["sides"])) == len(set(NAMES["arkit"])) == 52
    assert "mouthSmile_L" in NAMES["sides"] and "jawLeft" in NAMES["sides"]
