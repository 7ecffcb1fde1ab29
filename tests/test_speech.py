"""Every segment ends once, in order, and is said once, whatever becomes of the ways out."""

from typing import Any

import pytest

from tests.voices import FakeRoute, Listener, quiet, tone
from visavis.segment import RATE

near: Any = pytest.approx


def begin(listener: Listener, *sounds: bytes) -> None:
    for sound in sounds:
        listener.speech.begin()
        listener.speech.push(sound)


def say(listener: Listener, *sounds: bytes) -> None:
    begin(listener, *sounds)
    listener.speech.flush()


def test_a_segment_is_heard_and_reported_once() -> None:
    her = Listener()
    face = FakeRoute(her.speech)
    her.speech.prefer(face)
    say(her, tone(1.0), tone(1.0))
    face.finish()
    assert her.told == [(2.0, False)] and len(her.starts) == 1
    assert bytes(face.heard) == tone(1.0) * 2


def test_the_first_word_waits_for_a_way_out() -> None:
    her = Listener()
    say(her, tone(1.0))
    assert not her.ends
    face = FakeRoute(her.speech)
    her.speech.prefer(face)
    face.finish()
    assert her.told == [(1.0, False)]


def test_an_interrupt_before_there_is_a_way_out_does_not_wedge() -> None:
    her = Listener()
    begin(her, tone(1.0))
    her.speech.clear()
    assert her.told == [(0.0, True)]
    her.speech.push(tone(1.0))
    her.speech.flush()
    assert len(her.ends) == 1


def test_an_empty_segment_is_reported_as_cancelled() -> None:
    her = Listener()
    her.speech.begin()
    her.speech.flush()
    assert [(end.position, end.interrupted, end.empty) for end in her.ends] == [(0, True, True)]


def test_a_second_segment_does_not_overtake_the_first() -> None:
    her = Listener()
    face = FakeRoute(her.speech)
    her.speech.prefer(face)
    say(her, tone(1.0))
    say(her, tone(2.0))
    assert len(face.legs) == 1
    face.finish()
    face.finish()
    assert her.told == [(1.0, False), (2.0, False)]


