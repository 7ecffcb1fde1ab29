"""A file of lines that several gateways on one machine write."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path


class SharedFile(RotatingFileHandler):
    """Keeps the last so many bytes of it, and as much in each of some old files. Blocking.

    Who writes has the file to itself, and opens it anew for each line: another gateway may have
    turned it over since the last one.
    """

    def __init__(self, path: Path, *, most_bytes: int, old_files: int) -> None:
        super().__init__(path, maxBytes=most_bytes, backupCount=old_files, delay=True)
        self._lock_path = lock_path(path)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            with _alone(self._lock_path):
                super().emit(record)
                self.close()
        except OSError:
            self.handleError(record)


def lock_path(path: Path) -> Path:
    """Of the empty file beside it that stands for the right to write it."""
    return path.with_name(f"{path.name}.lock")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("a") as lock:  # closed, it is let go
        if sys.platform != "win32":  # there each gateway needs a file of its own
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
