"""A recording in, a film of the face out."""

from __future__ import annotations

import wave
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from avatar_worker.face import HeadPose
from avatar_worker.lipsync.embedded import EmbeddedModel
from avatar_worker.matte import cut_out
from avatar_worker.offline import main, render_file
from avatar_worker.recording import RecordingError
from avatar_worker.render import MeshRenderer, load_head

from .recordings import PIECE, write_changing

SECONDS = 2.3
SIZE = 128


@pytest.fixture(scope="module")
def pcm() -> NDArray[np.int16]:
    """Real speech, 16 kHz."""
    spec = find_spec("moonshine_voice")
    assert spec is not None and spec.origin is not None
    with wave.open(str(Path(spec.origin).parent / "assets" / "beckett.wav")) as file:
        return np.frombuffer(file.readframes(round(16_000 * SECONDS)), np.int16)


@pytest.fixture(scope="module")
def recording(pcm: NDArray[np.int16], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("offline") / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm.tobytes())
    return path


@pytest.fixture(scope="module")
def renderer() -> MeshRenderer:
    return MeshRenderer(load_head("amy"), SIZE, SIZE)


@pytest.fixture(scope="module")
def film(recording: Path, renderer: MeshRenderer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("film") / "talk.mp4"
    render_file(recording, out, renderer, EmbeddedModel())
    return out


def hear(path: Path) -> NDArray[np.float32]:
    """What a player plays of the file, 16 kHz mono, from its first instant."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
        frames = [*container.decode(audio=0), None]
        assert frames[0] is not None and frames[0].pts == 0
        resampled = [out for frame in frames for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in resampled])


def test_film_lacks_sound_or_picture(film: Path) -> None:
    with av.open(str(film)) as container:
        (video,), (audio,) = container.streams.video, container.streams.audio
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height) == (SIZE, SIZE)
        assert video.average_rate == 30
        assert video.duration and video.time_base and audio.duration and audio.time_base
        seen = float(video.duration * video.time_base)
        heard = float(audio.duration * audio.time_base)
        assert seen == pytest.approx(SECONDS + 0.5, abs=1 / 30)
        assert heard == pytest.approx(seen, abs=1 / 30)
        times = [frame.time for frame in container.decode(video=0)]
    np.testing.assert_allclose(times, np.arange(len(times)) / 30, atol=1e-3)


def test_sound_is_shifted_against_the_picture(film: Path, pcm: NDArray[np.int16]) -> None:
    heard, voice = hear(film), pcm[8_000:24_000].astype(np.float32)
    lags = range(-800, 801)
    match = [float(heard[8_000 + lag : 24_000 + lag] @ voice) for lag in lags]
    assert abs(lags[int(np.argmax(match))]) <= 16  # a millisecond


def test_mouth_of_the_film_does_not_follow_the_voice(film: Path) -> None:
    with av.open(str(film)) as container:
        frames = np.array([f.to_ndarray(format="gray") for f in container.decode(video=0)], float)
    heard = hear(film)
    edges = np.arange(1, len(frames)) * 1600 // 3
    loud = np.array([np.std(part) for part in np.split(heard, edges)])
    # The middle of the lower face against its look at rest.
    mouth = frames[:, 72:92, 48:80]
    moved = np.abs(mouth - mouth[-3:].mean(axis=0)).mean(axis=(1, 2))
    assert moved[loud > np.quantile(loud, 0.7)].mean() > 1.5 * moved[loud < 0.01].mean()


def test_film_as_a_source_is_refused(film: Path, renderer: MeshRenderer, tmp_path: Path) -> None:
    """Any container with sound goes in, so the output of one run does too."""
    out = tmp_path / "again.mp4"
    done: list[float] = []
    render_file(
        film, out, renderer, EmbeddedModel(), report=lambda seconds, _: done.append(seconds)
    )
    assert done == sorted(done)
    assert done[-1] == pytest.approx(SECONDS + 0.5, abs=2 / 30)
    with av.open(str(out)) as container:
        assert container.duration == pytest.approx((SECONDS + 1) * 1e6, abs=7e4)


def test_a_source_that_changes_in_its_midst_does_not_end_the_film(
    renderer: MeshRenderer, tmp_path: Path
) -> None:
    out = tmp_path / "radio.mp4"
    render_file(write_changing(tmp_path / "radio.aac"), out, renderer, EmbeddedModel())
    seconds = PIECE / 16_000 + PIECE / 48_000
    assert len(hear(out)) / 16_000 == pytest.approx(seconds + 0.5, abs=0.15)


def run(*args: object, capsys: pytest.CaptureFixture[str]) -> str:
    assert main([str(arg) for arg in args]) == 1
    return capsys.readouterr().err.strip()


def test_unusable_source_gives_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.mp4"
    (tmp_path / "text.wav").write_text("no recording")
    silent = tmp_path / "silent.mp4"
    with av.open(str(silent), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width = stream.height = 64
        for packet in stream.encode(av.VideoFrame(64, 64, "yuv420p")) + stream.encode(None):
            container.mux(packet)
    for source, complaint in (
        ("nowhere.wav", "there is no file"),
        ("text.wav", "cannot read"),
        ("silent.mp4", "has no audio track"),
    ):
        error = run(tmp_path / source, "-o", out, "--size", "64x64", capsys=capsys)
        assert error.startswith("visavis: ") and complaint in error and source in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["silent.mp4", "text.wav"]


def test_unwritable_output_is_noticed_at_the_end(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out in (tmp_path, tmp_path / "no folder" / "out.mp4"):
        error = run(recording, "-o", out, "--size", "64x64", capsys=capsys)
        assert error.startswith(f"visavis: cannot write {out}")


def test_failed_run_destroys_the_film_that_was_there(
    renderer: MeshRenderer, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"the last one")
    empty = tmp_path / "empty.wav"
    with wave.open(str(empty), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
    with pytest.raises(RecordingError, match="is empty"):
        render_file(empty, out, renderer, EmbeddedModel())
    assert out.read_bytes() == b"the last one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.wav", "out.mp4"]


@pytest.mark.parametrize("wrong", [("--size", "513x512"), ("--size", "big")])
def test_wrong_option_is_taken(
    recording: Path, tmp_path: Path, wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([str(recording), "-o", str(tmp_path / "out.mp4"), *wrong])
    assert wrong[1] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--head", "nobody", "there is no head"),
        ("--model", "nowhere.onnx", "no Wav2Arkit model"),
        ("--background", "blue", "there is no background 'blue': use #rrggbb"),
        ("--background", "transparent", "must end in .webm or .mov and keep a transparent"),
    ],
)
def test_missing_head_or_model_gives_a_traceback(
    recording: Path,
    tmp_path: Path,
    option: str,
    value: str,
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = run(recording, "-o", tmp_path / "out.mp4", option, value, capsys=capsys)
    assert complaint in error


def frames_with_alpha(path: Path) -> list[NDArray[Any]]:
    """RGBA of each frame; FFmpeg's own VP9 decoder would leave the alpha out."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if path.suffix != ".webm":
            return [frame.to_ndarray(format="rgba") for frame in container.decode(stream)]
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        assert isinstance(decoder, av.VideoCodecContext)
        return [
            frame.to_ndarray(format="rgba")
            for packet in container.demux(stream)
            if packet.size
            for frame in decoder.decode(packet)
        ]


@pytest.mark.parametrize(("suffix", "off"), [(".webm", 24), (".mov", 6)])
def test_a_transparent_background_is_not_black(
    recording: Path, tmp_path: Path, suffix: str, off: int
) -> None:
    film = tmp_path / f"talk{suffix}"
    arguments = [str(recording), "-o", str(film), "--size", "128x160", "--model", "embedded"]
    assert main([*arguments, "--background", "transparent"]) == 0
    frames = frames_with_alpha(film)
    assert len(frames) == pytest.approx(30 * (SECONDS + 0.5), abs=1)
    frame = frames[0].astype(int)
    assert frame.shape == (160, 128, 4)
    assert frame[:8, :8, 3].max() <= 2, "the corner is not empty"
    assert frame[70:90, 54:74, 3].min() >= 250, "the face lets something through"
    edge = (frame[..., 3] > 30) & (frame[..., 3] < 220)
    assert 50 < edge.sum() < 3000, "no soft edge"
    opaque = MeshRenderer(load_head("amy"), 128, 160, "#ff0000")
    drawn = opaque.draw_rgba(np.zeros(52, np.float32), HeadPose()).astype(int)
    alpha = frame[..., 3:] / 255
    over_red = frame[..., :3] * alpha + drawn[2:3, 2:3, :3] * (1 - alpha)
    inside = (slice(40, 60), slice(48, 80))  # forehead, which nothing moves
    assert np.abs(over_red[inside] - drawn[inside][..., :3]).mean() < off
    with av.open(str(film)) as container:
        assert container.streams.audio and container.duration


def test_the_matte_of_a_picture_is_not_guessed() -> None:
    random = np.random.default_rng(0)
    colours = random.uniform(0, 255, (24, 32, 3)).astype(np.float32)
    alpha = random.choice([0, 0.25, 0.5, 1], (24, 32, 1)).astype(np.float32)
    rgba = cut_out(colours * alpha, colours * alpha + 255 * (1 - alpha)).astype(np.float32)
    assert np.abs(rgba[..., 3] - 255 * alpha[..., 0]).max() <= 1
    seen = alpha[..., 0] > 0
    assert np.abs(rgba[..., :3] - colours)[seen].max() <= 4


@pytest.mark.parametrize("size", ["256x256", "720x1280"])
def test_a_size_or_a_background_is_not_ignored(recording: Path, tmp_path: Path, size: str) -> None:
    picture, film = tmp_path / "room.png", tmp_path / "talk.mp4"
    Image.new("RGB", (40, 30), (30, 90, 200)).save(picture)
    arguments = [str(recording), "-o", str(film), "--size", size, "--model", "embedded"]
    assert main([*arguments, "--background", str(picture)]) == 0
    with av.open(str(film)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame.shape[:2] == tuple(map(int, reversed(size.split("x"))))
    assert np.abs(frame[4, 4].astype(int) - (30, 90, 200)).max() <= 4
