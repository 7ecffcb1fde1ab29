"""One segment of speech on its way out: its states, and the legs that it travels.

A segment begins with the agent's first sound and ends where the agent flushes. It may change its
way out in the middle, from the face to the plain voice and back: each stretch is a *leg*.

========  =========  ========  =====================================================
state     event      next      when
========  =========  ========  =====================================================
WAITING   OPENED     SOUNDING  a route takes the rest
WAITING   COMPLETE   ENDED     nothing is left of it
WAITING   CLEARED    ENDED     interrupted; nobody has to be asked
SOUNDING  CUT        MOVING    the leg will end at a pause, for a better route
SOUNDING  LEG_OVER   WAITING   the leg was heard to its end, or its route was lost
SOUNDING  CLEARED    CLEARING  interrupted; the route still owes how much was heard
SOUNDING  GIVEN_UP   ENDED     the route ended it in the middle, unasked
MOVING    LEG_OVER   WAITING   as above
MOVING    CLEARED    CLEARING  as above
MOVING    GIVEN_UP   ENDED     as above
CLEARING  LEG_OVER   ENDED     the route has told, or never will
========  =========  ========  =====================================================

Everything else is impossible, and an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol

RATE: Final = 24_000
"""Hz of all speech here, mono, int16: what most voices make; every route takes it."""
WIDTH: Final = 2
"""Bytes of a sample."""
TOLERANCE: Final = RATE // 20
"""Samples (50 ms) that may be missing where a leg counts as heard to its end: resampling and
frames of 33 ms on the other side."""


class State(Enum):
    """Where a segment is; see the table above."""

    WAITING = auto()
    SOUNDING = auto()
    MOVING = auto()
    CLEARING = auto()
    ENDED = auto()


class Event(Enum):
    """What may happen to it."""

    OPENED = auto()
    CUT = auto()
    LEG_OVER = auto()
    COMPLETE = auto()
    CLEARED = auto()
    GIVEN_UP = auto()


TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = {
    (State.WAITING, Event.OPENED): State.SOUNDING,
    (State.WAITING, Event.COMPLETE): State.ENDED,
    (State.WAITING, Event.CLEARED): State.ENDED,
    (State.SOUNDING, Event.CUT): State.MOVING,
    (State.SOUNDING, Event.LEG_OVER): State.WAITING,
    (State.SOUNDING, Event.CLEARED): State.CLEARING,
    (State.SOUNDING, Event.GIVEN_UP): State.ENDED,
    (State.MOVING, Event.LEG_OVER): State.WAITING,
    (State.MOVING, Event.CLEARED): State.CLEARING,
    (State.MOVING, Event.GIVEN_UP): State.ENDED,
    (State.CLEARING, Event.LEG_OVER): State.ENDED,
}


class Route(Protocol):
    """A way out: the face, or the plain voice. No method blocks; it plays one leg at a time.

    Each leg that is opened is answered by one ``Speech.ended``, unless the route is lost.
    Positions are samples of the leg.
    """

    @property
    def can_pause(self) -> bool: ...

    def open(self, leg: Leg) -> None: ...

    def send(self, leg: Leg, audio: bytes) -> None: ...

    def close(self, leg: Leg) -> None:
        """The leg has been sent in full: it ends when it has been heard."""

    def clear(self, leg: Leg) -> None:
        """Fall silent, drop the leg, and tell how much of it was heard. Also ends a pause."""

    def position(self, leg: Leg) -> int:
        """What has been heard, as far as one knows."""

    def cuttable(self, leg: Leg) -> int | None:
        """From where on the leg can still be cut short; None when it cannot."""

    def cut(self, leg: Leg, at: int) -> None:
        """Close the leg at ``at``, dropping what was sent beyond."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


@dataclass(eq=False)
class Leg:
    """A stretch of a segment on one route."""

    id: str
    """Unique; behind a face the id of its stream."""
    route: Route
    offset: int
    """Samples of the segment before it."""
    sent: int = 0
    """Samples of it that the route was given."""
    closed: bool = False

    def reached(self, position: int) -> int:
        """Samples of the segment that are heard with ``position`` of the leg."""
        return self.offset + min(max(position, 0), self.sent)


@dataclass(frozen=True)
class Finished:
    """How a segment ended."""

    position: int
    """Samples that were heard."""
    interrupted: bool
    empty: bool
    """Nothing was ever captured into it."""


@dataclass(eq=False)
class Segment:
    """A segment whose end has not been reported."""

    state: State = State.WAITING
    audio: bytearray = field(default_factory=bytearray)
    """All of it that was captured; what has not been heard may have to be said another way."""
    flushed: bool = False
    """No more will be captured."""
    leg: Leg | None = None
    """In SOUNDING, MOVING and CLEARING."""
    heard: int = 0
    """Samples that were heard on the legs before."""
    started: bool = False
    interrupted: bool = False

    @property
    def samples(self) -> int:
        """Captured so far."""
        return len(self.audio) // WIDTH

    @property
    def is_heard(self) -> bool:
        """To the end of what was captured, near enough."""
        return self.samples - self.heard <= (TOLERANCE if self.started else 0)

    @property
    def finished(self) -> Finished:
        """What to report of it once it has ended."""
        return Finished(self.heard, self.interrupted, empty=not self.samples)

    def leg_over(self, position: int) -> None:
        """``position`` samples of its leg were heard, and no more will be."""
        assert self.leg is not None
        self.heard = self.leg.reached(position)
        self.happens(Event.LEG_OVER)

    def give_up(self, position: int) -> None:
        """The same, and the rest is not said another way."""
        assert self.leg is not None
        self.heard, self.interrupted = self.leg.reached(position), True
        self.happens(Event.GIVEN_UP)

    def end(self) -> None:
        """Whatever its state: nobody will play more of it."""
        self.interrupted = True
        if self.state is State.WAITING:
            self.happens(Event.CLEARED)
        elif self.leg is not None:
            position = self.leg.route.position(self.leg)
            (self.leg_over if self.state is State.CLEARING else self.give_up)(position)

    def happens(self, event: Event) -> None:
        """Raises RuntimeError for what the table does not know."""
        if (after := TRANSITIONS.get((self.state, event))) is None:
            raise RuntimeError(f"a segment that is {self.state.name} cannot be {event.name}")
        self.state = after
        if after in (State.WAITING, State.ENDED):
            self.leg = None
