"""ONNX sessions: opened at first use, one a process."""

from __future__ import annotations

import threading
from pathlib import Path

import onnxruntime as ort

from avatar_worker.lipsync.base import LipSyncError


def open_session(path: Path, threads: int = 1) -> ort.InferenceSession:
    """Raises :class:`LipSyncError` where ``path`` is not a model that ONNX Runtime can load."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin between two hops would take the core from the renderer.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions share no base class
        reason = str(error).splitlines()[0]
        raise LipSyncError(
            f"cannot load the lip-sync model {path}: {reason}. Download it again, "
            "with its external data file beside it if it has one."
        ) from error


class LazySession:
    """A session that opens once, whichever thread asks first; running it is thread-safe."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.path = path
        self._threads = threads
        self._lock = threading.Lock()
        self._session: ort.InferenceSession | None = None

    def get(self) -> ort.InferenceSession:
        """Raises :class:`LipSyncError`."""
        with self._lock:
            if self._session is None:
                self._session = open_session(self.path, self._threads)
            return self._session
