"""Behind an avatar nothing wedges, whatever it forgets to say; and what it says is believed."""

from typing import Any

import pytest

from tests.avatars import FakeAvatar, Stage
from tests.test_speech import begin, say
from tests.voices import FakeRoute, Listener, tone
from visavis.face_voice import AFTER_SIGN, CLEAR_TIMEOUT, END_PATIENCE, LOST
from visavis.playback import PlaybackFinished, SignOfLife
from visavis.protocol import ALIVE_INTERVAL
from visavis.segment import RATE
from visavis.standby import ROUSING
from visavis.watchdog import TICK

near: Any = pytest.approx


def on_stage(*, stranger: bool = False) -> tuple[Listener, Stage]:
    her = Listener()
    stage = Stage(her.speech, FakeAvatar(names=not stranger))
    her.speech.prefer(stage.face)
    return her, stage


@pytest.mark.parametrize("stranger", [False, True])
def test_a_segment_is_played_and_reported(stranger: bool) -> None:
    her, stage = on_stage(stranger=stranger)
    say(her, tone(1.0))
    stage.pass_time(1.5)
    assert her.told == [(1.0, False)] and len(her.starts) == 1
    assert not stage.deaths


@pytest.mark.parametrize("stranger", [False, True])
def test_an_interrupt_tells_what_the_avatar_says(stranger: bool) -> None:
    her, stage = on_stage(stranger=stranger)
    say(her, tone(2.0))
    stage.pass_time(0.5)
    her.speech.clear()
    stage.pass_time(0.1)
    assert her.told == [(near(0.5), True)]


def test_a_lost_finish_is_told_by_the_next_sign() -> None:
    her, stage = on_stage()
    say(her, tone(1.0))
    stage.pass_time(1.2, rpcs=False)
    assert her.told == [(1.0, False)] and len(her.starts) == 1


def test_a_lost_answer_to_an_interrupt_is_told_by_the_next_sign() -> None:
    her, stage = on_stage()
    say(her, tone(2.0))
    stage.pass_time(0.5)
    her.speech.clear()
    stage.avatar.outbox.clear()
    stage.pass_time(0.1)
    assert her.told == [(near(0.5), True)]


def test_a_strangers_lost_finish_does_not_wedge_the_agent() -> None:
    her, stage = on_stage(stranger=True)
    say(her, tone(1.0))
    stage.pass_time(0.9 + END_PATIENCE, rpcs=False)
    assert not her.ends
    stage.pass_time(0.5, rpcs=False)
    assert her.told == [(1.0, False)]


@pytest.mark.parametrize("stranger", [False, True])
def test_an_interrupt_that_nobody_answers_ends_all_the_same(stranger: bool) -> None:
    her, stage = on_stage(stranger=stranger)
    stage.avatar.deaf = True
    say(her, tone(9.0))
    stage.pass_time(1.0)
    her.speech.clear()
    stage.pass_time(CLEAR_TIMEOUT + 0.1)
    [(position, interrupted)] = her.told
    assert interrupted and 1.0 <= position <= 1.1 + CLEAR_TIMEOUT


def test_a_late_answer_of_a_stranger_does_not_end_the_next_segment() -> None:
    her, stage = on_stage(stranger=True)
    stage.avatar.deaf = True
    say(her, tone(9.0))
    stage.pass_time(1.0)
    her.speech.clear()
    stage.pass_time(CLEAR_TIMEOUT + 0.1)
    say(her, tone(2.0))
    stage.face.finished(PlaybackFinished(1.0, interrupted=True))
    assert len(her.ends) == 1
    stage.face.finished(PlaybackFinished(2.0, interrupted=False))
    assert her.told[1:] == [(2.0, False)]


def test_messages_about_other_segments_change_nothing() -> None:
    her, stage = on_stage()
    say(her, tone(1.0))
    stage.face.started("another")
    stage.face.finished(PlaybackFinished(1.0, False, "another"))
    stage.face.sign(SignOfLife("another", 7.0, False, (PlaybackFinished(1.0, False, "third"),)))
    assert not her.starts and not her.ends
    stage.pass_time(1.5)
    stage.face.finished(stage.avatar.ended[-1])
    assert her.told == [(1.0, False)]


def test_the_line_knows_how_much_the_avatar_waits_for() -> None:
    _, stage = on_stage()
    stage.face.sign(SignOfLife())
    assert stage.avatar.calls == []
    stage.face.sign(SignOfLife(lead=0.14))
    assert stage.avatar.calls == ["expect 0.14"]


