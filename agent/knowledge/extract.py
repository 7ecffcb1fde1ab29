"""Reading a stranger's file in a process that may fail, hang or grow without harm.

The process gets the bytes on its standard input and gives the text on its standard output. Linux
ends it at its limits of CPU time and memory; everywhere it is killed at its limit of time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from .formats import MOST_TEXT
from .passage import Block, Extract, KnowledgeError

MOST_BYTES: Final = 20_000_000
"""Of a file."""
_ROOT: Final = Path(__file__).parents[2]
_NEEDED: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMPDIR")


@dataclass(frozen=True)
class Limits:
    """What reading one file may take."""

    seconds: float = 60.0
    cpu_seconds: int = 20
    memory: int = 1 << 30
    """Bytes of address space; Linux only."""


def extract(
    name: str, data: bytes, content_type: str = "", limits: Limits | None = None
) -> Extract:
    """The text of a file. Blocks for 0.1 s up to ``limits.seconds``.

    Args:
        name: What people know it by: a file's name, or a URL.
        content_type: As a server said, with its parameters, or empty.

    Raises:
        KnowledgeError: It cannot be read; the text says why in one sentence.
    """
    limits = limits or Limits()
    if len(data) > MOST_BYTES:
        raise KnowledgeError(f"{name} has {len(data)} bytes, {MOST_BYTES} at most")
    head = json.dumps({"name": name, "content_type": content_type, **asdict(limits)})
    process = subprocess.Popen(
        [sys.executable, "-I", str(Path(__file__).with_name("extract_process.py")), str(_ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Neither a key nor a path of ours, should a reader be led to look for one.
        env={name: os.environ[name] for name in _NEEDED if name in os.environ},
        cwd=Path(sys.executable).anchor,
    )
    try:
        output, _ = process.communicate(head.encode() + b"\n" + data, limits.seconds)
    except subprocess.TimeoutExpired:
        raise KnowledgeError(f"{name} takes longer than {limits.seconds:g} s to read") from None
    finally:
        process.kill()
        process.wait()
    return _answer(name, output, limits)


def _answer(name: str, output: bytes, limits: Limits) -> Extract:
    try:
        answer = json.loads(output)
    except ValueError:  # it was ended in the middle
        raise KnowledgeError(
            f"{name} is broken, or needs more than {limits.cpu_seconds} s or "
            f"{limits.memory >> 20} MB to read"
        ) from None
    if "error" in answer:
        raise KnowledgeError(answer["error"])
    return Extract(answer["title"], tuple(Block(*block) for block in answer["blocks"]))


__all__ = ["MOST_BYTES", "MOST_TEXT", "Limits", "extract"]
