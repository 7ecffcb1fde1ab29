"""Asks for the graphics card in a process of its own: ``python -m avatar_worker.render_gl.probe``.

A driver that was loaded before a fork fails after it, and one that hangs or crashes shall not take
the worker with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Final

from .context import GpuError, open_card

_PATIENCE: Final = 20.0
"""Seconds; a card that sleeps takes some to wake."""


@dataclass(frozen=True)
class Answer:
    """``name``: the card's; empty where there is none, and ``reason`` says why."""

    name: str = ""
    reason: str = ""


def find_gpu() -> Answer:
    """Blocking, some tenths of a second. Raises nothing."""
    if find_spec("moderngl") is None:
        return Answer(reason="moderngl is not installed (python -m pip install --group gpu)")
    command = [sys.executable, "-m", "avatar_worker.render_gl.probe"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
        return Answer(**json.loads(done.stdout.splitlines()[-1]))
    except subprocess.TimeoutExpired:
        return Answer(reason=f"its driver did not answer within {_PATIENCE:.0f} s")
    except subprocess.CalledProcessError as error:
        return Answer(reason=f"its driver crashed (exit status {error.returncode})")
    except (OSError, ValueError, TypeError, IndexError) as error:
        return Answer(reason=f"asking for it failed: {error}")


def _ask() -> Answer:
    try:
        return Answer(name=open_card().name)
    except GpuError as error:
        return Answer(reason=str(error))


if __name__ == "__main__":
    print(json.dumps(asdict(_ask())))
