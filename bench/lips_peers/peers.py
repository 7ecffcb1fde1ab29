"""Lip-sync of others over a whole sound, in the time that a live page would show it.

Every peer takes speech (n,) of 16 kHz, full scale 1, and answers ARKit weights (n * 30 // 16000,
52) in the order of ``ARKIT_NAMES``: row k is drawn at k/30 s, from the first k/30 s of the sound.

HeadAudio and wawa-lipsync (npm, both MIT licence) run as published, in Node, in an AudioContext of
48 kHz. All of them see through :data:`~bench.lips_peers.visemes.OCULUS`, save the loudness.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.lips_peers import profiles
from bench.lips_peers.visemes import Weights, to_arkit
from visavis.protocol import ARKIT_NAMES

Audio = NDArray[np.float32]

FPS: Final = 30
SAMPLE_RATE: Final = 16_000
_HERE: Final = Path(__file__).parent
_PACKAGES: Final = ("@met4citizen/headaudio", "wawa-lipsync")
_TIMEOUT: Final = 300
"""Seconds for a sound: a guard against what hangs, far above what any needs."""
_WINDOW: Final = 0.04
"""Seconds over which the loudness is measured."""
_QUIETEST, _LOUDEST = -45.0, -15.0
"""dBFS at which the mouth is shut, and wide open."""
_KEPT: Final = 0.5
"""Share of the last frame's jaw in the next."""
_WIDEST: Final = 0.6
"""``jawOpen`` of the loudest, as of the viseme aa."""


class PeerError(RuntimeError):
    """A peer did not run; the text has what it said."""


def missing() -> str | None:
    """What has to be installed before :func:`headaudio` and :func:`wawa` run, in a sentence."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "HeadAudio and wawa-lipsync run in Node: install Node.js 20.19 or later, with npm."
    for package in _PACKAGES:
        if not (_HERE / "node_modules" / package / "package.json").is_file():
            return f"{package} is not installed: run `npm ci --prefix bench/lips_peers`."
    return None


def headaudio(audio: Audio) -> Weights:
    """HeadAudio 0.1.0: Gaussian prototypes of MFCC, with the model it brings along.

    Source: github.com/met4citizen/HeadAudio. As published it never shows the viseme aa, whose
    index, 0, it takes for none. Raises :class:`PeerError`.
    """
    return _in_node("headaudio.mjs", audio)


def wawa(audio: Audio) -> Weights:
    """wawa-lipsync 0.0.2: rules about seven bands of the spectrum, eased as in its demo.

    Source: github.com/wass08/wawa-lipsync. Raises :class:`PeerError`.
    """
    return _in_node("wawa.mjs", audio)


def ulipsync(audio: Audio) -> Weights:
    """uLipSync's method in numpy. See :func:`bench.lips_peers.profiles.vowels`."""
    return to_arkit(profiles.vowels(_frames(audio, profiles.WINDOW)), profiles.NAMES)


def loudness(audio: Audio) -> Weights:
    """Nothing but a jaw that opens with the smoothed level."""
    heard = _frames(audio, round(_WINDOW * SAMPLE_RATE))
    level = 20 * np.log10(np.sqrt(np.mean(heard**2, axis=1)) + 1e-9)
    wanted = _WIDEST * np.clip((level - _QUIETEST) / (_LOUDEST - _QUIETEST), 0, 1)
    weights = np.zeros((len(wanted), len(ARKIT_NAMES)), np.float32)
    jaw = 0.0
    for row, goal in zip(weights, wanted, strict=True):
        jaw += (float(goal) - jaw) * (1 - _KEPT)
        row[ARKIT_NAMES.index("jawOpen")] = jaw
    return weights


def _frames(audio: Audio, window: int) -> NDArray[np.float64]:
    """(t, window): what was heard last before each frame is drawn, silence before the first."""
    count = len(audio) * FPS // SAMPLE_RATE
    padded = np.concatenate([np.zeros(window), np.asarray(audio, np.float64)])
    ends = np.arange(count) * SAMPLE_RATE // FPS
    heard: NDArray[np.float64] = padded[ends[:, None] + np.arange(window)]
    return heard


def _in_node(script: str, audio: Audio) -> Weights:
    lacking = missing()
    if lacking is not None:
        raise PeerError(lacking)
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder, "sound.f32")
        sound.write_bytes(np.asarray(audio, "<f4").tobytes())
        command = ["node", str(_HERE / script), str(sound)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT)
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"{script} did not answer within {_TIMEOUT} s") from error
    if done.returncode:
        raise PeerError(f"{script} failed: {done.stderr.strip()[-500:]}")
    told = json.loads(done.stdout)
    if told["fps"] != FPS:
        raise PeerError(f"{script} answered {told['fps']} frames a second, not {FPS}")
    return to_arkit(np.array(told["weights"], np.float32), told["names"])
