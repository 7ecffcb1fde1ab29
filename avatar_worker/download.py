"""Fetches Wav2Arkit, the large lip-sync model that Visavis does not carry."""

from __future__ import annotations

import http.client
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WAV2ARKIT_URL: Final = "https://huggingface.co/myned-ai/wav2arkit_cpu/resolve/main"
WAV2ARKIT_FILES: Final = ("wav2arkit_cpu.onnx", "wav2arkit_cpu.onnx.data")
"""The graph, and its weights of about 400 MB, which ONNX Runtime looks for beside it."""
_PIECE = 1 << 20
_TIMEOUT = 30.0


class DownloadError(Exception):
    """A file could not be fetched; the text says which, why, and what to do."""


@dataclass(frozen=True)
class Progress:
    """How far a download is."""

    file: str
    done: int
    """Bytes."""
    total: int | None
    """Bytes, where the server says."""


def show_progress(progress: Progress) -> None:
    """Rewrite one line of stderr."""
    done = progress.done / 1e6
    of = f" of {progress.total / 1e6:.1f}" if progress.total is not None else ""
    end = "\n" if progress.done == progress.total else ""
    sys.stderr.write(f"\r{progress.file}: {done:.1f}{of} MB{end}")
    sys.stderr.flush()


def download_wav2arkit(
    into: Path,
    base_url: str = WAV2ARKIT_URL,
    report: Callable[[Progress], None] = show_progress,
) -> Path:
    """Fetch what is missing of the model into ``into``; return the path of its ONNX file.

    A download that was cut goes on where it stopped. Blocking.
    Raises :class:`DownloadError` where a file cannot be had or written.
    """
    for name in WAV2ARKIT_FILES:
        target = into / name
        try:
            with _writing(into):
                into.mkdir(parents=True, exist_ok=True)
                missing = not target.exists()
            if missing:
                _fetch(f"{base_url}/{name}", target, report)
        except urllib.error.HTTPError as error:
            raise DownloadError(
                f"{base_url}/{name} answered {error.code} {error.reason}. Try again later, or "
                f"download {' and '.join(WAV2ARKIT_FILES)} by hand into {into}"
            ) from error
        except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
            raise DownloadError(
                f"cannot download {base_url}/{name}: {getattr(error, 'reason', error)}. Check the "
                "network and run this again: it goes on where it stopped"
            ) from error
    return into / WAV2ARKIT_FILES[0]


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """An OSError here is the disk's, not the network's."""
    try:
        yield
    except OSError as error:
        raise DownloadError(f"cannot write {target}: {error.strerror or error}") from error


def _fetch(url: str, target: Path, report: Callable[[Progress], None]) -> None:
    part = target.with_name(target.name + ".part")
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "visavis"})
    if done:
        request.add_header("Range", f"bytes={done}-")
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not done:
            raise
        # Nothing lies beyond what is here: either it is whole, or it is not the same file.
        whole = error.headers.get("Content-Range", "").rpartition("/")[2] == str(done)
        if not whole:
            part.unlink()
            return _fetch(url, target, report)
        part.replace(target)
        return None
    with response:
        resumed = response.status == 206
        done = done if resumed else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length is not None else None
        with _writing(part):
            file = part.open("ab" if resumed else "wb")
        with file:
            while piece := response.read(_PIECE):
                with _writing(part):
                    file.write(piece)
                done += len(piece)
                report(Progress(target.name, done, total))
    if total is not None and done < total:
        raise ConnectionError(f"the connection ended {total - done} bytes early")
    part.replace(target)
    return None
