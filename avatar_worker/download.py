"""Fetches Wav2Arkit, the large lip-sync model that Visavis does not carry."""

from __future__ import annotations

import hashlib
import http.client
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Final

WAV2ARKIT_URL: Final = "https://huggingface.co/myned-ai/wav2arkit_cpu/resolve/main"
WAV2ARKIT_FILES: Final = ("wav2arkit_cpu.onnx", "wav2arkit_cpu.onnx.data")
"""The graph, and its weights of about 400 MB, which ONNX Runtime looks for beside it."""
WAV2ARKIT_FOLDER: Final = Path(".cache/wav2arkit")
"""Where they are put and looked for, seen from the folder that a command runs in."""
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


def show_notice(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def fetched_wav2arkit(folder: Path = WAV2ARKIT_FOLDER) -> Path | None:
    """The model's ONNX file in ``folder``; None while it or its weights are not there."""
    is_whole = all((folder / name).is_file() for name in WAV2ARKIT_FILES)
    return folder / WAV2ARKIT_FILES[0] if is_whole else None


def download_wav2arkit(
    into: Path = WAV2ARKIT_FOLDER,
    base_url: str = WAV2ARKIT_URL,
    report: Callable[[Progress], None] = show_progress,
    notify: Callable[[str], None] = show_notice,
) -> Path:
    """Fetch what is missing of the model into ``into``; return the path of its ONNX file.

    A download that was cut goes on where it stopped. What arrives is checked against the SHA-256
    that the server states, as Hugging Face does of large files, and that is noted beside the file
    for ``sha256sum -c``; ``notify`` is told of the files of which the server states none. Blocking.
    Raises :class:`DownloadError` where a file cannot be had or written, or arrives damaged; it is
    then deleted. Also where another process is fetching into ``into``.
    """
    if (whole := fetched_wav2arkit(into)) is not None:
        return whole
    unchecked = []
    with _lock(into):
        for name in WAV2ARKIT_FILES:
            target = into / name
            try:
                if not target.exists() and not _fetch(f"{base_url}/{name}", target, report):
                    unchecked.append(name)
            except urllib.error.HTTPError as error:
                raise DownloadError(
                    f"{base_url}/{name} answered {error.code} {error.reason}. Try again later, or "
                    f"download {' and '.join(WAV2ARKIT_FILES)} by hand into {into}"
                ) from error
            except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
                raise DownloadError(
                    f"cannot download {base_url}/{name}: {getattr(error, 'reason', error)}. Check "
                    "the network and run this again: it goes on where it stopped"
                ) from error
    if unchecked:
        notify(f"not checked, since the server states no SHA-256: {', '.join(unchecked)}")
    return into / WAV2ARKIT_FILES[0]


def _lock(folder: Path) -> IO[bytes]:
    """Until it is closed no other process fetches into ``folder``: two would write one file.

    The system takes it back from a process that dies; the file stays, and says nothing.
    """
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("ab")
        if sys.platform == "win32":
            return lock
        import fcntl

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise DownloadError("another download-files is at it; wait for it") from None
    return lock


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """An OSError here is the disk's, not the network's."""
    try:
        yield
    except OSError as error:
        raise DownloadError(f"cannot write {target}: {error.strerror or error}") from error


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows them, and keeps the SHA-256 that the first one to state any states.

    Hugging Face states it of the file itself; the store that it redirects to need not.
    """

    def __init__(self) -> None:
        self.stated: str | None = None

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        self.stated = self.stated or _stated_in(headers)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _stated_in(headers: Message) -> str | None:
    """The SHA-256 in lower case; other tags, of smaller files, are not of their bytes."""
    for name in ("X-Linked-Etag", "ETag"):
        tag = headers.get(name, "").removeprefix("W/").strip('"').lower()
        if re.fullmatch("[0-9a-f]{64}", tag):
            return tag
    return None


def _fetch(url: str, target: Path, report: Callable[[Progress], None]) -> bool:
    """Answer whether what arrived could be checked."""
    part = target.with_name(target.name + ".part")
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "visavis"})
    if done:
        request.add_header("Range", f"bytes={done}-")
    redirects = _Redirects()
    try:
        response = urllib.request.build_opener(redirects).open(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not done:
            raise
        # Nothing lies beyond what is here: either it is whole, or it is not the same file.
        whole = error.headers.get("Content-Range", "").rpartition("/")[2] == str(done)
        if not whole:
            part.unlink()
            return _fetch(url, target, report)
        return _accept(part, target, redirects.stated or _stated_in(error.headers))
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
    return _accept(part, target, redirects.stated or _stated_in(response.headers))


def _accept(part: Path, target: Path, stated: str | None) -> bool:
    """Let ``part`` be ``target`` unless it is damaged; answer whether that could be told."""
    if stated is not None:
        with part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != stated:
            part.unlink()
            raise DownloadError(
                f"{target.name} arrived damaged: its SHA-256 is {found}, the server states "
                f"{stated}. It was deleted; run this again to fetch it anew"
            )
        with _writing(target):
            note = target.with_name(target.name + ".sha256")
            note.write_text(f"{found}  {target.name}\n", encoding="ascii")
    with _writing(target):
        part.replace(target)
    return stated is not None
