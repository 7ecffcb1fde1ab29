"""Ways out that play when a test tells them to."""

from __future__ import annotations

from visavis.segment import RATE, WIDTH, Finished, Leg
from visavis.speech import Speech

SECOND = RATE


class FakeRoute:
    """Plays :meth:`play` by :meth:`play`, and knows exactly what was heard.

    ``movable``: a plain voice, which can be cut short wherever it has not played.
    """

    def __init__(
        self,
        speech: Speech,
        *,
        movable: bool = False,
        can_pause: bool = True,
        tape: bytearray | None = None,
    ) -> None:
        self.speech = speech
        self.movable = movable
        self.can_pause = can_pause
        self.leg: Leg | None = None
        self.given = bytearray()
        """Of the current leg."""
        self.at = 0
        self.closed = False
        self.paused = False
        self.answers = True
        """Says at once what was heard when it is cleared."""
        self.heard = bytearray() if tape is None else tape
        """Of all legs; ``tape`` may be shared by several ways out."""
        self.legs: list[Leg] = []

    def open(self, leg: Leg) -> None:
        assert self.leg is None, "two legs at once"
        self.leg, self.given, self.at, self.closed = leg, bytearray(), 0, False
        self.legs.append(leg)

    def send(self, leg: Leg, audio: bytes) -> None:
        assert leg is self.leg and not self.closed
        self.given += audio

    def close(self, leg: Leg) -> None:
        assert leg is self.leg and not self.closed
        self.closed = True

    def clear(self, leg: Leg) -> None:
        assert leg is self.leg
        self.paused = False
        if self.answers:
            self.end(interrupted=True)

    def position(self, leg: Leg) -> int:
        return self.at if leg is self.leg else 0

    def cuttable(self, leg: Leg) -> int | None:
        return self.at if self.movable else None

    def cut(self, leg: Leg, at: int) -> None:
        assert leg is self.leg and self.movable and self.at <= at
        del self.given[at * WIDTH :]
        self.closed = True

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    # What a test does with it.

    def play(self, samples: int) -> None:
        if self.leg is None or self.paused:
            return
        before, self.at = self.at, min(self.at + samples, len(self.given) // WIDTH)
        self.heard += self.given[before * WIDTH : self.at * WIDTH]
        if self.at > before:
            self.speech.started(self.leg, 1000.0)

    def finish(self) -> None:
        """Play it all, and say so if the leg is closed."""
        self.play(len(self.given))
        if self.leg is not None and self.closed and not self.paused:
            self.end(interrupted=False)

    def end(self, *, interrupted: bool) -> None:
        leg, self.leg = self.leg, None
        if leg is not None:
            self.speech.ended(leg, self.at, interrupted=interrupted)


class Listener:
    """What the agent session hears of its speech."""

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.ends: list[Finished] = []
        self.speech = Speech(on_started=self.starts.append, on_finished=self.ends.append)

    @property
    def told(self) -> list[tuple[float, bool]]:
        """(seconds, interrupted) of each end."""
        return [(end.position / RATE, end.interrupted) for end in self.ends]


def tone(seconds: float, level: int = 8000) -> bytes:
    """Sound without a pause: every sample tells where it is, roughly."""
    return b"".join(
        (level + i % 1000).to_bytes(WIDTH, "little", signed=True)
        for i in range(round(seconds * RATE))
    )


def quiet(seconds: float) -> bytes:
    return bytes(round(seconds * RATE) * WIDTH)
