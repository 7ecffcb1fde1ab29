"""From a name to a head that is ready to be drawn."""

from __future__ import annotations

from pathlib import Path

from avatar_worker.heads import find_head

from .head import Head
from .reader import read_head
from .survey import put_unseen_last


def load_head(name_or_path: str | Path) -> Head:
    """Load one of the heads that come with Visavis, or any head file (``docs/heads.md``).

    Takes about a second; load before forking.

    Raises :class:`HeadError` for a file that cannot be used and :class:`FileNotFoundError`
    where there is none.
    """
    return put_unseen_last(read_head(find_head(name_or_path)))
