"""Heads that a worker has loaded, as files that all its rooms map: shared, and there at once.

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
from pathlib import Path
from typing import Final

from avatar_worker.heads import find_head
from avatar_worker.mesh import MeshFigure
from avatar_worker.render import Head, HeadError, load_head

_ALIGNED: Final = 64
"""Bytes: arrays begin where compiled code likes them to."""
_PATIENCE: Final = 60.0
"""Seconds that another process may take to load a head."""


class Shelf:
    """The files of one worker, in a folder that only it can write: they are pickles."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, head: str) -> MeshFigure:
        """Load a head here, unless it lies on the shelf. Blocking; raises as :func:`load_head`."""
        path = find_head(head)
        stored = self._place(path)
        if not stored.exists():
            loaded = load_head(path)
            try:
                _store(loaded, stored)
            except OSError:  # a full disk costs the sharing alone
                return MeshFigure(loaded)
        return MeshFigure(_map(stored))

    def load_apart(self, head: str) -> MeshFigure:
        """As :meth:`load`, in another process. Raises :class:`HeadError`, too, where that fails."""
        path = find_head(head)
        stored = self._place(path)
        if not stored.exists():
            command = [sys.executable, "-m", "avatar_worker.shelf", str(path), str(stored)]
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            try:
                done = subprocess.run(
                    command, env=environment, capture_output=True, text=True, timeout=_PATIENCE
                )
            except subprocess.TimeoutExpired:
                raise HeadError(f"{head} was not loaded within {_PATIENCE:.0f} s") from None
            if done.returncode:
                said = done.stderr.strip().splitlines() or ["its process died"]
                raise HeadError(said[-1])
        return MeshFigure(_map(stored))

    def _place(self, path: Path) -> Path:
        state = path.stat()
        of = f"{path.resolve()}:{state.st_mtime_ns}:{state.st_size}"
        return self._folder / f"{hashlib.sha256(of.encode()).hexdigest()[:32]}.head"


def _store(head: Head, place: Path) -> None:
    buffers: list[pickle.PickleBuffer] = []
    document = pickle.dumps(head, protocol=5, buffer_callback=buffers.append)
    raws = [buffer.raw() for buffer in buffers]
    index = pickle.dumps((document, [len(raw) for raw in raws]))
    with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
        file.write(len(index).to_bytes(8, "little") + index)
        for raw in raws:
            file.write(bytes(-file.tell() % _ALIGNED))
            file.write(raw)
    Path(file.name).replace(place)


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


def _main(path: str, place: str) -> None:
    try:
        _store(load_head(Path(path)), Path(place))
    except (HeadError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    _main(*sys.argv[1:])