def test_an_avatar_cannot_have_played_more_than_it_was_given() -> None:
    her, stage = on_stage()
    say(her, tone(1.0))
    stage.face.finished(PlaybackFinished(99.0, False, stage.avatar.streams[0].id))
    assert her.told == [(1.0, False)]


def test_a_dead_avatar_is_noticed_and_its_sound_goes_on_where_it_was() -> None:
    her, stage = on_stage()
    plain = FakeRoute(her.speech)
    say(her, tone(5.0))
    stage.pass_time(2.0)
    stage.pass_time(0.4, alive=False)
    assert not stage.deaths
    stage.pass_time(0.2, alive=False)
    assert stage.deaths
    her.speech.lost(stage.face, plain)
    assert plain.legs[0].offset / RATE == near(2.0 + AFTER_SIGN, abs=ALIVE_INTERVAL / 2)


def test_the_voice_that_takes_over_is_told_too_late_to_be_awake() -> None:
    her, stage = on_stage()
    say(her, tone(5.0))
    stage.pass_time(2.0)
    assert not stage.doubts
    stage.pass_time(0.5, alive=False)
    assert stage.deaths
    assert stage.now - stage.doubts[0] > 2 * ROUSING


def test_a_silence_that_was_no_death_is_heard() -> None:
    her, stage = on_stage()
    say(her, tone(3.0))
    stage.pass_time(1.0)
    stage.pass_time(0.4, signs=False)
    assert stage.doubts and not stage.deaths
    doubts = list(stage.doubts)
    stage.pass_time(2.5)
    assert stage.doubts == doubts
    assert her.told == [(3.0, False)] and len(her.starts) == 1


def test_a_face_that_has_nothing_to_say_wakes_the_other_voice() -> None:
    _, stage = on_stage()
    stage.pass_time(5.0)
    stage.pass_time(1.5, alive=False)
    assert not stage.doubts and not stage.deaths


def test_an_avatar_that_leaves_at_once_after_a_sign_is_not_credited_with_more() -> None:
    her, stage = on_stage()
    say(her, tone(5.0))
    stage.pass_time(1.0)
    stage.now += 0.01
    leg = her.speech._pending[0].leg
    assert leg is not None
    assert stage.face.position(leg) / RATE == near(1.01)


def test_a_silent_avatar_gets_longer_before_it_is_given_up() -> None:
    _, stage = on_stage()
    stage.pass_time(1.0)
    stage.pass_time(1.5, alive=False)
    assert not stage.deaths
    stage.pass_time(1.0, alive=False)
    assert stage.deaths


def test_an_avatar_that_begins_to_speak_gets_longer_too() -> None:
    her, stage = on_stage()
    stage.pass_time(1.0)
    stage.pass_time(0.4, signs=False)
    say(her, tone(5.0))
    stage.pass_time(0.9, alive=False)
    assert not stage.deaths
    stage.pass_time(0.5, alive=False)
    assert stage.deaths


def test_a_stranger_without_signs_of_life_is_not_given_up_for_that() -> None:
    her, stage = on_stage(stranger=True)
    begin(her, tone(1.0))
    stage.pass_time(30)
    assert not stage.deaths


def test_an_avatar_that_lives_but_lost_the_segment_is_given_up() -> None:
    her, stage = on_stage()
    say(her, tone(1.0))
    stage.avatar.streams.clear()
    stage.pass_time(LOST * TICK - 0.2)
    assert not stage.deaths
    stage.pass_time(0.4)
    assert stage.deaths


def test_a_pause_holds_the_position_and_does_not_look_like_a_loss() -> None:
    her, stage = on_stage()
    say(her, tone(2.0))
    stage.pass_time(1.0)
    her.speech.pause()
    stage.pass_time(20)
    leg = her.speech._pending[0].leg
    assert leg is not None
    assert stage.face.position(leg) / RATE == near(1.0, abs=0.11)
    her.speech.resume()
    stage.pass_time(2.0)
    assert her.told == [(2.0, False)] and not stage.deaths
    assert stage.avatar.calls == ["pause", "resume"]


def test_nothing_is_asked_of_an_avatar_that_cannot_pause() -> None:
    her, stage = on_stage(stranger=True)
    say(her, tone(1.0))
    assert not her.speech.can_pause
    her.speech.pause()
    her.speech.resume()
    assert not stage.avatar.calls
