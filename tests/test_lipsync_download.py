"""Fetching Wav2Arkit, from a server on this machine."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from avatar_worker.download import (
    WAV2ARKIT_FILES,
    DownloadError,
    Progress,
    download_wav2arkit,
    fetched_wav2arkit,
)

FILES = {WAV2ARKIT_FILES[0]: b"graph" * 100, WAV2ARKIT_FILES[1]: bytes(range(256)) * 12_000}


class Site(ThreadingHTTPServer):
    """Serves FILES with ranges; may cut a transfer short, lose a file or state what is not so.

    As Hugging Face does, it redirects to a store, and states a file's SHA-256 when it does.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cut_after: int | None = None
        self.lost: str | None = None
        self.ranges: list[str | None] = []
        self.tags = {name: f'"{hashlib.sha256(body).hexdigest()}"' for name, body in FILES.items()}
        self.tag_of_store: str | None = None
        self.url = f"http://127.0.0.1:{self.server_address[1]}/resolve/main"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site = self.server
        assert isinstance(site, Site)
        name = self.path.rpartition("/")[2]
        asked = self.headers.get("Range")
        if self.path.startswith("/resolve/"):
            self.send_response(302)
            if name in site.tags:
                self.send_header("X-Linked-Etag", site.tags[name])
            self.send_header("ETag", '"the tag of another file"')
            self.send_header("Location", f"/store/{name}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        site.ranges.append(asked)
        if name == site.lost or name not in FILES:
            self.send_error(404)
            return
        body = FILES[name]
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.end_headers()
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body) - start))
        if site.tag_of_store is not None:
            self.send_header("ETag", site.tag_of_store)
        self.end_headers()
        self.wfile.write(body[start : site.cut_after and start + site.cut_after])

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def quiet(_progress: Progress) -> None:
    pass


def assert_complete(folder: Path) -> None:
    notes = {
        f"{name}.sha256": f"{hashlib.sha256(body).hexdigest()}  {name}\n".encode()
        for name, body in FILES.items()
    }
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert found == FILES | notes | {".lock": b""}


def test_model_arrives_without_its_weights(site: Site, tmp_path: Path) -> None:
    seen: list[Progress] = []
    path = download_wav2arkit(tmp_path / "cache", site.url, seen.append)
    assert path == tmp_path / "cache" / WAV2ARKIT_FILES[0]
    assert_complete(path.parent)
    size = len(FILES[WAV2ARKIT_FILES[1]])
    assert seen[-1] == Progress(WAV2ARKIT_FILES[1], size, size)


def test_model_is_fetched_again_every_time(site: Site, tmp_path: Path) -> None:
    download_wav2arkit(tmp_path, site.url, quiet)
    site.ranges.clear()
    download_wav2arkit(tmp_path, site.url, quiet)
    assert site.ranges == []


def test_cut_download_begins_from_nothing(site: Site, tmp_path: Path) -> None:
    site.cut_after = 1_500_000
    with pytest.raises(DownloadError, match=r"bytes early.* goes on where it stopped"):
        download_wav2arkit(tmp_path, site.url, quiet)
    assert not (tmp_path / WAV2ARKIT_FILES[1]).exists()
    site.ranges.clear()
    site.cut_after = None
    download_wav2arkit(tmp_path, site.url, quiet)
    assert site.ranges == ["bytes=1500000-"]
    assert_complete(tmp_path)


def test_whole_part_file_is_never_finished(site: Site, tmp_path: Path) -> None:
    """The process died between the last byte and the rename."""
    (tmp_path / f"{WAV2ARKIT_FILES[1]}.part").write_bytes(FILES[WAV2ARKIT_FILES[1]])
    download_wav2arkit(tmp_path, site.url, quiet)
    assert_complete(tmp_path)


def test_part_of_a_longer_file_is_kept(site: Site, tmp_path: Path) -> None:
    (tmp_path / f"{WAV2ARKIT_FILES[0]}.part").write_bytes(b"x" * 10_000)
    download_wav2arkit(tmp_path, site.url, quiet)
    assert_complete(tmp_path)


