"""A mouth that nobody sees costs nothing; one that is watched is the real one."""

import numpy as np

from avatar_worker.lipsync import LipSync, Resampler
from avatar_worker.lipsync.embedded import EmbeddedModel
from avatar_worker.lipsync.on_demand import LipsOnDemand
from bench.bot import MIC_RATE
from bench.speech import speak


class Counting:
    """The embedded model, and how often it was loaded."""

    name = "counting"

    def __init__(self) -> None:
        self.made = 0

    def create(self) -> LipSync:
        self.made += 1
        return EmbeddedModel().create()


def say(lips: LipsOnDemand) -> float:
    """How far the jaw opens, of a sentence."""
    sound = Resampler().push(speak("My brother bought a boat.").reshape(-1, 1), MIC_RATE)
    frames = [lips.push(sound), lips.finish()]
    return float(np.concatenate(frames)[:, 24].max())


def test_a_model_is_not_loaded_for_a_mouth_that_nobody_watches() -> None:
    model = Counting()
    lips = LipsOnDemand(model)
    assert say(lips) == 0 and lips.lead == 0 and model.made == 0
    lips.wake()
    assert say(lips) > 0.1 and lips.lead > 0
    lips.rest()
    assert say(lips) == 0 and lips.lead == 0
    lips.wake()
    assert say(lips) > 0.1 and model.made == 1


def test_who_is_woken_in_mid_sentence_does_not_begin_in_its_middle() -> None:
    lips = LipsOnDemand(Counting())
    sound = np.zeros(1600, np.float32)
    assert len(lips.push(sound)) == 3
    lips.wake()
    assert len(lips.push(sound)) == 3, "the model would have to hear ahead first"
    lips.reset()
    assert say(lips) > 0.1
