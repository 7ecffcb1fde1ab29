"""The process that brings the index up to date, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.knowledge.__main__ import main
from agent.knowledge.choose import reading
from settings import Settings


@pytest.fixture(autouse=True)
def usual_ctrl_c() -> Iterator[None]:
    """Not that of whoever started the tests, who may ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is inherited there")
def test_ctrl_c_is_not_heard_by_the_agents_own_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even while it begins: whatever it is, it is started deaf."""
    started: list[subprocess.Popen[bytes]] = []
    code = "import signal; raise SystemExit(signal.getsignal(signal.SIGINT) != signal.SIG_IGN)"

    def instead(_: list[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(popen([sys.executable, "-c", code], **options))
        return started[-1]

    popen = subprocess.Popen
    monkeypatch.setattr("agent.knowledge.choose.subprocess.Popen", instead)
    with reading(Settings(_env_file=None, agent_knowledge="a.md")):
        assert [each.wait() for each in started] == [0]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_is_not_a_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(os, "nice", lambda _: 0)  # this process is to stay as it is
    monkeypatch.setattr("agent.knowledge.__main__.update", interrupted)
    try:
        status = main(["--index", str(tmp_path / "index.sqlite"), "update", "a.md"])
    except KeyboardInterrupt:  # which would end the tests as well
        status = None
    assert status == 130


def test_a_reader_that_is_done_does_not_crash_for_its_open_input(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Ferry\n\nIt leaves at nine.\n")
    command = [sys.executable, "-m", "agent.knowledge", "--index", str(tmp_path / "index.sqlite")]
    command += ["update", "--while-read", "--no-vectors", str(tmp_path / "a.md")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.wait() == 0
        assert process.stderr is not None and process.stderr.read() == b""