def test_missing_file_says_nothing_useful(site: Site, tmp_path: Path) -> None:
    site.lost = WAV2ARKIT_FILES[1]
    with pytest.raises(DownloadError, match=r"onnx\.data answered 404 .* by hand into"):
        download_wav2arkit(tmp_path, site.url, quiet)


def test_offline_machine_gets_a_traceback(tmp_path: Path) -> None:
    with Site() as closed:
        url = closed.url
    with pytest.raises(DownloadError, match=r"cannot download .*refused.*Check the network"):
        download_wav2arkit(tmp_path, url, quiet)


def test_folder_that_cannot_be_written_blames_the_network(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match="cannot write"):
        download_wav2arkit(tmp_path / "file" / "cache", site.url, quiet)


@pytest.mark.parametrize("cut", [None, 1_500_000], ids=["at once", "resumed"])
def test_damaged_model_is_kept(site: Site, tmp_path: Path, cut: int | None) -> None:
    name = WAV2ARKIT_FILES[1]
    site.tags[name] = f'"{"0123456789abcdef" * 4}"'
    if cut is not None:
        site.cut_after = cut
        with pytest.raises(DownloadError, match="bytes early"):
            download_wav2arkit(tmp_path, site.url, quiet)
        site.cut_after = None
    with pytest.raises(DownloadError, match=r"data arrived damaged: .* states 0123.* run this"):
        download_wav2arkit(tmp_path, site.url, quiet)
    assert not list(tmp_path.glob(f"{name}*"))
    assert fetched_wav2arkit(tmp_path) is None


def test_part_that_was_damaged_on_the_disk_is_kept(site: Site, tmp_path: Path) -> None:
    (tmp_path / f"{WAV2ARKIT_FILES[1]}.part").write_bytes(b"x" * 1_000)
    with pytest.raises(DownloadError, match="arrived damaged"):
        download_wav2arkit(tmp_path, site.url, quiet)
    download_wav2arkit(tmp_path, site.url, quiet)
    assert_complete(tmp_path)


def test_digest_that_only_the_store_states_is_not_seen(site: Site, tmp_path: Path) -> None:
    site.tags.clear()
    site.tag_of_store = f'W/"{"0" * 64}"'
    with pytest.raises(DownloadError, match="arrived damaged"):
        download_wav2arkit(tmp_path, site.url, quiet)


@pytest.mark.parametrize("tag", [None, '"d41d8cd98f00b204e9800998ecf8427e"', '"0-1"'])
def test_unchecked_model_is_passed_over_in_silence(
    site: Site, tmp_path: Path, tag: str | None
) -> None:
    site.tags.clear()
    site.tag_of_store = tag
    said: list[str] = []
    download_wav2arkit(tmp_path, site.url, quiet, said.append)
    assert said == [
        "not checked, since the server states no SHA-256: " + ", ".join(WAV2ARKIT_FILES)
    ]
    assert {path.name for path in tmp_path.iterdir()} == {*WAV2ARKIT_FILES, ".lock"}


def test_checked_model_is_complained_about(site: Site, tmp_path: Path) -> None:
    said: list[str] = []
    assert download_wav2arkit(tmp_path, site.url, quiet, said.append) == fetched_wav2arkit(tmp_path)
    assert said == []


@pytest.mark.skipif(sys.platform == "win32", reason="no flock")
def test_two_downloads_at_once_write_one_file(site: Site, tmp_path: Path) -> None:
    refused: list[Progress] = []

    def again(progress: Progress) -> None:
        with pytest.raises(DownloadError, match="another download-files is at it; wait for it"):
            download_wav2arkit(tmp_path, site.url, quiet)
        refused.append(progress)

    download_wav2arkit(tmp_path, site.url, again)
    assert refused and len(site.ranges) == len(FILES)
    assert_complete(tmp_path)
