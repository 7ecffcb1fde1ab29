"""A file of SQLite that is read while somebody writes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Final

_AGAIN: Final = 0.01
"""Seconds from one try to the next."""


def write_ahead(
    connection: sqlite3.Connection, wait: float, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Set the file to write-ahead logging (WAL), if need be within ``wait`` seconds. Blocking.

    When several programs do so in one moment to a new file SQLite refuses all but one of them at
    once, whatever its ``busy_timeout``: they would wait for each other for ever
    (https://sqlite.org/c3ref/busy_handler.html). Raises :class:`sqlite3.Error`.
    """
    until = time.monotonic() + wait
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            sleep(_AGAIN)
        else:
            return
