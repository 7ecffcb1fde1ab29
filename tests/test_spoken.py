"""Sound and weights that go together: every sample once, with the face of its own moment."""

from __future__ import annotations

import time
from random import Random

import numpy as np
import pytest

from avatar_worker.face import Face, HeadPose
from avatar_worker.player import Acted, Event, Finished, Player, Timeline
from avatar_worker.player.pump import REST
from avatar_worker.player.segment import FPS, SAMPLE_RATE, SLOT_SAMPLES
from avatar_worker.player.spoken import TAIL, Pairing, Spoken
from avatar_worker.watchers import pack_spoken
from tests.test_player import Room
from visavis.protocol import ARKIT_NAMES
from visavis.weights import SOUND_RATE, SpokenPacket

TICK = 480
JAW = ARKIT_NAMES.index("jawOpen")


class Line:
    """A timeline, its pairing, and everything that came out of either."""

    def __init__(self, *, faces_late: int = 0) -> None:
        self.timeline = Timeline(lead=0.1)
        self.timeline.gate_open = True
        self.pairing = Pairing()
        self.released = np.zeros(0, np.int16)
        self.given: list[Spoken] = []
        self.finished: list[Finished] = []
        self._faces_late = faces_late
        self._begun: list[tuple[int, int]] = []
        self._ticks = 0

    def say(self, seconds: float) -> None:
        count = round(seconds * SAMPLE_RATE)
        number = self.timeline.open()
        sound = Random(number).choices(range(1, 20_000), k=count)
        frames = np.zeros((-(-count // SLOT_SAMPLES), 52), np.float32)
        frames[:, JAW] = np.linspace(0.1, 0.9, len(frames))
        self.timeline.push(number, np.array(sound, np.int16), frames)
        self.timeline.close(number)

    def play(self, seconds: float, jaw: float = 0.5) -> None:
        for _ in range(round(seconds * 100)):
            taken = self.timeline.take(TICK)
            paused = self.timeline.playhead.paused
            self.pairing.take(len(self.released), taken, paused=paused)
            self.end(*taken.events)
            self.released = np.concatenate([self.released, taken.audio])
            self._begun += [(self._ticks, slot.serial) for _, slot in taken.begun]
            while self._begun and self._begun[0][0] <= self._ticks - self._faces_late:
                weights = np.zeros(52, np.float32)
                weights[JAW] = jaw
                weights[0] = self._begun[0][1] / 1000
                self.pairing.show(self._begun.pop(0)[1], Acted(weights, HeadPose()))
            self.given += self.pairing.give()
            self._ticks += 1

    def end(self, *events: Event) -> None:
        for event in events:
            if isinstance(event, Finished):
                self.finished.append(event)
                self.pairing.end(event)

    def check(self) -> None:
        """Every piece is what was released then, and nothing audible is missing."""
        heard = np.zeros(len(self.released), bool)
        for each in self.given:
            at = each.frame.time
            assert not heard[at : at + len(each.sound)].any(), "a sample was given twice"
            heard[at : at + len(each.sound)] = True
            assert np.array_equal(self.released[at : at + len(each.sound)], each.sound)
        last = {each.frame.segment: k for k, each in enumerate(self.given) if each.end is None}
        ends = {each.end.segment: k for k, each in enumerate(self.given) if each.end is not None}
        assert [each.end for each in self.given if each.end is not None] == self.finished
        assert all(ends[segment] > k for segment, k in last.items() if segment is not None)
        assert not self.released[: -2 * SLOT_SAMPLES][~heard[: -2 * SLOT_SAMPLES]].any()


@pytest.mark.parametrize("seed", range(30))
def test_no_sample_is_lost_doubled_or_moved_whatever_happens_to_the_voice(seed: int) -> None:
    random = Random(seed)
    line = Line(faces_late=random.choice([0, 1, 4, 12]))
    for _ in range(12):
        line.play(random.uniform(0, 0.4))
        match random.randrange(5):
            case 0 | 1:
                line.say(random.uniform(0.01, 0.7))
            case 2:
                line.end(*line.timeline.clear())
            case 3:
                line.timeline.pause()
            case 4:
                line.timeline.resume()
    line.timeline.resume()
    line.play(6)
    assert line.released.any()
    line.check()


def test_the_face_is_that_of_the_moment_and_not_of_the_next() -> None:
    line = Line(faces_late=2)
    line.play(0.1)
    line.say(1)
    line.play(2)
    frames = [each.frame for each in line.given if each.end is None]
    serials = [round(1000 * float(each.face.weights[0])) for each in frames]
    assert serials == list(range(serials[0], serials[0] + len(serials)))
    speaking = [each for each in line.given if each.frame.segment is not None and not each.end]
    assert [each.frame.position for each in speaking] == [k * SLOT_SAMPLES for k in range(FPS)]
    assert sum(len(each.sound) for each in speaking) == SAMPLE_RATE


def test_a_face_that_never_comes_does_not_keep_the_sound_back() -> None:
    line = Line(faces_late=10_000)
    line.say(1)
    line.play(2)
    line.check()
    assert line.given


def test_silence_is_not_given_but_for_the_mouth_that_shuts() -> None:
    line = Line()
    line.say(0.5)
    line.play(0.5, jaw=0.6)
    spoken = len(line.given)
    line.play(0.1, jaw=0.3)
    line.play(3, jaw=0.0)
    tail = line.given[spoken:]
    assert 2 <= len(tail) <= 6, "the mouth was not seen to shut"
    assert tail[-1].frame.face.weights[JAW] == 0 and not line.pairing.is_speaking
    line.say(0.5)
    line.play(3, jaw=0.6)
    assert len(line.given) - spoken - len(tail) <= FPS // 2 + TAIL + 1, "an open mouth has an end"


def test_the_voice_that_is_held_gives_no_silence() -> None:
    line = Line()
    line.say(2)
    line.play(0.5)
    line.timeline.pause()
    line.play(0.5, jaw=0.0)
    held = len(line.given)
    line.play(5, jaw=0.0)
    assert len(line.given) == held
    line.timeline.resume()
    line.play(2)
    line.check()
    assert sum(int(np.count_nonzero(each.sound)) for each in line.given) >= 2 * SAMPLE_RATE


def test_a_packet_has_every_second_sample_across_the_packets() -> None:
    line = Line()
    line.play(0.013)
    line.say(0.777)
    line.play(2)
    packets = [pack_spoken(each, 1, number) for number, each in enumerate(line.given)]
    start = line.given[0].frame.time
    end = line.given[-1].frame.time + len(line.given[-1].sound)
    sound = b"".join(SpokenPacket.from_bytes(each.to_bytes()).sound for each in packets)
    assert sound == line.released[start + start % 2 : end : 2].tobytes()
    assert packets[1].face.sequence == 1 and len(packets[1].sound) == 2 * SOUND_RATE // FPS


def test_a_listening_room_moves_no_face_and_a_speaking_one_gives_all_that_it_released() -> None:
    room = Room()
    given: list[Spoken] = []
    player = Player(
        face=Face(Random(1)),
        renderer=None,
        output=room,
        on_event=room.on_event,
        on_frame=room.on_frame,
        on_spoken=given.append,
    )
    player.open_gate()
    player.listen(True)
    player.start()
    try:
        assert room.wait_for(lambda: len(room.audio) > 20)
        assert not given and not player.moves, "the face moves though nobody sees it"
        number = player.open()
        sound = np.full(SAMPLE_RATE, 5000, np.int16)
        player.push(number, sound, np.full((FPS, 52), 0.5, np.float32))
        player.close(number)
        room.wait_for_end()
        assert room.wait_for(lambda: not player.moves)
    finally:
        player.stop()
    assert not room.frames
    released = np.concatenate(room.audio)
    assert sum(int(np.count_nonzero(each.sound)) for each in given) == np.count_nonzero(released)
    assert max(float(each.frame.face.weights[JAW]) for each in given) > 0.2


def test_a_track_that_nobody_hears_costs_nothing_and_what_is_said_is_given_all_the_same() -> None:
    room = Room()
    given: list[Spoken] = []

    def on_spoken(spoken: Spoken) -> None:
        with room.changed:
            given.append(spoken)
            room.changed.notify_all()

    player = Player(
        face=Face(Random(1)),
        renderer=None,
        output=room,
        on_event=room.on_event,
        on_spoken=on_spoken,
    )
    player.open_gate()
    player.start()
    try:
        player.listen(True)
        assert room.wait_for(lambda: len(room.audio) > 20)
        player.hear(False)
        time.sleep(3 * REST)  # the clock goes on all the while
        played = len(room.audio)
        assert player.stalled_for < 30
        number = player.open()
        sound = np.full(SAMPLE_RATE, 5000, np.int16)
        player.push(number, sound, np.full((FPS, 52), 0.5, np.float32))
        player.close(number)
        assert room.wait_for_end().position == pytest.approx(1)
        assert room.wait_for(lambda: any(each.end for each in given))
        assert len(room.audio) <= played + 1
        player.hear(True)
        assert room.wait_for(lambda: len(room.audio) > played + 20)
    finally:
        player.stop()
    assert sum(int(np.count_nonzero(each.sound)) for each in given) == SAMPLE_RATE
