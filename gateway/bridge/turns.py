"""The agent's speech as turns: one answer, however many segments it has, begins and ends once.

Pure logic: no clock, no task, no LiveKit.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from visavis.weights import SpokenPacket

from .messages import Wording
from .turn import Frame, Turn

SETTLING: Final = 0.3
"""Seconds without sound after which an answer that goes on no more is over."""
CAPTIONS: Final = 1.5
"""Seconds after the last sound in which its last words may come."""
THINKING: Final = 20.0
"""Seconds that an answer may rest in the middle, while the agent looks something up."""
STUCK: Final = 30.0
"""Seconds without sound or word after which an answer is over whatever the agent says of itself."""
_CLOSED_KEPT: Final = 32
"""Segments of captions that are remembered, so that a late word opens no turn."""


class Send(Protocol):
    def __call__(self, text: str, *, is_frame: bool = False) -> None: ...


class Turns:
    """Turns what is heard in the room into the protocol's messages.

    Args:
        wall: Unix seconds, for the messages.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        wording: Wording,
        send: Send,
        *,
        wall: Callable[[], float],
        clock: Callable[[], float],
        new_hex: Callable[[], str] = lambda: secrets.token_hex(4),
    ) -> None:
        self._say = wording
        self._send = send
        self._wall = wall
        self._clock = clock
        self._new_hex = new_hex
        self._turn: Turn | None = None
        self._agent = ""
        self._fades = False
        """What was cut may still sound: the agent has not stopped speaking since."""
        self._closed: deque[str] = deque(maxlen=_CLOSED_KEPT)
        self._user_words = ""
        self._user_turn = ""

    @property
    def is_open(self) -> bool:
        return self._turn is not None

    # What the face says.

    def spoken(self, packet: SpokenPacket) -> None:
        """A frame with its sound, or that a segment is over."""
        face, turn = packet.face, self._turn
        if face.over:
            if turn is None or face.segment not in turn.segments:
                return
            turn.is_speaking = False
            turn.heard_at = self._clock()
            if face.cut:
                self._cut(turn)
            return
        if face.segment is None:
            if turn is None or turn.is_cut:
                return  # the mouth shuts after the end
        elif turn is None or (turn.is_cut and face.segment not in turn.segments):
            turn = self._begin()
        elif turn.is_cut:
            return
        if face.segment is not None:
            turn.segments.add(face.segment)
            turn.is_speaking = True
        turn.heard_at = self._clock()
        for frame in turn.hear(packet.sound, face.weights):
            self._send_frame(turn, frame)

    def face_lost(self) -> None:
        """What it was about to say, somebody else may go on with."""
        if self._turn is not None:
            self._turn.is_speaking = False

    # What the agent says.

    def sound(self, sound: bytes) -> None:
        """Of the agent's own voice, where there is no face."""
        turn = self._turn
        if self._agent != "speaking" or self._fades:
            return
        if turn is None or turn.is_cut:
            turn = self._begin()
        turn.pass_by(sound)
        turn.heard_at = self._clock()
        self._send(self._say.audio_chunk(sound, turn.id, self._now()), is_frame=True)

    def agent_state(self, state: str) -> None:
        """LiveKit's: initializing, idle, listening, thinking, speaking."""
        if state == self._agent:
            return
        if not self._agent and state in ("listening", "idle"):
            self._send(self._say.avatar_state("Listening"))
        self._agent = state
        self._fades = self._fades and state == "speaking"
        self.tick()

    def agent_lost(self) -> None:
        """It is gone; another one begins anew."""
        self._agent, self._fades = "", False
        if self._turn is not None:
            self._end(self._turn, interrupted=True)

    def caption(self, segment: str, text: str) -> None:
        """A word of the agent's, when it is heard."""
        if segment in self._closed:
            return
        turn = self._turn
        if turn is None or (turn.is_cut and turn.captions and segment not in turn.captions):
            turn = self._begin()
        turn.captions[segment] = True
        turn.heard_at = self._clock()
        start, end = turn.place(text)
        self._send(self._say.transcript_delta("assistant", text, turn.id, self._now(), start, end))

    def caption_over(self, segment: str) -> None:
        """There are no more words in it."""
        self._closed.append(segment)
        if self._turn is not None:
            if segment in self._turn.captions:
                self._turn.captions[segment] = False
            self.tick()

    # What the person does.

    def user_words(self, text: str, *, is_final: bool) -> None:
        """What was heard of them so far."""
        if not self._user_turn:
            self._user_turn = f"user_{self._now()}"
        if is_final:
            if text.strip():
                self._close_before_question()
                done = self._say.transcript_done("user", text, self._user_turn, self._now())
                self._send(done)
            self._user_turn = self._user_words = ""
        elif text.startswith(self._user_words) and text != self._user_words:
            more, self._user_words = text[len(self._user_words) :], text
            self._send(self._say.transcript_delta("user", more, self._user_turn, self._now()))

    def typed(self, text: str) -> None:
        """They wrote it."""
        self._close_before_question()
        turn = f"user_{self._now()}"
        self._send(self._say.transcript_done("user", text, turn, self._now()))

    def interrupted(self) -> None:
        """They asked for silence. A face says itself where it was cut; where there is none, it is
        here."""
        turn = self._turn
        if turn is not None and not turn.segments and not turn.is_cut:
            self._cut(turn)

    def tick(self) -> None:
        """Several times a second while a turn :attr:`is_open`."""
        turn = self._turn
        if turn is None:
            return
        quiet = self._clock() - turn.heard_at
        words_are_due = turn.has_open_captions and quiet < CAPTIONS
        if turn.is_cut:
            if not words_are_due and quiet > SETTLING:
                self._end(turn, interrupted=True)
        elif quiet > STUCK or (
            not turn.is_speaking
            and not words_are_due
            and quiet > SETTLING
            and self._agent != "speaking"
            and (self._agent != "thinking" or quiet > THINKING)
        ):
            self._end(turn, interrupted=False)

    def _begin(self) -> Turn:
        if self._turn is not None:
            self._end(self._turn, interrupted=self._turn.is_cut)
        self._fades = False
        turn = self._turn = Turn(f"turn_{self._now()}_{self._new_hex()}", self._clock())
        self._send(self._say.avatar_state("Responding"))
        self._send(self._say.audio_start(turn.id, self._now()))
        return turn

    def _flush(self, turn: Turn) -> None:
        if (frame := turn.rest()) is not None:
            self._send_frame(turn, frame)

    def _send_frame(self, turn: Turn, frame: Frame) -> None:
        now = self._now()
        text = self._say.sync_frame(frame.weights, frame.sound, turn.id, frame.index, now)
        self._send(text, is_frame=True)

    def _cut(self, turn: Turn) -> None:
        self._flush(turn)
        turn.is_cut, self._fades = True, self._agent == "speaking"
        turn.heard_at = self._clock()
        now = self._now()
        self._send(self._say.interrupt(turn.id, turn.position, now))
        self._send(self._say.audio_end(turn.id, now))
        self._send(self._say.avatar_state("Listening"))

    def _close_before_question(self) -> None:
        """What is asked now gets a turn of its own."""
        turn = self._turn
        if turn is not None and not turn.is_speaking and self._agent != "speaking":
            self._end(turn, interrupted=turn.is_cut)

    def _end(self, turn: Turn, *, interrupted: bool) -> None:
        self._turn = None
        self._flush(turn)
        self._closed.extend(turn.captions)
        now = self._now()
        if not turn.is_cut:
            self._send(self._say.audio_end(turn.id, now))
        if text := "".join(turn.words).strip():
            done = self._say.transcript_done(
                "assistant", text, turn.id, now, interrupted=interrupted
            )
            self._send(done)
        if not turn.is_cut:
            self._send(self._say.avatar_state("Listening"))

    def _now(self) -> int:
        return round(self._wall() * 1000)
