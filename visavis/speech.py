"""What the agent says, segment by segment, over whichever way out there is.

Pure logic: no clock, no task, no LiveKit. One segment sounds at a time, and every one that was
begun is reported finished exactly once, in order, whatever becomes of the routes.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Callable

from .segment import RATE, TOLERANCE, WIDTH, Event, Finished, Leg, Route, Segment, State
from .silence import PauseSearch

logger = logging.getLogger("visavis.voice")


class Speech:
    """The segments whose end is owed, and the route that the next one takes.

    Args:
        on_started: Called with the Unix time of a segment's first sound.
        on_finished: Called once for each segment.
        new_id: Makes a leg's id.
    """

    def __init__(
        self,
        *,
        on_started: Callable[[float], None],
        on_finished: Callable[[Finished], None],
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._on_started = on_started
        self._on_finished = on_finished
        self._new_id = new_id
        self._pending: deque[Segment] = deque()
        self._open: Segment | None = None
        self._preferred: Route | None = None
        self._paused = False
        self._closed = False
        self._held: list[Route] = []
        """Routes that were told to pause."""
        self._pauses = PauseSearch()
        """Of the first segment, where it may move."""

    @property
    def can_pause(self) -> bool:
        return all(route.can_pause for route in (self._preferred, self._current_route) if route)

    @property
    def is_sounding(self) -> bool:
        """A segment is on its way out."""
        return self._current_route is not None

    @property
    def position(self) -> int | None:
        """Samples of the segment whose end is reported next that were heard, as far as one knows;
        None: no segment is begun."""
        if not self._pending:
            return None
        segment = self._pending[0]
        leg = segment.leg
        return segment.heard if leg is None else leg.reached(leg.route.position(leg))

    @property
    def clearing(self) -> bool:
        """An interrupted segment is still waiting for its route's answer."""
        return any(segment.state is State.CLEARING for segment in self._pending)

    @property
    def _current_route(self) -> Route | None:
        return leg.route if self._pending and (leg := self._pending[0].leg) else None

    # What the agent session does.

    def begin(self) -> None:
        """A segment is being captured from now on."""
        if self._open is None:
            self._open = Segment()
            self._pending.append(self._open)

    def push(self, audio: bytes) -> None:
        """More of the segment. One that has ended already takes no more."""
        segment = self._open
        if segment is None or segment.state in (State.CLEARING, State.ENDED):
            return
        self._consider_moving()  # the leg may have run dry
        segment.audio += audio
        if segment.state is State.SOUNDING and segment.leg is not None:
            self._send(segment.leg, audio)
            self._consider_moving()
        else:
            self._go_on()

    def flush(self) -> None:
        """The segment has been captured in full."""
        segment, self._open = self._open, None
        if segment is None:
            return
        segment.flushed = True
        if self._closed:
            segment.end()
        if segment.state is State.SOUNDING and segment.leg is not None:
            self._close(segment.leg)
        else:
            self._go_on()

    def clear(self) -> None:
        """Interrupt everything that was begun; a pause is over with it."""
        dropped = [s for s in self._pending if s.state not in (State.CLEARING, State.ENDED)]
        for segment in reversed(dropped):  # the first last: its end lets the next one sound
            segment.interrupted = True
            leg = segment.leg
            segment.happens(Event.CLEARED)
            if leg is not None:
                leg.route.clear(leg)
        if dropped:
            self.resume()
        self._go_on()

    def pause(self) -> None:
        """Hold the voice where it is, and what is begun from now on."""
        self._paused = True
        if (route := self._current_route) is not None:
            self._hold(route)

    def resume(self) -> None:
        self._paused = False
        held, self._held = self._held, []
        for route in held:
            route.resume()

    # What happens to the routes.

    def prefer(self, route: Route | None) -> None:
        """Speak this way from now on; None: wait.

        A segment that sounds another way moves at the next pause in it, where that way allows.
        """
        self._preferred = route
        self._pauses.forget()
        self._consider_moving()
        self._go_on()

    def lost(self, route: Route, instead: Route | None) -> None:
        """``route`` is gone: ``instead`` goes on where it was."""
        if self._preferred in (route, None):
            self._preferred = instead
        if route in self._held:
            self._held.remove(route)
        if self._pending and (leg := self._pending[0].leg) is not None and leg.route is route:
            self._pending[0].leg_over(route.position(leg))
        self._go_on()

    def close(self) -> None:
        """End everything, and what is begun later once it is captured: nobody will ever play it."""
        self._preferred, self._closed = None, True
        for segment in self._pending:
            if segment is not self._open or segment.samples:  # else what wraps us has yet to count
                segment.end()
        self._go_on()

    # What the routes say.

    def started(self, leg: Leg, at: float) -> None:
        """The leg's first sample is heard at Unix time ``at``."""
        if self._pending and (segment := self._pending[0]).leg is leg and not segment.started:
            segment.started = True
            self._on_started(at)

    def ended(self, leg: Leg, position: int, *, interrupted: bool) -> None:
        """The leg is over, ``position`` samples of it heard. Only the first word on it counts."""
        if not self._pending or (segment := self._pending[0]).leg is not leg:
            return
        short = leg.sent - position > TOLERANCE
        unasked = segment.state is not State.CLEARING
        if unasked and (interrupted or (short and position <= TOLERANCE)):
            segment.give_up(position)
        else:
            segment.leg_over(position if short or not unasked else leg.sent)
        self._go_on()

    # Inside.

    def _go_on(self) -> None:
        """Report what has ended, and let the first of the others sound."""
        while self._pending:
            segment = self._pending[0]
            if segment.state is State.WAITING and segment.flushed and segment.is_heard:
                segment.interrupted = segment.interrupted or not segment.samples
                segment.happens(Event.COMPLETE)
            if segment.state is State.ENDED:
                self._pending.popleft()
                self._pauses.forget()
                self._on_finished(segment.finished)
                continue
            if (
                segment.state is State.WAITING
                and self._preferred is not None
                and segment.samples > segment.heard
            ):
                self._speak(segment, self._preferred)
            return

    def _speak(self, segment: Segment, route: Route) -> None:
        if self._paused:
            self._hold(route)
        leg = segment.leg = Leg(self._new_id(), route, segment.heard)
        segment.happens(Event.OPENED)
        if leg.offset:
            logger.info("%s goes on at %.2f s", type(route).__name__, leg.offset / RATE)
        route.open(leg)
        self._send(leg, bytes(segment.audio[segment.heard * WIDTH :]))
        if segment.flushed:
            self._close(leg)

    def _send(self, leg: Leg, audio: bytes) -> None:
        leg.sent += len(audio) // WIDTH
        leg.route.send(leg, audio)

    def _close(self, leg: Leg) -> None:
        leg.closed = True
        leg.route.close(leg)

    def _hold(self, route: Route) -> None:
        if route not in self._held:
            self._held.append(route)
            route.pause()

    def _consider_moving(self) -> None:
        """Cut the leg that sounds at the next pause, where another route is preferred."""
        if not self._pending or self._preferred is None:
            return
        segment = self._pending[0]
        leg = segment.leg
        if leg is None or segment.state is not State.SOUNDING or leg.route is self._preferred:
            return
        if (cuttable := leg.route.cuttable(leg)) is None:
            return
        at = self._pauses.find(segment.audio, leg.offset + cuttable)
        if at is None and not segment.flushed and leg.route.position(leg) >= leg.sent:
            at = leg.offset + leg.sent  # it has run dry: this is a pause, too
        if at is None or (segment.flushed and segment.samples - at <= TOLERANCE):
            return
        leg.sent, leg.closed = at - leg.offset, True
        segment.happens(Event.CUT)
        leg.route.cut(leg, leg.sent)
