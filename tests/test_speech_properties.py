"""Whatever happens in whatever order: each segment ends once, and each sound is sent once."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.voices import FakeRoute, Listener
from visavis.segment import RATE, TOLERANCE, WIDTH, Finished

PIECE = RATE // 10


class Conversation(RuleBasedStateMachine):
    """An agent that talks, a person who interrupts, faces that come and die."""

    def __init__(self) -> None:
        super().__init__()
        self.her = Listener()
        self.speech = self.her.speech
        self.tape = bytearray()
        """What a listener heard."""
        self.plain = FakeRoute(self.speech, movable=True, tape=self.tape)
        self.face: FakeRoute | None = None
        self.faces: list[FakeRoute] = []
        self.said: list[bytearray] = []
        """What each segment was given, interrupted ones what they took."""
        self.open = False
        self.closed = False
        self.silent = False
        """Paused, so that nothing may be heard."""
        self.serial = 1

    def piece(self, loud: bool) -> bytes:
        """Never the same twice, so that a sound said twice shows."""
        self.serial += 1
        if not loud:
            return bytes(PIECE * WIDTH)
        return (self.serial % 1000 + 1000).to_bytes(WIDTH, "little") * PIECE

    @rule(loud=st.booleans(), pieces=st.integers(1, 4))
    def capture(self, loud: bool, pieces: int) -> None:
        if not self.open:
            self.open = True
            self.said.append(bytearray())
        reported = len(self.her.ends)
        self.speech.begin()
        assert len(self.her.ends) == reported, "ended before what wraps the output has counted it"
        for _ in range(pieces):
            audio = self.piece(loud)
            self.said[-1] += audio
            self.speech.push(audio)

    @rule()
    def cancelled_capture(self) -> None:
        if not self.open:
            self.open = True
            self.said.append(bytearray())
            self.speech.begin()

    @rule()
    def flush(self) -> None:
        self.speech.flush()
        self.open = False

    @rule()
    def clear(self) -> None:
        self.speech.clear()
        self.silent = False

    @rule()
    def pause(self) -> None:
        self.speech.pause()
        self.silent = True

    @rule()
    def clear_where_nobody_is(self) -> None:
        """As :class:`agent.hold.Hold` does while it holds."""
        self.clear()
        self.pause()

    @rule()
    def resume(self) -> None:
        self.speech.resume()
        self.silent = False

    @rule()
    def close(self) -> None:
        """The voice is lost for good; the session may go on."""
        ended = len(self.her.ends) == len(self.said)
        waits = self.open and not self.said[-1] and not ended  # for its first sound
        self.speech.close()
        assert len(self.her.ends) == len(self.said) - waits
        self.closed, self.face, self.plain.leg = True, None, None

    @precondition(lambda self: self.face is None and not self.closed)
    @rule(answers=st.booleans())
    def face_arrives(self, answers: bool) -> None:
        self.face = FakeRoute(self.speech, tape=self.tape)
        self.face.answers = answers
        self.faces.append(self.face)
        self.speech.prefer(self.face)

    @precondition(lambda self: self.face is not None)
    @rule()
    def face_dies(self) -> None:
        face, self.face = self.face, None
        assert face is not None
        self.speech.lost(face, self.plain)

    @precondition(lambda self: self.face is None and not self.closed)
    @rule()
    def patience_is_over(self) -> None:
        self.speech.prefer(self.plain)

    @rule(samples=st.integers(1, 3 * PIECE))
    def time_passes(self, samples: int) -> None:
        heard = len(self.tape)
        for route in self.routes:
            route.play(samples)
        assert len(self.tape) == heard or not self.silent

    @rule()
    def legs_end(self) -> None:
        heard = len(self.tape)
        for route in self.routes:
            route.finish()
        assert len(self.tape) == heard or not self.silent

    @precondition(lambda self: self.face is not None and self.speech.clearing)
    @rule()
    def late_answer(self) -> None:
        assert self.face is not None
        self.face.end(interrupted=True)

    @rule(interrupted=st.booleans(), position=st.integers(0, 10 * PIECE))
    def duplicate_answer(self, interrupted: bool, position: int) -> None:
        """Of every leg that there was, as if all were told again."""
        for route in (self.plain, *self.faces):
            for leg in route.legs:
                if leg is not route.leg or route not in self.routes:
                    self.speech.started(leg, 0.0)
                    self.speech.ended(leg, position, interrupted=interrupted)

    @property
    def routes(self) -> list[FakeRoute]:
        return [self.plain, *([self.face] if self.face else [])]

    @invariant()
    def only_one_way_sounds(self) -> None:
        assert sum(route.leg is not None for route in self.routes) <= 1

    @invariant()
    def each_segment_ends_at_most_once_and_in_order(self) -> None:
        ends = self.her.ends
        assert len(ends) <= len(self.said)
        for end, said in zip(ends, self.said, strict=False):
            assert 0 <= end.position <= len(said) // WIDTH
            if not end.interrupted:
                assert end.position >= len(said) // WIDTH - TOLERANCE
            if end.empty:
                assert end.interrupted and not end.position

    @invariant()
    def each_sound_is_heard_once_and_in_order(self) -> None:
        heard = bytearray(self.tape)
        for end, said in zip(self.her.ends, self.said, strict=False):
            sound, heard = heard[: end.position * WIDTH], heard[end.position * WIDTH :]
            assert sound == said[: end.position * WIDTH]
        if heard:
            assert self.said[len(self.her.ends)].startswith(heard)

    def teardown(self) -> None:
        """Whatever was left: let it all be said, and nothing may be owed."""
        self.speech.resume()
        self.flush()
        if self.face is None and not self.closed:
            self.speech.prefer(self.plain)
        for _ in range(2 * len(self.said) + 4):
            for route in self.routes:
                route.finish()
            if self.face is not None and self.speech.clearing:
                self.face.end(interrupted=True)
            self.each_sound_is_heard_once_and_in_order()
        self.each_segment_ends_at_most_once_and_in_order()
        ends: list[Finished] = self.her.ends
        assert len(ends) == len(self.said)


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=150, stateful_step_count=40)