def test_an_interrupt_tells_what_was_heard() -> None:
    her = Listener()
    face = FakeRoute(her.speech)
    her.speech.prefer(face)
    say(her, tone(2.0))
    say(her, tone(2.0))
    face.play(RATE // 2)
    her.speech.clear()
    assert her.told == [(0.5, True), (0.0, True)]


def test_an_interrupt_does_not_hit_what_is_said_after_it() -> None:
    her = Listener()
    face = FakeRoute(her.speech)
    face.answers = False
    her.speech.prefer(face)
    say(her, tone(2.0))
    face.play(RATE)
    her.speech.clear()
    assert her.speech.clearing
    say(her, tone(1.0))
    assert len(face.legs) == 1
    face.end(interrupted=True)
    assert not her.speech.clearing
    face.finish()
    assert her.told == [(1.0, True), (1.0, False)]


def test_a_second_interrupt_does_not_wedge_the_agent() -> None:
    her = Listener()
    face = FakeRoute(her.speech)
    face.answers = False
    her.speech.prefer(face)
    say(her, tone(2.0))
    her.speech.clear()
    her.speech.clear()
    face.end(interrupted=True)
    her.speech.clear()
    assert her.told == [(0.0, True)]


def test_a_duplicate_or_late_finish_changes_nothing() -> None:
    her = Listener()
    face = FakeRoute(her.speech)
    her.speech.prefer(face)
    say(her, tone(1.0))
    say(her, tone(1.0))
    face.finish()
    her.speech.ended(face.legs[0], 3, interrupted=True)
    her.speech.started(face.legs[0], 5.0)
    face.finish()
    her.speech.ended(face.legs[1], 3, interrupted=True)
    assert her.told == [(1.0, False), (1.0, False)]


def test_a_face_that_dies_in_mid_sentence_leaves_the_rest_to_the_plain_voice() -> None:
    her = Listener()
    face, plain = FakeRoute(her.speech), FakeRoute(her.speech, movable=True)
    her.speech.prefer(face)
    begin(her, tone(3.0))
    face.play(RATE)
    her.speech.lost(face, plain)
    her.speech.push(tone(1.0))
    her.speech.flush()
    plain.finish()
    assert her.told == [(4.0, False)] and len(her.starts) == 1
    assert bytes(face.heard + plain.heard) == tone(3.0) + tone(1.0)


def test_a_face_that_dies_while_an_interrupt_is_answered_does_not_wedge() -> None:
    her = Listener()
    face, plain = FakeRoute(her.speech), FakeRoute(her.speech)
    face.answers = False
    her.speech.prefer(face)
    say(her, tone(3.0))
    face.play(RATE)
    her.speech.clear()
    her.speech.lost(face, plain)
    assert her.told == [(1.0, True)] and not plain.legs


def test_a_face_that_dies_with_the_last_word_is_not_replaced_for_nothing() -> None:
    her = Listener()
    face, plain = FakeRoute(her.speech), FakeRoute(her.speech)
    her.speech.prefer(face)
    say(her, tone(1.0))
    face.play(RATE - 100)
    her.speech.lost(face, plain)
    assert her.told == [(near(1.0, abs=0.01), False)] and not plain.legs


def test_a_new_face_takes_over_at_a_pause_and_not_in_a_word() -> None:
    her = Listener()
    plain, face = FakeRoute(her.speech, movable=True), FakeRoute(her.speech)
    sounds = [tone(2.0), quiet(0.4), tone(2.0)]
    her.speech.prefer(plain)
    say(her, *sounds)
    plain.play(RATE)
    her.speech.prefer(face)
    assert not face.legs
    plain.finish()
    assert 2.0 < face.legs[0].offset / RATE < 2.4
    face.finish()
    assert her.told == [(near(4.4), False)] and len(her.starts) == 1
    assert bytes(plain.heard + face.heard) == b"".join(sounds)


def test_a_pause_that_is_captured_later_is_found_too() -> None:
    her = Listener()
    plain, face = FakeRoute(her.speech, movable=True), FakeRoute(her.speech)
    her.speech.prefer(plain)
    begin(her, tone(1.0))
    plain.play(RATE // 2)
    her.speech.prefer(face)
    begin(her, tone(1.0), quiet(0.1))
    assert not plain.closed
    begin(her, quiet(0.1), tone(1.0))
    assert plain.closed
    her.speech.flush()
    plain.finish()
    face.finish()
    assert her.told == [(near(3.2), False)]
    assert len(plain.heard + face.heard) == round(3.2 * RATE) * 2


def test_a_new_face_takes_over_where_the_sound_has_run_dry() -> None:
    her = Listener()
    plain, face = FakeRoute(her.speech, movable=True), FakeRoute(her.speech)
    her.speech.prefer(plain)
    begin(her, tone(1.0))
    plain.play(RATE)
    her.speech.prefer(face)
    plain.finish()
    begin(her, tone(1.0))
    her.speech.flush()
    face.finish()
    assert bytes(face.heard) == tone(1.0)
    assert her.told == [(2.0, False)]


def test_without_a_pause_the_new_face_begins_with_the_next_segment() -> None:
    her = Listener()
    plain, face = FakeRoute(her.speech, movable=True), FakeRoute(her.speech)
    her.speech.prefer(plain)
    say(her, tone(2.0), quiet(0.2))
    plain.play(RATE)
    her.speech.prefer(face)
    say(her, tone(1.0))
    plain.finish()
    face.finish()
    plain.finish()
    face.finish()
    assert her.told == [(near(2.2), False), (1.0, False)]
    assert bytes(face.heard).endswith(tone(1.0))


def test_a_face_that_dies_before_its_turn_leaves_the_rest_where_it_was() -> None:
    her = Listener()
    plain, face = FakeRoute(her.speech, movable=True), FakeRoute(her.speech)
    her.speech.prefer(plain)
    say(her, tone(1.0), quiet(0.4), tone(1.0))
    her.speech.prefer(face)
    assert plain.closed
    her.speech.lost(face, plain)
    plain.finish()
    plain.finish()
    assert her.told == [(near(2.4), False)]
    assert bytes(plain.heard) == tone(1.0) + quiet(0.4) + tone(1.0)


def test_a_stream_that_the_avatar_ended_early_is_continued() -> None:
    her = Listener()
    face = FakeRoute(her.speech)
    her.speech.prefer(face)
    begin(her, tone(1.0))
    face.play(RATE)
    face.end(interrupted=False)
    begin(her, tone(1.0))
    her.speech.flush()
    face.finish()
    assert bytes(face.heard) == tone(1.0) * 2
    assert her.told == [(2.0, False)]


def test_an_avatar_that_refuses_a_segment_is_not_asked_for_ever() -> None:
    her = Listener()
    face = FakeRoute(her.speech)
    her.speech.prefer(face)
    say(her, tone(1.0))
    face.end(interrupted=False)
    assert her.told == [(0.0, True)] and len(face.legs) == 1


def test_a_pause_holds_what_is_begun_and_what_is_begun_later() -> None:
    her = Listener()
    face = FakeRoute(her.speech)
    her.speech.pause()
    her.speech.prefer(face)
    say(her, tone(1.0))
    face.finish()
    assert face.paused and not her.ends
    her.speech.resume()
    face.finish()
    assert her.told == [(1.0, False)]


def test_a_resume_of_nothing_is_harmless() -> None:
    her = Listener()
    face = FakeRoute(her.speech)
    her.speech.resume()
    her.speech.prefer(face)
    her.speech.pause()
    her.speech.resume()
    say(her, tone(1.0))
    face.finish()
    assert her.told == [(1.0, False)]


def test_an_interrupt_ends_a_pause() -> None:
    her = Listener()
    face = FakeRoute(her.speech)
    her.speech.prefer(face)
    say(her, tone(1.0))
    her.speech.pause()
    her.speech.clear()
    say(her, tone(1.0))
    face.finish()
    assert her.told == [(0.0, True), (1.0, False)]


def test_a_pause_outlives_the_face_that_was_paused() -> None:
    her = Listener()
    face, plain = FakeRoute(her.speech), FakeRoute(her.speech)
    her.speech.prefer(face)
    say(her, tone(2.0))
    face.play(RATE)
    her.speech.pause()
    her.speech.lost(face, plain)
    plain.finish()
    assert plain.paused and not her.ends
    her.speech.resume()
    plain.finish()
    assert her.told == [(2.0, False)]


def test_a_pause_is_refused_only_behind_a_face_that_cannot() -> None:
    her = Listener()
    assert her.speech.can_pause
    her.speech.prefer(FakeRoute(her.speech))
    assert her.speech.can_pause
    her.speech.prefer(FakeRoute(her.speech, can_pause=False))
    assert not her.speech.can_pause


def test_nobody_waits_for_speech_that_will_never_be_played() -> None:
    her = Listener()
    face = FakeRoute(her.speech)
    her.speech.prefer(face)
    say(her, tone(1.0))
    begin(her, tone(1.0))
    face.play(RATE // 2)
    her.speech.close()
    assert her.told == [(0.5, True), (0.0, True)]
    her.speech.flush()
    say(her, tone(1.0))
    assert her.told[2:] == [(0.0, True)]
