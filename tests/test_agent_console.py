"""``python -m agent console``, as somebody types it."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.console import sound_problem

PATIENCE = 120.0
CONSOLE = [sys.executable, "-m", "agent", "console"]
NO_KEYS = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("OPENAI_", "ELEVEN_", "LIVEKIT_"))
}


def test_a_question_piped_in_is_left_unanswered() -> None:
    done = subprocess.run(
        CONSOLE,
        input="\nWhat is the capital of France?\n",
        env=NO_KEYS,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [answer] = done.stdout.splitlines()
    assert "Paris" in answer
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal")
@pytest.mark.parametrize("portaudio", ["", "raise OSError('PortAudio library not found')"])
def test_the_text_console_does_not_open_in_a_terminal_or_never_ends(
    portaudio: str, tmp_path: Path
) -> None:
    (tmp_path / "sounddevice.py").write_text(portaudio)
    master, slave = pty.openpty()
    console = subprocess.Popen(
        [*CONSOLE, "--text"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=NO_KEYS | {"PYTHONPATH": str(tmp_path)},
    )
    os.close(slave)
    try:
        if portaudio:
            os.write(master, b"What is the capital of France?\n")
            assert "Paris" in read_until(master, "Paris")
            os.write(master, b"\x04")
        else:
            assert "shortcuts" in read_until(master, "shortcuts")  # LiveKit's prompt
            console.send_signal(signal.SIGINT)
        assert "Traceback" not in read_until(master, None)
        assert console.wait(PATIENCE) == 0
    finally:
        console.kill()
        console.wait()
        os.close(master)


def read_until(terminal: int, text: str | None) -> str:
    """What the terminal shows, up to ``text`` or its end."""
    shown = ""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit and (text is None or text not in shown):
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                shown += os.read(terminal, 65536).decode(errors="replace")
            except OSError:  # how Linux tells the end
                return shown
    return shown


@pytest.mark.parametrize(
    ("sounddevice", "advice"),
    [
        ("raise OSError('PortAudio library not found')", "libportaudio2"),
        (
            "class PortAudioError(Exception): pass\n"
            "def query_devices(kind): raise PortAudioError(kind)",
            "microphone",
        ),
    ],
)
def test_a_machine_without_sound_shows_a_traceback(
    sounddevice: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sounddevice.py").write_text(sounddevice)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    problem = sound_problem()
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    assert problem is not None
    assert advice in problem
    assert "console --text" in problem
