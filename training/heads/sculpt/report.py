"""What a build made, so that anyone can see that the shipped heads are those."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

REPORT: Final = Path(__file__).parents[1] / "report.json"


def describe(path: Path, triangles: dict[str, int]) -> dict[str, Any]:
    """The report's entry for one head."""
    data = path.read_bytes()
    return {
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "triangles": triangles | {"all": sum(triangles.values())},
    }


def read_report() -> dict[str, Any]:
    """Entries by the head's name."""
    report: dict[str, Any] = json.loads(REPORT.read_text("utf-8")) if REPORT.exists() else {}
    return report


def write_report(entries: dict[str, Any]) -> None:
    """Replace the entries of the heads that were built."""
    text = json.dumps(dict(sorted((read_report() | entries).items())), indent=2)
    REPORT.write_text(text + "\n", "utf-8")
