"""The page that ``docs/own-page.md`` shows, served by another site than the gateway."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bench.drawn import note_peers
from bench.livekit import ROOT
from bench.system import running_system
from tests.e2e.test_page import PICTURE_WAITS

EXAMPLE = ROOT / "examples" / "own_page"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """Origin of a static server with the example and, as by npm, LiveKit's client."""
    (tmp_path / "index.html").symlink_to(EXAMPLE / "index.html")
    (tmp_path / "node_modules").symlink_to(ROOT / "frontend" / "node_modules")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def test_a_page_of_ones_own_shows_no_face_or_lets_the_lips_run_ahead(page: Page, site: str) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    note_peers(page)
    with running_system({"AUTH_ALLOWED_ORIGINS": site}) as system:
        page.goto(f"{site}/?visavis={system.gateway}")
        page.get_by_text("Talk", exact=True).click()
        expect(page.get_by_text("Interrupt")).to_be_visible(timeout=60_000)
        page.get_by_text("Interrupt").click()
        expect(page.get_by_text("Interrupt")).to_be_hidden(timeout=20_000)
        expect(page.locator("#said")).to_contain_text(re.compile(r"\w"))
        page.wait_for_function("() => document.querySelector('video').videoWidth > 0")
        assert any(page.evaluate(PICTURE_WAITS)), "the lips are ahead of the voice"
        page.goto("about:blank")  # the room is left before its server goes
    assert not errors, "an interrupt that fails is one, too"
