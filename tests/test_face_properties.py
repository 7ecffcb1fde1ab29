"""An avatar may lose, repeat and delay whatever it says: each segment still ends once."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.avatars import FakeAvatar, Stage
from tests.voices import FakeRoute, Listener, tone
from visavis.segment import RATE

SOUND = tone(0.3)


class BadLine(RuleBasedStateMachine):
    """One avatar after another, on a line that cannot be trusted."""

    @initialize(stranger=st.booleans())
    def meet(self, stranger: bool) -> None:
        self.her = Listener()
        self.speech = self.her.speech
        self.plain = FakeRoute(self.speech, movable=True)
        self.pushed: list[float] = []
        self.open = False
        self.arrive(stranger)

    def arrive(self, stranger: bool) -> None:
        self.stage = Stage(self.speech, FakeAvatar(names=not stranger))
        self.here = True
        self.speech.prefer(self.stage.face)

    @rule()
    def capture(self) -> None:
        if not self.open:
            self.open = True
            self.pushed.append(0.0)
        self.speech.begin()
        self.speech.push(SOUND)
        self.pushed[-1] += 0.3

    @rule()
    def flush(self) -> None:
        self.speech.flush()
        self.open = False

    @rule()
    def clear(self) -> None:
        self.speech.clear()

    @rule()
    def pause(self) -> None:
        if self.speech.can_pause:
            self.speech.pause()

    @rule()
    def resume(self) -> None:
        self.speech.resume()

    @rule(ticks=st.integers(1, 8), signs=st.booleans(), rpcs=st.booleans(), alive=st.booleans())
    def time_passes(self, ticks: int, signs: bool, rpcs: bool, alive: bool) -> None:
        self.stage.pass_time(ticks / 10, signs=signs, rpcs=rpcs, alive=alive)
        self.plain.play(ticks * RATE // 10)
        self.bury()

    @precondition(lambda self: self.stage.avatar.outbox)
    @rule(data=st.data())
    def lose_a_message(self, data: st.DataObject) -> None:
        outbox = self.stage.avatar.outbox
        outbox.pop(data.draw(st.integers(0, len(outbox) - 1)))

    @precondition(lambda self: self.stage.avatar.outbox)
    @rule(data=st.data())
    def repeat_a_message(self, data: st.DataObject) -> None:
        outbox = self.stage.avatar.outbox
        outbox.append(outbox[data.draw(st.integers(0, len(outbox) - 1))])

    @rule(deaf=st.booleans())
    def hearing(self, deaf: bool) -> None:
        self.stage.avatar.deaf = deaf

    @rule()
    def forget_everything(self) -> None:
        self.stage.avatar.streams.clear()

    @precondition(lambda self: self.here)
    @rule()
    def leave(self) -> None:
        self.stage.deaths.append("left")
        self.bury()

    @precondition(lambda self: not self.here)
    @rule(stranger=st.booleans())
    def another_arrives(self, stranger: bool) -> None:
        self.arrive(stranger)

    @rule()
    def plain_voice_is_done(self) -> None:
        self.plain.finish()

    def bury(self) -> None:
        if self.stage.deaths and self.here:
            self.here = False
            self.speech.lost(self.stage.face, self.plain)

    @invariant()
    def each_segment_ends_at_most_once_and_in_order(self) -> None:
        ends = self.her.ends if hasattr(self, "her") else []
        for end, pushed in zip(ends, self.pushed if ends else [], strict=False):
            assert 0 <= end.position / RATE <= pushed + 1e-6
        assert len(ends) <= (len(self.pushed) if ends else 0)

    def teardown(self) -> None:
        if not hasattr(self, "her"):
            return
        self.speech.resume()
        self.flush()
        for _ in range(10 * len(self.pushed) + 20):
            self.stage.pass_time(1.0)
            self.bury()
            self.plain.finish()
        assert len(self.her.ends) == len(self.pushed)
        assert self.her.ends == [e for e in self.her.ends if not e.empty]


TestBadLine = BadLine.TestCase
TestBadLine.settings = settings(max_examples=100, stateful_step_count=30)
