"""When the person's turn begins and ends. The figures behind each number: ``docs/turns.md``."""

from __future__ import annotations

from typing import Literal

from livekit.agents import TurnHandlingOptions, inference, vad

from .shared_vad import SharedVAD

BargeIn = Literal["quick", "normal", "off"]

SILENCE = 0.25
"""Seconds of silence that end a stretch of speech; the turn detector needs no less than 0.2."""

SPEECH = {"quick": 0.1, "normal": 0.5}
"""Seconds of speech that silence the voice, by ``BARGE_IN``."""

LEAST_SPEECH = 0.12
"""Seconds of speech without a gap that begin a stretch of it."""

THRESHOLD = 0.5
"""Silero's probability from which on it is speech."""

FRAME = 0.02
"""Seconds of a frame from the microphone."""

RATE = 16_000
"""Hz of it: as Silero, the turn detector and most recognisers want it, so that none of them has to
resample it again."""

REALTIME_RATE = 24_000
"""The same for a realtime model, which hears for itself."""

COUGH_PAUSE = 0.4
"""Seconds after a noise within which its words have been recognised, if it had any."""


def load_vad(
    least_speech: float = LEAST_SPEECH, silence: float = SILENCE, threshold: float = THRESHOLD
) -> vad.VAD:
    return SharedVAD.load(
        min_speech_duration=least_speech,
        min_silence_duration=silence,
        activation_threshold=threshold,
    )


def turn_handling(barge_in: BargeIn = "quick") -> TurnHandlingOptions:
    """When the person's turn ends, and what cuts the agent short. All of it runs locally."""
    return {
        # Without its version named, the detector sends the speech to a cloud in dev and console.
        "turn_detection": inference.TurnDetector(version="v1-mini"),
        "endpointing": {"mode": "fixed", "min_delay": 0.3, "max_delay": 1.5},
        # A noise without words, such as a cough, pauses the voice; then it goes on.
        "interruption": {
            "enabled": barge_in != "off",
            "mode": "vad",
            "min_duration": SPEECH.get(barge_in, SPEECH["normal"]),
            "resume_false_interruption": True,
            "false_interruption_timeout": COUGH_PAUSE,
        },
        "preemptive_generation": {"enabled": True},
    }


def realtime_turn_handling() -> TurnHandlingOptions:
    """The model decides when a turn ends and what cuts it short; it has stopped by then, so a
    false alarm has nothing to go on with."""
    return {
        "turn_detection": "realtime_llm",
        "interruption": {"resume_false_interruption": False},
    }
