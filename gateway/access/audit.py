"""Who did what, when, and what came of it; never what was said."""

from __future__ import annotations

import json
import logging
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from typing import Final

from .shared_file import SharedFile

logger = logging.getLogger("visavis.audit")

MOST_A_SECOND: Final = 50
"""Entries; the others are counted. A flood must not fill the disk, nor keep the gateway busy."""
MOST_WAITING: Final = 1000
"""Lines that the disk has not taken yet."""
FILE_BYTES: Final = 10_000_000
OLD_FILES: Final = 9


@dataclass(frozen=True)
class Entry:
    """Something that somebody did, or tried to."""

    action: str
    """Method and route, as in ``POST /v1/sessions/{id}/say``, or a word of its own."""
    status: int
    """Of HTTP."""
    problem: str = ""
    """The refusal's code."""
    session: str = ""
    key: str = ""
    """Id of the API key."""
    token: str = ""
    """Id of the visitor's token."""
    origin: str = ""
    address: str = ""

    @property
    def outcome(self) -> str:
        if self.status < 400:
            return "done"
        return "refused" if self.status < 500 else "failed"


class AuditError(RuntimeError):
    """The file cannot be written; the text says why."""


class Audit:
    """Writes entries to the logger ``visavis.audit``, and to a file that is followed by others."""

    def __init__(self, clock: Callable[[], float], path: Path | None) -> None:
        """``clock``: Unix seconds. ``path``: of the file; None: there is none. Raises
        :class:`AuditError`."""
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.open("a").close()
            except OSError as error:
                raise AuditError(f"AUDIT_LOG={path} cannot be written: {error.strerror}") from None
        self._clock = clock
        self._path = path
        self._second = 0
        self._written = 0
        self._left_out = 0

    @contextmanager
    def writing(self) -> Iterator[None]:
        """While the file is open."""
        if self._path is None:
            yield
            return
        file = SharedFile(self._path, most_bytes=FILE_BYTES, old_files=OLD_FILES)
        waiting: queue.Queue[logging.LogRecord] = queue.Queue(MOST_WAITING)
        handler = _Waiting(waiting)
        listener = QueueListener(waiting, file)
        listener.start()
        logger.addHandler(handler)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            listener.stop()
            file.close()

    def record(self, entry: Entry) -> None:
        now = self._clock()
        if int(now) != self._second:
            if self._left_out:
                self._write(now, {"action": "audit", "left_out": self._left_out})
            self._second, self._written, self._left_out = int(now), 0, 0
        if self._written >= MOST_A_SECOND:
            self._left_out += 1
            return
        self._written += 1
        given = {name: value for name, value in asdict(entry).items() if value}
        self._write(now, given | {"outcome": entry.outcome})

    def _write(self, now: float, fields: dict[str, object]) -> None:
        at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
        logger.info("%s", json.dumps({"at": at, **fields}))


class _Waiting(QueueHandler):
    """Leaves the disk to a thread, and drops lines where that cannot follow."""

    def enqueue(self, record: logging.LogRecord) -> None:
        with suppress(queue.Full):
            self.queue.put_nowait(record)
