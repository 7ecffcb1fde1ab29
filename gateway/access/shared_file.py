"""A file of lines that several gateways on one machine write."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

logger = logging.getLogger("visavis.gateway")


class SharedFile(RotatingFileHandler):
    """Keeps the last so many bytes of it, and as much in each of some old files. Blocking.

    Who writes has the file to itself, and opens it anew for each line: another gateway may have
    turned it over since the last one.
    """

    def __init__(self, path: Path, *, most_bytes: int, old_files: int) -> None:
        super().__init__(path, maxBytes=most_bytes, backupCount=old_files, delay=True)
        self._lock_path = path.with_name(f"{path.name}.lock")
        self._warned = False

    def emit(self, record: logging.LogRecord) -> None:
        with self._alone():
            super().emit(record)
            self.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Where the file system cannot lock, or the folder takes no other file: without."""
        with ExitStack() as lock:
            try:
                _lock(lock.enter_context(self._lock_path.open("a")))
            except OSError as error:
                if not self._warned:
                    logger.warning(
                        "%s cannot be locked (%s): let no other gateway write %s",
                        self._lock_path,
                        error.strerror,
                        self.baseFilename,
                    )
                self._warned = True
            yield


def _lock(file: IO[str]) -> None:
    """Closed, it is let go."""
    if sys.platform != "win32":  # there each gateway needs a file of its own
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
