"""Nothing that Visavis runs tells its makers about it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def import_all(folder: Path, code: str) -> list[Path]:
    """What onnxruntime leaves behind in a home of its own. It looks itself for the variables of CI,
    and is silent there."""
    env = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    env |= {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    env["HTTPS_PROXY"] = "http://127.0.0.1:9"  # nor does the test report anything
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
    return list(folder.rglob("*onnxruntime*"))


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
    code = f"import sys, {module}; assert 'onnxruntime' in sys.modules"
    assert not import_all(tmp_path, code)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is kept in other places")
def test_it_would_report_if_nobody_turned_that_off(tmp_path: Path) -> None:
    """Else the test above looks in the wrong place."""
    assert import_all(tmp_path, "import onnxruntime")
