"""Nothing that Visavis runs tells its makers about it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "agent.knowledge.minilm",
        "agent.preload",
        "avatar_worker.lipsync.session",
        "bench.lips_windows",
    ],
)
def test_onnxruntime_does_not_report_to_microsoft(tmp_path: Path, module: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    env |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    code = f"import sys, {module}; assert 'onnxruntime' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
    assert not list(tmp_path.rglob("*onnxruntime*"))


def test_it_would_report_if_nobody_turned_that_off(tmp_path: Path) -> None:
    """Else the test above looks in the wrong place."""
    env = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    env |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", "import onnxruntime"], check=True, env=env)
    if sys.platform == "linux":
        assert list(tmp_path.rglob("*onnxruntime*"))
