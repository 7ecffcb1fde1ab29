"""``python -m bench NAME``."""

from __future__ import annotations

import sys
from collections.abc import Callable

from bench import conversation

BENCHMARKS: dict[str, Callable[[], None]] = {"conversation": conversation.main}


def main() -> None:
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in BENCHMARKS:
        sys.exit(f"usage: python -m bench {'|'.join(BENCHMARKS)}")
    BENCHMARKS[name]()


if __name__ == "__main__":
    main()
