"""What a newcomer meets: readiness that is true, Ctrl-C that stops everything, plain sentences."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil

from bench.livekit import free_ports, start_livekit
from bench.system import running_system


def demo(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo"],
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_ctrl_c_leaves_no_process_behind() -> None:
    with running_system() as system:
        with urllib.request.urlopen(system.gateway) as page:
            assert b"<script" in page.read()
        family = psutil.Process(system.demo.pid).children(recursive=True)
        assert len(family) > 6
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert not alive, [" ".join(process.cmdline()) for process in alive]
    assert len(gone) == len(family)


def test_a_busy_port_is_named_with_its_remedy() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        run = demo({"PORT": str(port)})
    assert run.returncode == 1
    assert f"port {port} is in use" in run.stderr and "PORT=" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_wrong_livekit_key_is_named(tmp_path: Path) -> None:
    with start_livekit(tmp_path) as livekit:
        run = demo(
            {
                "LIVEKIT_URL": livekit.url,
                "LIVEKIT_API_KEY": livekit.api_key,
                "LIVEKIT_API_SECRET": "not-the-secret-but-long-enough-for-it",
                "PORT": str(free_ports(1)[0]),
            }
        )
    assert run.returncode == 1
    assert "LIVEKIT_API_SECRET" in run.stderr and "Traceback" not in run.stderr


def test_an_absent_livekit_server_is_named() -> None:
    url = f"ws://127.0.0.1:{free_ports(1)[0]}"
    run = demo({"LIVEKIT_URL": url, "PORT": str(free_ports(1)[0])})
    assert run.returncode == 1
    assert url in run.stderr and "Traceback" not in run.stderr


def test_a_wrong_setting_is_named_with_its_value() -> None:
    run = demo({"AVATAR_WIDTH": "511"})
    assert run.returncode == 2
    assert "AVATAR_WIDTH" in run.stderr and "511" in run.stderr
