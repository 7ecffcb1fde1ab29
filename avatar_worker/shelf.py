"""Heads that were loaded once, as files that every process maps: shared, and there at once.

To load a head takes a second of Python, in which voice and pictures of the same process would wait
their turn for the interpreter. So a room that is speaking has another process do it.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from avatar_worker import render
from avatar_worker.heads import HeadError, find_head
from avatar_worker.render import Head, load_head

_ALIGNED: Final = 64
"""Bytes: arrays begin where compiled code likes them to."""
_PATIENCE: Final = 60.0
"""Seconds that another process may take to load a head."""
_IDLE: Final = 19
"""Nice value of that process: a second more does not matter to anybody."""


class Shelf:
    """A folder of loaded heads. They are pickles: whoever can write there could as well change the
    code."""

    def __init__(self, folder: Path | None = None) -> None:
        """``folder``: beside the compiled code unless given: ``NUMBA_CACHE_DIR`` or
        ``__pycache__``."""
        self._folder = folder or Path(
            os.environ.get("NUMBA_CACHE_DIR") or Path(find_head("amy")).parent / "__pycache__"
        )

    def load(self, head: str | Path) -> Head:
        """Load a head here, unless it lies on the shelf. Blocking; raises as :func:`load_head`."""
        path = find_head(head)
        stored = self._place(path)
        with suppress(OSError):  # there is none, or it is another user's alone
            return _map(stored)
        loaded = load_head(path)
        try:
            _store(loaded, stored, path)
            return _map(stored)
        except OSError:  # a folder that cannot be written costs the sharing alone
            return loaded

    def load_apart(self, head: str | Path) -> Head:
        """As :meth:`load`, in another process. Raises :class:`HeadError`, too, where that fails."""
        path = find_head(head)
        stored = self._place(path)
        with suppress(OSError):
            return _map(stored)
        with tempfile.TemporaryDirectory(prefix="visavis-head-") as spare:
            fallback = Path(spare) / stored.name
            command = [sys.executable, "-m", "avatar_worker.shelf"]
            command += map(str, (path, stored, fallback))
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            try:
                done = subprocess.run(
                    command, env=environment, capture_output=True, text=True, timeout=_PATIENCE
                )
            except subprocess.TimeoutExpired:
                raise HeadError(f"{head} was not loaded within {_PATIENCE:.0f} s") from None
            if done.returncode:
                said = done.stderr.strip().splitlines() or [f"{head}: its process died"]
                raise HeadError(said[-1])
            try:
                return _map(stored)
            except OSError:
                return _map(fallback)

    def _place(self, path: Path) -> Path:
        """Another one for another state of the file, and of the code that reads it."""
        at, state = str(path.resolve()), path.stat()
        of = f"{state.st_mtime_ns}:{state.st_size}:{_code()}"
        names = (hashlib.sha256(text.encode()).hexdigest()[:16] for text in (at, of))
        return self._folder / f"{'-'.join(names)}.head"


@cache
def _code() -> str:
    """Of what makes a head of a file."""
    digest = hashlib.sha256(np.__version__.encode())
    for source in sorted(Path(render.__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _store(head: Head, place: Path, source: Path) -> None:
    """For whoever may read ``source``: a worker may have been started by another user once."""
    buffers: list[pickle.PickleBuffer] = []
    document = pickle.dumps(head, protocol=5, buffer_callback=buffers.append)
    raws = [buffer.raw() for buffer in buffers]
    index = pickle.dumps((document, [len(raw) for raw in raws]))
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent)
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(len(index).to_bytes(8, "little") + index)
            for raw in raws:
                file.write(bytes(-file.tell() % _ALIGNED))
                file.write(raw)
        written.chmod(0o600 | source.stat().st_mode & 0o444)
        for older in place.parent.glob(f"{place.name.partition('-')[0]}-*.head"):
            older.unlink(missing_ok=True)  # who has mapped it keeps it
        written.replace(place)
    except OSError:
        written.unlink(missing_ok=True)
        raise


def _map(place: Path) -> Head:
    with place.open("rb") as file:
        mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    at = 8 + int.from_bytes(mapped[:8], "little")
    document, lengths = pickle.loads(mapped[8:at])
    buffers = []
    for length in lengths:
        at += -at % _ALIGNED
        buffers.append(mapped[at : at + length])
        at += length
    head: Head = pickle.loads(document, buffers=buffers)
    return head


def _main(path: str, *places: str) -> None:
    """Load a head and store it in the first place that can be written."""
    if hasattr(os, "nice"):
        os.nice(_IDLE)
    try:
        head = load_head(Path(path))
    except (HeadError, OSError) as error:
        sys.exit(str(error))
    for place in places:
        try:
            return _store(head, Path(place), Path(path))
        except OSError as error:
            problem = error
    sys.exit(f"a loaded head cannot be stored: {problem}")


if __name__ == "__main__":
    _main(*sys.argv[1:])
