"""What libraries would tell their makers."""

from __future__ import annotations

import os


def turn_off() -> None:
    """To be called before anything imports ``onnxruntime``: the import alone writes an identifier
    of the machine into the user's cache and sends Microsoft what runs, unless this is set (its
    ``Privacy.md``). Whoever wants that sets the variable to 0."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
