"""A segment goes through its states as the table says, and no other way."""

import itertools

import pytest

from tests.voices import FakeRoute, Listener
from visavis.segment import TRANSITIONS, Event, Leg, Segment, State


def in_state(state: State) -> Segment:
    return Segment(state=state, leg=Leg("1", FakeRoute(Listener().speech), 0))


@pytest.mark.parametrize(
    ("state", "event", "after"), [(*key, after) for key, after in TRANSITIONS.items()]
)
def test_what_the_table_allows_happens(state: State, event: Event, after: State) -> None:
    segment = in_state(state)
    segment.happens(event)
    assert segment.state is after
    assert (segment.leg is None) == (after in (State.WAITING, State.ENDED))


@pytest.mark.parametrize(
    ("state", "event"),
    [pair for pair in itertools.product(State, Event) if pair not in TRANSITIONS],
)
def test_what_the_table_does_not_know_is_an_error(state: State, event: Event) -> None:
    segment = in_state(state)
    with pytest.raises(RuntimeError, match=state.name):
        segment.happens(event)
    assert segment.state is state


def test_a_segment_that_has_ended_does_not_come_back() -> None:
    assert not [state for state, _ in TRANSITIONS if state is State.ENDED]


def test_every_state_leads_to_the_end() -> None:
    leading = {State.ENDED}
    while more := {s for (s, _), after in TRANSITIONS.items() if after in leading} - leading:
        leading |= more
    assert leading == set(State)
